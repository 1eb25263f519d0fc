"""Early stopping by retrieval among validation images."""

import json
from copy import deepcopy

import numpy as np
import pytest
import torch

from rsir.core.errors import InputError
from rsir.metrics.scoring import score_rankings
from rsir.networks.processor import Processor
from rsir.training.finetuning import finetune
from rsir.training.labelings import Target, Task
from rsir.training.validation import retrieval_score

CPU = Processor(torch.device("cpu"))
TRAIN, VALIDATION = np.arange(40), np.arange(40, 60)
CLASSES = np.arange(60) % 3
LABELS = np.stack([CLASSES == 0, CLASSES > 0], axis=1)
TASK = Task("labels", [Target(["sea", "grass"], "sigmoid", LABELS.astype(np.float32))])


@pytest.mark.parametrize("metric", ["accuracy", "map_jaccard"])
def test_the_score_is_that_of_the_rankings(metric, monkeypatch):
    monkeypatch.setattr("rsir.training.validation.BLOCK", 7)
    rng = np.random.default_rng(0)
    vectors, labels = rng.normal(size=(20, 4)).astype(np.float32), rng.random((20, 5)) < 0.4
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -2)
    ranked = np.argsort(-similarity, axis=1)[:, :-1]
    own = np.arange(20)[:, None]
    expected = score_rankings(ranked, labels, labels, None, None, own, 6)[metric].mean()
    assert retrieval_score(vectors, labels, metric, 6) == pytest.approx(expected)


def train(small, source, patience, epochs=6, validation=VALIDATION, **more):
    stage = {"optimizer": "adamw", "learning_rate": 0.02, "weight_decay": 0.0}
    settings = {
        "batch_size": 8,
        "head": {"epochs": 1, **stage},
        "tail": {"epochs": epochs, **stage},
        "early_stopping": {"patience": patience, "metric": "accuracy", "cutoff": 5},
    }
    pooled = np.zeros((60, 6), np.float32)
    arguments = (TASK, small, pooled, source, TRAIN, validation, settings, 0, CPU)
    return finetune(*arguments, labels=LABELS, **more)


def test_a_training_ends_without_improvement_and_has_the_weights_of_the_best_epoch(small, source):
    states = []
    model, curve = train(
        small, source, 2, 30, save_state=lambda state: states.append(deepcopy(state))
    )
    scores = [row["validation_retrieval"] for row in curve if row["stage"] == "tail"]
    best = int(np.argmax(scores))
    assert len(scores) == best + 3 < 30
    assert np.isnan(curve[0]["validation_retrieval"])
    shorter, _ = train(small, source, 0, best + 1)
    for part in ("tail", "head"):
        for name, value in getattr(shorter, part).state_dict().items():
            assert value.equal(getattr(model, part).state_dict()[name])
    assert [state["last"] for state in states] == [False] * (len(states) - 1) + [True]
    for state in states[-3:]:  # resumed after any epoch, also the last
        again, whole = train(small, source, 2, 30, resume=state)
        assert json.dumps(whole) == json.dumps(curve)
        for name, value in model.tail.state_dict().items():
            assert value.equal(again.tail.state_dict()[name])


def test_early_stopping_without_validation_images_is_refused(small, source):
    with pytest.raises(InputError, match=r"early_stopping.patience: is 2, but .* 0 validation"):
        train(small, source, 2, validation=np.array([], dtype=int))
