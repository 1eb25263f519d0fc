"""Checkpoints as they are published, with prefixes and nested, and timm's conversions of them."""

import logging
from collections.abc import Callable

import pytest
import timm
import torch
from torch import Tensor, nn
from whole_networks import build, light_state

from rsir.core.errors import InputError
from rsir.networks.load import load_backbone
from rsir.networks.matching import matching_names, network_tensors
from rsir.networks.state_dict import StateDict, read_state_dict

PREFIXES = (
    "backbone.",
    "encoder.",
    "model.",
    "module.",
    "student.",
    "teacher.",
    "encoder_q.",
    "module.encoder_q.",
    "module.base_encoder.",
    "teacher.backbone.",
    "state_dict.module.backbone.",
    "_orig_mod.",
)


def matching_tensors(state: StateDict, network: nn.Module) -> StateDict:
    tensors = network_tensors(state, network)
    return {name: tensors[name] for name in matching_names(tensors, network.state_dict())}


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return build("timm", "test_resnet")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_prefix_is_removed_and_logged(network, caplog, prefix):
    caplog.set_level(logging.INFO)
    expected = network.state_dict()
    state = {prefix + name: tensor for name, tensor in expected.items()}
    state["projection.0.weight"] = torch.zeros(2, 2)
    matching = matching_tensors(state, network)
    assert matching.keys() == expected.keys()
    assert all(matching[name] is state[prefix + name] for name in expected)
    assert f"{len(expected)} tensors are taken from below {prefix!r}" in caplog.text


def test_names_without_a_prefix_are_kept_and_not_logged(network, caplog):
    caplog.set_level(logging.INFO)
    assert matching_tensors(network.state_dict(), network).keys() == network.state_dict().keys()
    assert not caplog.text


def as_two(first: str, second: str, network: nn.Module) -> StateDict:
    """Return a checkpoint of two networks, the tensors of the first of which are 1."""
    state = network.state_dict()
    ones = {first + name: torch.ones_like(tensor) for name, tensor in state.items()}
    return {**{second + name: tensor for name, tensor in state.items()}, **ones}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("teacher.backbone.", "student.module.backbone."),
        ("module.encoder_q.", "module.encoder_k."),
        ("module.base_encoder.", "module.momentum_encoder."),
        ("state_dict_ema.", "state_dict."),
        ("state_dict.", "optimizer."),
    ],
)
def test_of_two_networks_the_usual_one_is_taken(network, first, second):
    matching = matching_tensors(as_two(first, second, network), network)
    assert len(matching) == len(network.state_dict())
    assert all((tensor == 1).all() for tensor in matching.values())


def test_of_two_networks_that_nothing_tells_apart_neither_is_taken(network):
    with pytest.raises(InputError, match=r"below 'a\.' and 'b\.' fit equally; save those of one"):
        matching_tensors(as_two("b.", "a.", network), network)


def test_a_nested_checkpoint_with_other_contents_is_read(tmp_path, randomise):
    state, file = light_state(randomise), tmp_path / "checkpoint.pth"
    optimizer = {"state": {0: {"momentum": torch.zeros(3)}}, "param_groups": [{"lr": 0.1}]}
    teacher = {f"backbone.{name}": tensor for name, tensor in state.items()}
    torch.save({"epoch": 3, "teacher": teacher, "optimizer": optimizer}, file)
    read = read_state_dict(file)
    assert read.keys() == {f"teacher.backbone.{name}" for name in state}
    backbone = load_backbone(file, "torchvision", "shufflenet_v2_x0_5", str(file), "stage4")
    trunk = backbone.trunk.state_dict()
    assert all(torch.equal(trunk[name], state[name]) for name in trunk)


def without_head(state: StateDict) -> StateDict:
    return {name: tensor for name, tensor in state.items() if not name.startswith("head.")}


def as_dinov2(state: StateDict) -> StateDict:
    """Rename as the authors of DINOv2 do: with a mask token, and `gamma` as in timm."""
    return {**without_head(state), "mask_token": torch.zeros(1, state["cls_token"].shape[-1])}


@pytest.mark.parametrize("rename", [without_head, as_dinov2])
def test_position_embeddings_are_resampled_as_in_timm(rename: Callable[[StateDict], StateDict]):
    small = timm.create_model("test_vit", img_size=96)
    state = timm.create_model("test_vit", img_size=160).state_dict()
    matching = matching_tensors(rename(state), small)
    expected: Tensor = timm.layers.resample_abs_pos_embed(
        state["pos_embed"], new_size=small.patch_embed.grid_size, num_prefix_tokens=1
    )
    assert torch.equal(matching["pos_embed"], expected)
    assert matching.keys() == without_head(small.state_dict()).keys()
    assert all(
        torch.equal(tensor, state[name]) for name, tensor in matching.items() if name != "pos_embed"
    )


def test_patches_of_another_size_are_not_resampled():
    network = timm.create_model("test_vit", img_size=96)
    state = timm.create_model("test_vit", img_size=96, patch_size=8).state_dict()
    assert "patch_embed.proj.weight" not in matching_tensors(state, network)


@pytest.mark.parametrize(
    ("library", "network", "larger"),
    [
        ("timm", "resnet18", "resnet34"),
        ("timm", "convnext_atto", "convnext_atto"),
        ("torchvision", "resnet18", "resnet34"),
    ],
)
def test_a_larger_network_of_the_same_family_is_refused(tmp_path, library, network, larger):
    state, file = build(library, larger).state_dict(), tmp_path / "weights.pth"
    if network == larger:
        surplus = {
            n.replace("stages.3.blocks.1.", "stages.3.blocks.2."): t for n, t in state.items()
        }
        state = {**state, **surplus}
    torch.save(state, file)
    cut = {"convnext_atto": "stages.3"}.get(network, "layer4.1")
    with pytest.raises(InputError, match=f"is of a larger network than {network}, which has no"):
        load_backbone(file, library, network, str(file), cut)
