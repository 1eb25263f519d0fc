"""Labelings against hand-computed targets."""

import numpy as np
import pytest

from rsir.core.errors import InputError
from rsir.training.labelings import LABELINGS, labeling_tasks
from rsir.training.losses import UNSEEN

TRAIN = np.array([0, 1, 3])  # of the scenes port and farm; the label sets of these are below
SETS = ["sea+ship", "sea", "sea+ship", "grass", "grass", "grass", "none", "none", "grass"]
OPTIONS = {
    "joint": {"weights": {"scenes": 1, "labels": 1}},
    "similarity": {"dimension": 4, "weights": {"embedding": 1, "labels": 1, "scenes": 1}},
}


def only_target(kind, archive, train=TRAIN):
    (task,) = labeling_tasks(kind, archive, train)
    (target,) = task.targets
    return task.name, target


def test_single_label_is_a_softmax_over_the_scenes_of_the_training_images(archive):
    name, target = only_target("single_label", archive)
    assert (name, target.activation) == ("single_label", "softmax")
    assert target.names == ["farm", "port"]
    assert target.expected.tolist() == [1, 1, 1, 0, 0, 0, UNSEEN, UNSEEN, UNSEEN]
    assert target.expected.dtype == np.int64
    assert target.indicators()[[0, 3, 6]].tolist() == [[0, 1], [1, 0], [0, 0]]


def test_multi_label_is_a_sigmoid_per_label(archive):
    name, target = only_target("multi_label", archive)
    assert (name, target.activation) == ("multi_label", "sigmoid")
    assert target.names == ["sea", "ship", "grass", "lava"]
    assert target.expected[[0, 1, 3, 6]].tolist() == [
        [1, 1, 0, 0],
        [1, 0, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 0],
    ]
    assert target.expected.dtype == np.float32
    assert target.indicators().tolist() == target.expected.tolist()


def test_independent_is_a_network_per_label(archive):
    tasks = labeling_tasks("independent", archive, TRAIN)
    _, together = only_target("multi_label", archive)
    targets = [target for task in tasks for target in task.targets]
    assert [task.name for task in tasks] == together.names
    assert [target.names for target in targets] == [["sea"], ["ship"], ["grass"], ["lava"]]
    assert {target.activation for target in targets} == {"sigmoid"}
    np.testing.assert_array_equal(
        np.concatenate([target.expected for target in targets], axis=1), together.expected
    )


def test_powerset_is_a_softmax_over_the_label_sets_of_the_training_images(archive):
    name, target = only_target("powerset", archive)
    assert (name, target.activation) == ("powerset", "softmax")
    assert target.names == ["sea", "sea+ship", "grass"]
    assert target.expected.tolist() == [1, 0, 1, 2, 2, 2, UNSEEN, UNSEEN, 2]


def test_the_empty_set_is_a_label_set(archive):
    _, target = only_target("powerset", archive, np.arange(9))
    assert [target.names[value] for value in target.expected] == SETS


def test_label_sets_are_distinct_for_any_label_names(archive):
    renamed = archive.rename(columns={"grass": "sea+ship", "lava": "none"})
    one, same = (only_target("powerset", table, np.arange(9))[1] for table in (archive, renamed))
    np.testing.assert_array_equal(one.expected, same.expected)


@pytest.mark.parametrize("kind", LABELINGS)
def test_outputs_depend_on_the_training_images_only(archive, kind):
    changed = archive.copy()
    others = np.setdiff1d(np.arange(9), TRAIN)
    changed.loc[others, "scene"] = "lake"
    changed.loc[others, ["ship", "lava"]] = 1
    before, after = (
        [
            target
            for task in labeling_tasks(kind, table, TRAIN, **OPTIONS.get(kind, {}))
            for target in task.targets
        ]
        for table in (archive, changed)
    )
    assert [target.names for target in before] == [target.names for target in after]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one.expected[TRAIN], other.expected[TRAIN])


def test_joint_has_the_targets_of_scenes_and_labels_with_their_weights(archive):
    (task,) = labeling_tasks("joint", archive, TRAIN, weights={"scenes": 0.5, "labels": 2})
    _, scenes = only_target("single_label", archive)
    _, labels = only_target("multi_label", archive)
    assert [target.activation for target in task.targets] == ["softmax", "sigmoid"]
    assert [target.weight for target in task.targets] == [0.5, 2]
    for target, expected in zip(task.targets, (scenes, labels), strict=True):
        assert target.names == expected.names
        np.testing.assert_array_equal(target.expected, expected.expected)


def test_similarity_has_an_embedding_of_label_sets_beside_what_has_a_weight(archive):
    weights = {"embedding": 3, "labels": 1, "scenes": 0}
    (task,) = labeling_tasks("similarity", archive, TRAIN, dimension=5, weights=weights)
    labels, embedding = task.targets
    assert (labels.activation, embedding.activation) == ("sigmoid", "embedding")
    assert (labels.weight, embedding.weight, len(embedding.names)) == (1, 3, 5)
    np.testing.assert_array_equal(embedding.expected, labels.expected)
    assert embedding.indicators().shape == (9, 0)


def test_without_scenes_only_labelings_of_scenes_are_refused(archive):
    without = archive.assign(scene="")
    for kind in ("single_label", "joint", "similarity"):
        with pytest.raises(InputError, match=f"{kind}: the archive has no scene classes; add"):
            labeling_tasks(kind, without, TRAIN, **OPTIONS.get(kind, {}))
    for kind in ("multi_label", "independent", "powerset"):
        for one, other in zip(
            labeling_tasks(kind, without, TRAIN), labeling_tasks(kind, archive, TRAIN), strict=True
        ):
            np.testing.assert_array_equal(one.targets[0].expected, other.targets[0].expected)
