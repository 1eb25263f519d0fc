"""Files of fine-tuned models: damaged files and arbitrary metadata."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from damage import Damage, damaged, damages, jsons, texts
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import fx, nn

from rsir.networks.backbone import Backbone
from rsir.networks.pooling import Pooling
from rsir.networks.preprocessing import Preprocessing
from rsir.training.models import (
    ACTIVATIONS,
    Head,
    Outputs,
    TaskModel,
    load_models,
    read_metadata,
    save_models,
)

Attempt = Callable[..., Any]

PREPROCESSING = Preprocessing("squash", 4, 4, (0.5,), (0.5,), "bilinear")
FACTS = {"backbone": "vgg16", "seed": 3}


def tail() -> fx.GraphModule:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3))
        return fx.symbolic_trace(network)


def sizes(module: nn.Module) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in module.state_dict().items()}


TAIL = tail()
MEAN = Pooling("mean", (1, 3, 4, 4), 0)
BACKBONE = Backbone(TAIL, TAIL, MEAN, None, PREPROCESSING, ((2, 4, 4),), 3)
TASKS = [
    {"name": "scenes", "outputs": [{"names": ["port", "farm"], "activation": "softmax"}]},
    {"name": "sea", "outputs": [{"names": ["sea"], "activation": "sigmoid"}]},
]


@pytest.fixture(scope="module")
def models(folder: Path) -> Path:
    path = folder / "models.safetensors"
    task_models = [
        TaskModel(name, [Outputs(names, activation)], tail(), MEAN, Head(3, len(names)))
        for name, names, activation in (
            ("scenes", ["port", "farm"], "softmax"),
            ("sea", ["sea"], "sigmoid"),
        )
    ]
    save_models(path, task_models, FACTS)
    return path


def check_models(models: list[TaskModel]) -> None:
    for model in models:
        assert all(group.activation in ACTIVATIONS for group in model.outputs)
        assert sizes(model.tail) == sizes(TAIL)
        units = sum(len(group.names) for group in model.outputs)
        assert sizes(model.head) == sizes(Head(3, units))
        assert not any(part.training for part in (*model.tail.modules(), *model.head.modules()))
        described = model.describe(model.tail(torch.ones(1, 2, 4, 4)))
        assert described.pop("pool").shape == (1, 3)
        assert sum(values.shape[1] for values in described.values()) == units


def load(path: Path) -> list[TaskModel]:
    return list(load_models(path, BACKBONE))


@settings(deadline=None, max_examples=100, derandomize=True)
@given(damages)
def test_damaged_models_are_refused_or_fit_their_backbone(
    folder: Path, models: Path, attempt: Attempt, damage: Damage
) -> None:
    path = folder / "damaged.safetensors"
    path.write_bytes(damaged(models.read_bytes(), damage, b"\0" * 4096))
    check_models(attempt(f"{path}: ", load, path) or [])
    metadata = attempt(f"{path}: ", read_metadata, path)
    assert metadata is None or (isinstance(metadata, dict) and "tasks" not in metadata)


groups = st.fixed_dictionaries(
    {"names": st.just(["sea"]) | jsons},
    optional={"activation": st.sampled_from(list(ACTIVATIONS)) | jsons, "more": jsons},
)
tasks = st.fixed_dictionaries(
    {"name": texts | jsons, "outputs": st.lists(groups | jsons, max_size=2) | jsons},
    optional={"more": jsons},
)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(jsons | st.lists(tasks | jsons, max_size=2))
@example([{"name": "a", "outputs": [{"names": ["b", "c"], "activation": "softmaz"}]}, TASKS[1]])
@example([{"name": "a", "outputs": [{"names": ["b", "c"], "activation": []}]}, TASKS[1]])
@example([{"name": "a", "outputs": [{"names": "ab", "activation": "softmax"}]}, TASKS[1]])
def test_invalid_tasks_are_refused(
    folder: Path, models: Path, attempt: Attempt, content: object
) -> None:
    path = folder / "tasks.safetensors"
    save_file(load_file(models), path, {"tasks": json.dumps(content)})
    check_models(attempt(f"{path}: ", load, path) or [])
