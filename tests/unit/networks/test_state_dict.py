"""Weights files of all supported formats, and damaged, wrong or malicious ones."""

import os
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn
from whole_networks import light_state, load_light

from rsir.core.errors import InputError


def as_is(state: dict[str, Tensor]) -> dict[str, Any]:
    return state


def nested_under(key: str) -> Callable[[dict[str, Tensor]], dict[str, Any]]:
    return lambda state: {"epoch": 3, key: state}


def of_parallel_training(state: dict[str, Tensor]) -> dict[str, Any]:
    return {f"module.{name}": tensor for name, tensor in state.items()}


@pytest.mark.parametrize(
    ("name", "wrap"),
    [
        ("weights.pth", as_is),
        ("weights.pth", nested_under("state_dict")),
        ("weights.pt", nested_under("model")),
        ("weights.pt", nested_under("network_of_mine")),
        ("weights.pth", of_parallel_training),
        ("weights.safetensors", as_is),
        ("weights.safetensors", of_parallel_training),
    ],
)
def test_every_format_of_state_dict_is_loaded(tmp_path, randomise, name, wrap):
    state, file = light_state(randomise), tmp_path / name
    save = safetensors.torch.save_file if name.endswith(".safetensors") else torch.save
    save(wrap(state), file)
    backbone = load_light(file)
    parts = (backbone.trunk, backbone.tail, backbone.classifier)
    loaded = {key: value for part in parts for key, value in part.state_dict().items()}
    assert set(loaded) == set(state)
    assert all(torch.equal(loaded[key], state[key]) for key in state)


def test_files_in_the_oldest_format_of_torchvision_are_loaded(tmp_path, randomise):
    state, file = light_state(randomise), tmp_path / "weights.pth"
    parameters = {
        key: nn.Parameter(value) if value.is_floating_point() else value
        for key, value in state.items()
        if not key.endswith("num_batches_tracked")  # not in the oldest files
    }
    torch.save(OrderedDict(parameters), file, _use_new_zipfile_serialization=False)
    backbone = load_light(file)
    loaded = {**backbone.trunk.state_dict(), **backbone.tail.state_dict()}
    assert backbone.classifier is not None
    assert all(torch.equal(loaded[key], state[key]) for key in parameters if key in loaded)


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path, randomise, name, share):
    file = tmp_path / name
    save = safetensors.torch.save_file if name.endswith(".safetensors") else torch.save
    save(light_state(randomise), file)
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=rf"{name}: not a readable file of tensors"):
        load_light(file)


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
def test_a_file_of_something_else_is_refused(tmp_path, name):
    file = tmp_path / name
    for content in (
        b"<html>404 Not Found</html>\n",
        bytes(range(256)),
        b"PK\x03\x04",
        b"\x80\x02.",
    ):
        file.write_bytes(content)
        with pytest.raises(InputError, match=rf"{name}: not a readable file of tensors"):
            load_light(file)


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, {1: torch.zeros(1)}, torch.zeros(3)])
def test_a_file_without_named_tensors_is_refused(tmp_path, content):
    file = tmp_path / "weights.pth"
    torch.save(content, file)
    with pytest.raises(InputError, match=r"weights\.pth: not a state dict"):
        load_light(file)


class Trap:
    """Creates a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_pickle_is_not_executed(tmp_path, zipped):
    file, folder = tmp_path / "weights.pth", tmp_path / "trap"
    torch.save({"conv1.0.weight": Trap(folder)}, file, _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match=r"weights\.pth: not a readable file of tensors"):
        load_light(file)
    assert not folder.exists()
    torch.load(file, weights_only=False)  # an unsafe load does execute it
    assert folder.exists()
