"""Labelings against hand-computed targets."""

import numpy as np
import pytest

from rsir.core.errors import InputError
from rsir.training.labelings import LABELINGS, UNSEEN, labeling_tasks

TRAIN = np.array([0, 1, 3])  # of the scenes port and farm; the label sets of these are below
SETS = ["sea+ship", "sea", "sea+ship", "grass", "grass", "grass", "none", "none", "grass"]


def test_single_label_is_a_softmax_over_the_scenes_of_the_training_images(archive):
    (task,) = labeling_tasks("single_label", archive, TRAIN)
    assert (task.name, task.activation) == ("single_label", "softmax")
    assert task.outputs == ["farm", "port"]
    assert task.targets.tolist() == [1, 1, 1, 0, 0, 0, UNSEEN, UNSEEN, UNSEEN]
    assert task.targets.dtype == np.int64
    assert task.indicators()[[0, 3, 6]].tolist() == [[0, 1], [1, 0], [0, 0]]


def test_multi_label_is_a_sigmoid_per_label(archive):
    (task,) = labeling_tasks("multi_label", archive, TRAIN)
    assert (task.name, task.activation) == ("multi_label", "sigmoid")
    assert task.outputs == ["sea", "ship", "grass", "lava"]
    assert task.targets[[0, 1, 3, 6]].tolist() == [
        [1, 1, 0, 0],
        [1, 0, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 0],
    ]
    assert task.targets.dtype == np.float32
    assert task.indicators().tolist() == task.targets.tolist()


def test_independent_is_a_network_per_label(archive):
    tasks = labeling_tasks("independent", archive, TRAIN)
    (together,) = labeling_tasks("multi_label", archive, TRAIN)
    assert [task.name for task in tasks] == together.outputs
    assert [task.outputs for task in tasks] == [["sea"], ["ship"], ["grass"], ["lava"]]
    assert {task.activation for task in tasks} == {"sigmoid"}
    np.testing.assert_array_equal(
        np.concatenate([task.targets for task in tasks], axis=1), together.targets
    )


def test_powerset_is_a_softmax_over_the_label_sets_of_the_training_images(archive):
    (task,) = labeling_tasks("powerset", archive, TRAIN)
    assert (task.name, task.activation) == ("powerset", "softmax")
    assert task.outputs == ["sea", "sea+ship", "grass"]
    assert task.targets.tolist() == [1, 0, 1, 2, 2, 2, UNSEEN, UNSEEN, 2]


def test_the_empty_set_is_a_label_set(archive):
    (task,) = labeling_tasks("powerset", archive, np.arange(9))
    assert [task.outputs[target] for target in task.targets] == SETS


def test_label_sets_are_distinct_for_any_label_names(archive):
    renamed = archive.rename(columns={"grass": "sea+ship", "lava": "none"})
    (task,), (same,) = (
        labeling_tasks("powerset", table, np.arange(9)) for table in (archive, renamed)
    )
    np.testing.assert_array_equal(task.targets, same.targets)


@pytest.mark.parametrize("kind", LABELINGS)
def test_outputs_depend_on_the_training_images_only(archive, kind):
    changed = archive.copy()
    others = np.setdiff1d(np.arange(9), TRAIN)
    changed.loc[others, "scene"] = "lake"
    changed.loc[others, ["ship", "lava"]] = 1
    before, after = (labeling_tasks(kind, table, TRAIN) for table in (archive, changed))
    assert [task.outputs for task in before] == [task.outputs for task in after]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one.targets[TRAIN], other.targets[TRAIN])


def test_without_scenes_only_single_label_is_refused(archive):
    without = archive.assign(scene="")
    with pytest.raises(InputError, match="single_label: the archive has no scene classes; add"):
        labeling_tasks("single_label", without, TRAIN)
    for kind in ("multi_label", "independent", "powerset"):
        for one, other in zip(
            labeling_tasks(kind, without, TRAIN), labeling_tasks(kind, archive, TRAIN), strict=True
        ):
            np.testing.assert_array_equal(one.targets, other.targets)
