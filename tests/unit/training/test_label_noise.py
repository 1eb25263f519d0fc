"""Wrong labels of training images."""

import numpy as np
import pandas as pd
import pytest

from rsir.archives.archive_table import label_matrix
from rsir.training.label_noise import KINDS, noisy_labels, with_noise
from rsir.training.labelings import labeling_tasks

LABELS = np.random.default_rng(0).random((4000, 10)) < 0.2


@pytest.mark.parametrize("kind", KINDS)
def test_the_rate_is_the_share_of_labels_that_are_wrong(kind):
    noisy = noisy_labels(LABELS, 0.1, kind, seed=3)
    missing, extra = (LABELS & ~noisy).sum(), (~LABELS & noisy).sum()
    tolerance = 4 * np.sqrt(0.1 / LABELS.sum())
    assert missing / LABELS.sum() == pytest.approx(0 if kind == "extra" else 0.1, abs=tolerance)
    assert extra / LABELS.sum() == pytest.approx(0 if kind == "missing" else 0.1, abs=tolerance)


@pytest.mark.parametrize("kind", KINDS)
def test_noise_is_none_at_rate_0_and_the_same_for_a_seed(kind):
    assert (noisy_labels(LABELS, 0, kind, 0) == LABELS).all()
    first = noisy_labels(LABELS, 0.3, kind, 1)
    assert (first == noisy_labels(LABELS, 0.3, kind, 1)).all()
    assert (first != noisy_labels(LABELS, 0.3, kind, 2)).any()


def test_more_noise_keeps_what_was_wrong_with_less():
    for kind in KINDS:
        wrong = [noisy_labels(LABELS, rate, kind, 0) != LABELS for rate in (0.1, 0.2, 0.4)]
        assert not (wrong[0] & ~wrong[1]).any()
        assert not (wrong[1] & ~wrong[2]).any()


def test_only_training_images_have_wrong_labels_and_the_targets_are_theirs():
    columns = {"image": [f"i{number}" for number in range(400)], "path": "", "scene": "port"}
    archive = pd.DataFrame(columns | {"width": 1, "height": 1, "sha256": "0"})
    names = [f"label{number}" for number in range(10)]
    archive = archive.join(pd.DataFrame(LABELS[:400].astype(int), columns=names))
    train = np.arange(0, 400, 2)
    noisy = with_noise(archive, train, 0.5, "missing", 0)
    changed = (label_matrix(noisy) != LABELS[:400]).any(axis=1)
    assert changed[train].any()
    assert not changed[1::2].any()
    (clean,) = labeling_tasks("multi_label", archive, train)
    (task,) = labeling_tasks("multi_label", archive, train, noise={"rate": 0.5, "kind": "missing"})
    for one, table in ((clean, archive), (task, noisy)):
        (target,) = one.targets
        assert (target.expected == label_matrix(table)).all()
