"""Files of fine-tuned models: round trips and damaged files."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from rsir.core.errors import InputError
from rsir.training.models import (
    Head,
    Outputs,
    TaskModel,
    activate,
    load_models,
    output_groups,
    read_metadata,
    read_outputs,
    save_models,
)

FACTS = {"backbone": "vgg16", "seed": 3, "settings": {"tail": {"epochs": 2}}}


@pytest.fixture
def models(small, randomise):
    """Two tasks, each with its own tail and head."""
    task_models = []
    for name, outputs, activation in (
        ("scenes", ["port", "farm", "city"], "softmax"),
        ("sea", ["sea"], "sigmoid"),
    ):
        tail, head = deepcopy(small.tail), Head(6, len(outputs))
        for parameter in tail.parameters():
            nn.init.normal_(parameter)
        parts = (randomise(tail).eval(), small.pooling, head.eval())
        task_models.append(TaskModel(name, [Outputs(outputs, activation)], *parts))
    return task_models


@pytest.fixture
def path(tmp_path, models):
    path = tmp_path / "model.safetensors"
    save_models(path, models, FACTS)
    return path


def test_the_head_is_batch_norm_then_dense():
    head = Head(2, 3).eval()
    head.norm.running_mean.copy_(torch.tensor([1.0, 0.0]))
    head.norm.running_var.copy_(torch.tensor([4.0, 1.0]))
    nn.init.constant_(head.dense.weight, 1)
    nn.init.zeros_(head.dense.bias)
    assert head(torch.tensor([[5.0, 3.0]])).tolist() == [pytest.approx([5, 5, 5], abs=1e-4)]


def test_outputs_are_in_0_to_1():
    logits = torch.tensor([[0.0, 0.0], [0.0, 200.0]])
    assert activate(logits, "softmax").tolist() == [[0.5, 0.5], [0, 1]]
    assert activate(logits, "sigmoid").tolist() == [[0.5, 0.5], [0.5, 1]]


def test_saved_models_are_loaded_unchanged(small, models, path):
    activations = torch.randn(2, 4, 8, 8)
    loaded = list(load_models(path, small))
    assert [(model.name, model.outputs) for model in loaded] == [
        ("scenes", [Outputs(["port", "farm", "city"], "softmax")]),
        ("sea", [Outputs(["sea"], "sigmoid")]),
    ]
    assert read_outputs(path) == output_groups(loaded)
    for one, other in zip(models, loaded, strict=True):
        assert not any(m.training for m in [*other.tail.modules(), *other.head.modules()])
        with torch.inference_mode():
            saved = one.describe(one.tail(activations))
            again = other.describe(other.tail(activations))
            assert saved.keys() == again.keys()
            assert all(torch.equal(saved[name], again[name]) for name in saved)


def test_describe_returns_pooled_features_and_activated_outputs(models):
    feature_map = torch.randn(2, 6, 8, 8)
    for model in models:
        with torch.inference_mode():
            described = model.describe(feature_map)
            pooled, (outputs,) = feature_map.mean((2, 3)), model.outputs
            assert torch.equal(described["pool"], pooled)
            expected = activate(model.head(pooled), outputs.activation)
            assert torch.equal(described["output"], expected)


def test_several_outputs_of_a_head_are_activated_each_and_an_embedding_stands_apart(small):
    outputs = [
        Outputs(["port", "farm"], "softmax"),
        Outputs(["sea"], "sigmoid"),
        Outputs(["dimension 1", "dimension 2"], "embedding"),
    ]
    model = TaskModel("all", outputs, small.tail, small.pooling, Head(6, 5).eval())
    feature_map = torch.randn(2, 6, 8, 8)
    with torch.inference_mode():
        described = model.describe(feature_map)
        logits = model.head(feature_map.mean((2, 3)))
    probabilities = torch.cat([logits[:, :2].softmax(1), logits[:, 2:3].sigmoid()], 1)
    torch.testing.assert_close(described["output"], probabilities)
    unit = logits[:, 3:] / logits[:, 3:].norm(dim=1, keepdim=True)
    torch.testing.assert_close(described["embedding"], unit)
    assert output_groups([model]) == outputs[:2]


def test_loading_does_not_modify_the_backbone(small, path):
    before = {name: value.clone() for name, value in small.tail.state_dict().items()}
    list(load_models(path, small))
    after = small.tail.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_metadata_is_read(path):
    metadata = read_metadata(path)
    assert all(metadata.pop(name) for name in ("created", "code", "device"))
    assert metadata == FACTS


def test_the_file_names_every_tensor_by_task_and_part(path, small):
    names = {f"tail.{name}" for name in small.tail.state_dict()}
    names |= {f"head.{name}" for name in Head(6, 1).state_dict()}
    assert set(load_file(path)) == {f"{task}.{name}" for task in (0, 1) for name in names}


def test_a_file_of_another_backbone_is_refused(small, path):
    other = nn.Sequential(nn.Conv2d(4, 6, 1))
    for backbone in (replace(small, tail=other), replace(small, dimension=7)):
        with pytest.raises(InputError, match=r"model\.safetensors: is damaged or of another"):
            list(load_models(path, backbone))


def test_a_damaged_file_is_refused(small, path):
    content = path.read_bytes()
    for damaged in (b"", content[:100], content[:-1], b"no tensors"):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"model\.safetensors: is damaged"):
            list(load_models(path, small))
        with pytest.raises(InputError, match=r"model\.safetensors: is damaged"):
            read_metadata(path)


@pytest.mark.parametrize("metadata", [None, {"tasks": "no JSON"}])
def test_a_safetensors_file_without_models_is_refused(small, path, metadata):
    save_file({"weight": torch.zeros(1)}, path, metadata)
    with pytest.raises(InputError, match=r"model\.safetensors: is damaged"):
        list(load_models(path, small))
