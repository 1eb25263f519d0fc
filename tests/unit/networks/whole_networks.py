"""Whole networks of torchvision and timm, and backbones cut from them, to compare."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import timm
import torch
import torchvision
from torch import Tensor, nn

from rsir.networks.backbone import Backbone
from rsir.networks.load import load_backbone

LIGHT = ("torchvision", "shufflenet_v2_x0_5")

LIGHT_CUT = "stage4"


def build(library: str, network: str, **arguments: Any) -> nn.Module:
    """Build a network with random weights other than those of `load_backbone`'s seed 0."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        if library == "timm":
            return timm.create_model(network, **arguments).eval()
        return torchvision.models.get_model(network, weights=None, **arguments).eval()


def light_state(randomise: Callable[[nn.Module], nn.Module]) -> dict[str, Tensor]:
    return randomise(build(*LIGHT)).state_dict()


def random_images(backbone: Backbone, count: int = 2) -> Tensor:
    size = backbone.preprocessing.size
    generator = torch.Generator().manual_seed(2)
    pixels = torch.randint(0, 256, (count, size, size, 3), dtype=torch.uint8, generator=generator)
    return backbone.preprocessing.normalise(pixels)


@torch.inference_mode()
def outputs_of(backbone: Backbone, images: Tensor) -> tuple[Tensor, Tensor]:
    assert backbone.classifier is not None
    feature_map = backbone.tail(backbone.trunk(images))
    return feature_map, backbone.classifier(feature_map)


@torch.inference_mode()
def outputs_of_whole(network: nn.Module, module: str, images: Tensor) -> tuple[Tensor, Tensor]:
    outputs: list[Tensor] = []
    hook = network.get_submodule(module).register_forward_hook(
        lambda _module, _inputs, output: outputs.append(output.clone())
    )
    logits = network(images)
    hook.remove()
    return outputs[0], logits


def assert_same(actual: Tensor, expected: Tensor) -> None:
    """Check that two rows are equal up to rounding, and that they differ from each other."""
    scale = expected.abs().max().item()
    assert (expected[0] - expected[1]).abs().max().item() > 1e-3 * scale
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-5 * scale)


def parameters(module: nn.Module) -> set[str]:
    return {name for name, _ in module.named_parameters()}


def load_light(file: Path) -> Backbone:
    return load_backbone(file, *LIGHT, str(file), LIGHT_CUT)
