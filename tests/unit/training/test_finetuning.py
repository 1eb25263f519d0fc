"""Fine-tuning of a small tail on noise in which the classes are separable."""

import json
import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score
from torch import fx, nn

from rsir.core.errors import InputError
from rsir.descriptors.activations import StoredActivations as Source
from rsir.descriptors.activations import open_source
from rsir.networks.backbone import Backbone
from rsir.networks.processor import Processor
from rsir.training.finetuning import CURVE, finetune
from rsir.training.labelings import Target, Task, labeling_tasks
from rsir.training.models import TaskModel
from rsir.training.resumption import Resumption

CPU = Processor(torch.device("cpu"))
TRAIN, VALIDATION = np.arange(0, 40), np.arange(40, 60)
CLASSES = np.arange(60) % 3
SETS = np.stack([CLASSES == 0, CLASSES > 0], axis=1).astype(np.float32)
SCENES = Task("scenes", [Target(["port", "farm", "city"], "softmax", CLASSES.astype(np.int64))])
LABELS = Task("labels", [Target(["sea", "grass"], "sigmoid", SETS)])


def stage(epochs: int, **changes: Any) -> dict[str, Any]:
    default = {"optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.0}
    return {"epochs": epochs, **default, **changes}


def settings(head: Mapping[str, Any], tail: Mapping[str, Any]) -> dict[str, Any]:
    return {"batch_size": 8, "head": head, "tail": tail}


def features_of(backbone: Backbone | TaskModel, source: Source, rows: np.ndarray) -> torch.Tensor:
    (activations,) = source.batches([rows])
    with torch.inference_mode():
        features: torch.Tensor = backbone.tail(*CPU.place_activations(activations))
    return features


def pooled_by(backbone: Backbone, source: Source) -> np.ndarray:
    means: np.ndarray = features_of(backbone, source, np.arange(60)).mean((2, 3)).numpy()
    return means


def train(small, source, task, options, seed=0, validation=VALIDATION):
    pooled = pooled_by(small, source)
    return finetune(task, small, pooled, source, TRAIN, validation, options, seed, CPU)


@pytest.fixture
def without_weights(small) -> Backbone:
    """A backbone whose tail has no weights, so that it is the same in both stages."""
    tail = fx.symbolic_trace(nn.Sequential(nn.AvgPool2d(2), nn.Hardswish()))
    return replace(small, tail=tail, dimension=4)


def state(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


def changed(before: dict[str, torch.Tensor], after: nn.Module) -> set[str]:
    return {name for name, value in after.state_dict().items() if not value.equal(before[name])}


def same(one: nn.Module, other: nn.Module) -> bool:
    return not changed(state(one), other)


@pytest.mark.parametrize("task", [SCENES, LABELS])
def test_separable_classes_are_learnt(small, source, task):
    model, curve = train(small, source, task, settings(stage(10), stage(10)))
    assert curve[-1]["validation_map"] > 0.98
    assert curve[-1]["train_loss"] < curve[0]["train_loss"] / 2
    with torch.inference_mode():
        output = model.describe(features_of(model, source, VALIDATION))["output"]
    (target,), (outputs,) = task.targets, model.outputs
    expected = target.indicators()[VALIDATION]
    assert ((output > 0.5).numpy() == expected).mean() > 0.9
    assert model.name == task.name
    assert (outputs.names, outputs.activation) == (target.names, target.activation)


@pytest.mark.parametrize("task", [SCENES, LABELS])
def test_reduced_precision_learns_the_same(small, source, task):
    options = settings(stage(2), stage(4, learning_rate=0.003))
    half = Processor(torch.device("cpu"), torch.bfloat16, torch.bfloat16)
    pooled, rows = pooled_by(small, source), (TRAIN, VALIDATION)
    curves = [
        finetune(task, small, pooled, source, *rows, options, 0, processor)[1]
        for processor in (CPU, half)
    ]
    losses, reduced = ([row["train_loss"] for row in curve] for curve in curves)
    assert losses[2:] != reduced[2:]
    np.testing.assert_allclose(reduced, losses, rtol=0.03)


def test_the_curve_has_a_row_per_epoch(small, source):
    _, curve = train(small, source, SCENES, settings(stage(2), stage(3)))
    assert [(row["stage"], row["epoch"]) for row in curve] == [
        ("head", 1),
        ("head", 2),
        ("tail", 1),
        ("tail", 2),
        ("tail", 3),
    ]
    assert {row["task"] for row in curve} == {"scenes"}
    assert all(list(row) == CURVE for row in curve)


def test_the_head_stage_does_not_change_the_tail(small, source):
    before = state(small.tail)
    model, _ = train(small, source, SCENES, settings(stage(2), stage(0)))
    assert not changed(before, model.tail)


def test_the_tail_stage_trains_tail_and_head_but_not_the_statistics_of_the_tail(small, source):
    options = settings(stage(0), stage(2))
    untrained, _ = train(small, source, SCENES, settings(stage(0), stage(0)))
    model, _ = train(small, source, SCENES, options)
    assert changed(state(untrained.tail), model.tail) == {
        name for name, _ in model.tail.named_parameters()
    }
    assert changed(state(untrained.head), model.head) == set(model.head.state_dict())


def test_the_backbone_is_not_modified(small, archive, archive_images):
    before = {part: state(getattr(small, part)) for part in ("trunk", "tail", "classifier")}
    (task,) = labeling_tasks("multi_label", archive, np.arange(6))
    with open_source(None, archive, archive_images, small, 0, CPU) as source:
        pooled = np.zeros((9, 6), dtype=np.float32)
        options = settings(stage(1), stage(2))
        rows = np.arange(6), np.arange(6, 9)
        model, _ = finetune(task, small, pooled, source, *rows, options, 0, CPU)
    assert changed(before["tail"], model.tail)
    for part, values in before.items():
        assert not changed(values, getattr(small, part))
        assert not any(module.training for module in getattr(small, part).modules())


@pytest.mark.parametrize("epochs", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_the_model_is_in_evaluation_mode(small, source, epochs):
    model, curve = train(small, source, SCENES, settings(*map(stage, epochs)))
    assert len(curve) == sum(epochs)
    for part in (model.tail, model.head):
        assert not any(module.training for module in part.modules())


def test_the_weights_depend_on_the_seed_only(small, source):
    options = settings(stage(1), stage(1))
    before = torch.get_rng_state()
    (one, curve), (again, same_curve), (other, _) = (
        train(small, source, SCENES, options, seed) for seed in (3, 3, 4)
    )
    assert same(one.head, again.head)
    assert same(one.tail, again.tail)
    assert curve == same_curve
    assert not same(one.head, other.head)
    assert not same(one.tail, other.tail)
    assert torch.equal(torch.get_rng_state(), before)


def test_independent_networks_do_not_influence_one_another(small, source):
    options = settings(stage(1), stage(1))
    sea, grass = (
        Task(name, [Target([name], "sigmoid", SETS[:, [column]])])
        for column, name in enumerate(LABELS.targets[0].names)
    )
    first, _ = train(small, source, grass, options)
    train(small, source, sea, options)
    after, _ = train(small, source, grass, options)
    assert same(first.tail, after.tail)
    assert same(first.head, after.head)


def test_tasks_start_from_different_weights(small, source):
    nothing = settings(stage(0), stage(0))
    (one, _), (other, _) = (
        train(small, source, Task(name, [Target([name], "sigmoid", SETS[:, [0]])]), nothing)
        for name in ("sea", "ship")
    )
    assert not same(one.head, other.head)


@pytest.mark.parametrize("task", [SCENES, LABELS])
def test_training_on_pooled_features_equals_training_through_the_tail(
    without_weights, source, task
):
    (from_features, one), (through_tail, other) = (
        train(without_weights, source, task, settings(*stages))
        for stages in ((stage(3), stage(0)), (stage(0), stage(3)))
    )
    for name, value in from_features.head.state_dict().items():
        torch.testing.assert_close(value, through_tail.head.state_dict()[name])
    for column in ("train_loss", "validation_loss", "validation_map"):
        assert [row[column] for row in one] == pytest.approx([row[column] for row in other])


def test_the_head_learns_from_the_pooled_features(small, source):
    # Pooled features that separate the classes; the source is not used.
    pooled = np.eye(6, dtype=np.float32)[CLASSES]
    options = settings(stage(20), stage(0))
    _, curve = finetune(SCENES, small, pooled, source, TRAIN, VALIDATION, options, 0, CPU)
    assert curve[-1]["validation_map"] == 1


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop"])
def test_momentum_has_an_effect(small, source, optimizer):
    heads = []
    for momentum in (0.0, 0.9):
        head = stage(5, optimizer=optimizer, momentum=momentum)
        model, curve = train(small, source, SCENES, settings(head, stage(0)))
        assert curve[-1]["train_loss"] < curve[0]["train_loss"]
        heads.append(model.head)
    assert not same(*heads)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "rmsprop"])
def test_a_step_agrees_with_torch(without_weights, source, optimizer):
    # One batch of all images; the expected step is computed with torch from the same weights.
    options = {"learning_rate": 0.1, "weight_decay": 0.01, "optimizer": optimizer, "momentum": 0.5}
    initial, _ = train(without_weights, source, SCENES, settings(stage(0), stage(0)))
    head = deepcopy(initial.head).train()
    optimizers: dict[str, torch.optim.Optimizer] = {
        "adamw": torch.optim.AdamW(head.parameters(), 0.1, weight_decay=0.01),
        "sgd": torch.optim.SGD(head.parameters(), 0.1, momentum=0.5, weight_decay=0.01),
        "rmsprop": torch.optim.RMSprop(head.parameters(), 0.1, momentum=0.5, weight_decay=0.01),
    }
    logits = head(torch.from_numpy(pooled_by(without_weights, source)[TRAIN]))
    loss = nn.functional.cross_entropy(logits, torch.from_numpy(CLASSES[TRAIN]))
    loss.backward()
    optimizers[optimizer].step()
    one_step = {**settings({"epochs": 1, **options}, stage(0)), "batch_size": 40}
    model, curve = train(without_weights, source, SCENES, one_step)
    assert curve[0]["train_loss"] == pytest.approx(loss.item(), rel=1e-5)
    for name, value in model.head.state_dict().items():
        torch.testing.assert_close(value, head.state_dict()[name], rtol=1e-4, atol=1e-5)


def test_validation_uses_the_validation_images(small, source):
    model, curve = train(small, source, SCENES, settings(stage(1), stage(1)))
    with torch.inference_mode():
        logits = model.head(features_of(model, source, VALIDATION).mean((2, 3)))
    loss = nn.functional.cross_entropy(logits, torch.from_numpy(CLASSES[VALIDATION]))
    assert curve[-1]["validation_loss"] == pytest.approx(loss.item(), rel=1e-5)
    expected = average_precision_score(
        SCENES.targets[0].indicators()[VALIDATION], logits.softmax(1).numpy()
    )
    assert curve[-1]["validation_map"] == pytest.approx(expected)


def test_validation_does_not_change_the_model(small, source):
    options = settings(stage(1), stage(1))
    with_validation, _ = train(small, source, SCENES, options)
    without, curve = train(small, source, SCENES, options, validation=np.array([], dtype=int))
    assert same(with_validation.tail, without.tail)
    assert same(with_validation.head, without.head)
    for row in curve:
        assert math.isnan(row["validation_loss"])
        assert math.isnan(row["validation_map"])


@pytest.mark.parametrize("failing", ["head", "tail"])
def test_a_loss_that_is_not_finite_is_refused(small, source, failing):
    unstable = stage(3, optimizer="sgd", momentum=0.9, learning_rate=1e38)
    options = settings(stage(0), stage(0)) | {failing: unstable}
    message = rf"scenes: the loss is not finite in epoch \d of stage {failing}; lower finetuning"
    with pytest.raises(InputError, match=message):
        train(small, source, SCENES, options)


@pytest.mark.parametrize("epochs", [(2, 0), (0, 3), (2, 3)])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_training_resumed_after_any_epoch_gives_the_same_model(
    small, source, tmp_path, epochs, optimizer
):
    changes = {
        "sgd": {"optimizer": "sgd", "momentum": 0.9},
        "adamw": {"schedule": "cosine", "warmup": 0.5},
    }[optimizer]
    options = settings(*(stage(number, **changes) for number in epochs))
    pooled = pooled_by(small, source)
    arguments = (SCENES, small, pooled, source, TRAIN, VALIDATION, options, 0, CPU)
    states = []
    model, curve = finetune(*arguments, save_state=lambda state: states.append(deepcopy(state)))
    assert [(state["stage"], state["epoch"]) for state in states] == [
        (row["stage"], row["epoch"]) for row in curve
    ]
    assert [state["last"] for state in states] == [False] * (len(states) - 1) + [True]
    for number, state in enumerate(states):
        resumption = Resumption(tmp_path / str(number))
        assert resumption.read("scenes") is None
        resumption.write("scenes", state)
        assert resumption.read("sea") is None
        again, whole = finetune(*arguments, resume=resumption.read("scenes"))
        assert json.dumps(whole) == json.dumps(curve)  # NaN is equal to NaN
        assert not changed(model.tail.state_dict(), again.tail)
        assert not changed(model.head.state_dict(), again.head)


@pytest.mark.parametrize("images", [0, 1])
def test_fewer_than_two_training_images_are_refused(small, source, images):
    with pytest.raises(InputError, match=f"scenes: {images} training images"):
        finetune(
            SCENES,
            small,
            pooled_by(small, source),
            source,
            TRAIN[:images],
            VALIDATION,
            settings(stage(1), stage(1)),
            0,
            CPU,
        )
