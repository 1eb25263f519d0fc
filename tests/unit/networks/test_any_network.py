"""Networks of many architectures cut at the module that is found, against the whole networks."""

from typing import Any

import pytest
import timm
import torch
from torch import nn
from whole_networks import build

from rsir.core.errors import InputError
from rsir.networks.backbone import Activations, Backbone, classified, pooled
from rsir.networks.cut import EMBEDDING_WIDTH, cut_network
from rsir.networks.load import load_backbone
from rsir.networks.preprocessing import Preprocessing

DINO = {"img_size": 56, "num_classes": 9, "init_values": 1.0}

# library, network, arguments of its builder, size of its images, the cut that is found,
# shapes of what crosses it
NETWORKS: list[tuple[str, str, dict[str, Any], int, str, list[tuple[int, ...]]]] = [
    ("timm", "vit_tiny_patch16_224", {"img_size": 64}, 64, "blocks.10", [(17, 192)]),
    ("timm", "deit_tiny_distilled_patch16_224", {"img_size": 64}, 64, "blocks.10", [(18, 192)]),
    (
        "timm",
        "vit_small_patch14_dinov2",
        DINO,
        56,
        "blocks.10",
        [(17, 384)],
    ),
    ("timm", "swin_tiny_patch4_window7_224", {"img_size": 64}, 64, "layers.3", [(4, 4, 384)]),
    ("timm", "beit_base_patch16_224", {"img_size": 32, "depth": 6}, 32, "blocks.5", [(5, 768)]),
    ("timm", "convnext_atto", {}, 64, "stages.3", [(160, 4, 4)]),
    ("timm", "efficientvit_b0", {}, 64, "stages.3", [(64, 4, 4)]),
    ("timm", "convit_tiny", {"img_size": 64}, 64, "blocks.10", [(17, 192)]),
    ("timm", "crossvit_tiny_240", {}, 240, "blocks.2", [(401, 96), (197, 192)]),
    ("timm", "mvitv2_tiny", {"img_size": 64}, 64, "stages.3", [(16, 384)]),
    ("torchvision", "swin_t", {}, 64, "features.7", [(2, 2, 768)]),
    ("torchvision", "resnet18", {}, 64, "layer4", [(256, 4, 4)]),
    ("torchvision", "squeezenet1_1", {}, 64, "features.9", [(256, 3, 3)]),
]


def cut(network: nn.Module, size: int, **arguments: Any) -> Backbone:
    preprocessing = Preprocessing("squash", size, size, (0.5,) * 3, (0.5,) * 3, "bilinear")
    return cut_network(network, arguments.pop("cut", None), preprocessing, **arguments)


def assert_equal(actual: torch.Tensor, expected: torch.Tensor) -> None:
    scale = expected.abs().max().item()
    assert (expected[0] - expected[1]).abs().max().item() > 1e-3 * scale
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize(
    ("library", "name", "arguments", "size", "found", "crossing"),
    NETWORKS,
    ids=[name for _, name, *_ in NETWORKS],
)
def test_the_parts_of_any_network_compute_what_it_computes(
    randomise, library, name, arguments, size, found, crossing
):
    whole = randomise(build(library, name, **arguments))
    backbone = cut(whole, size)
    assert (backbone.cut, list(backbone.activation_shapes)) == (found, crossing)
    images = torch.randn(3, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        features = backbone.tail(*Activations.of(backbone.trunk(images)))
        assert backbone.classifier is not None
        assert_equal(classified(backbone.classifier, features), whole(images))
        vectors = pooled(backbone.pooling, features)
        assert vectors.shape == (3, backbone.dimension)
        if library == "timm":
            assert isinstance(whole.forward_head, object)
            expected = whole.forward_head(whole.forward_features(images), pre_logits=True)
            assert_equal(vectors, expected)


def test_parameters_keep_their_names_and_constants_are_none():
    whole = build("timm", "swin_tiny_patch4_window7_224", img_size=64)
    backbone = cut(whole, 64)
    parts = (backbone.trunk, backbone.tail, backbone.pooling, backbone.classifier)
    names = [set(part.state_dict()) for part in parts if part is not None]
    assert set().union(*names) == set(whole.state_dict())
    assert sum(map(len, names)) == len(whole.state_dict())


def test_a_network_with_constants_is_loaded_from_a_file(tmp_path):
    whole = build("timm", "csatv2")
    file = tmp_path / "weights.pth"
    torch.save(whole.state_dict(), file)
    backbone = load_backbone(file, "timm", "csatv2", str(file))
    for name, tensor in backbone.trunk.state_dict().items():
        assert torch.equal(tensor, whole.state_dict()[name])


@pytest.fixture(scope="module")
def vit() -> nn.Module:
    return build("timm", "vit_tiny_patch16_224", img_size=64)


TOKENS: dict[str, Any] = {
    "native": lambda tokens: tokens[:, 0],
    "cls": lambda tokens: tokens[:, 0],
    "mean": lambda tokens: tokens[:, 1:].mean(1),
    "max": lambda tokens: tokens[:, 1:].amax(1),
    "gem": lambda tokens: (tokens[:, 1:].clamp(min=1e-6) ** 3).mean(1) ** (1 / 3),
}


@pytest.mark.parametrize("pooling", TOKENS)
def test_tokens_are_pooled_without_the_class_token(vit, pooling):
    backbone, images = cut(vit, 64, pooling=pooling), torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        features = backbone.tail(backbone.trunk(images))
        expected = TOKENS[pooling](vit.forward_features(images))
        assert_equal(pooled(backbone.pooling, features), expected)


def test_maps_are_pooled_in_either_layout():
    images = torch.randn(2, 3, 64, 64)
    for name, positions in (("swin_tiny_patch4_window7_224", (1, 2)), ("resnet18", (2, 3))):
        network = build("timm", name, **({"img_size": 64} if "swin" in name else {}))
        backbone = cut(network, 64, pooling="max")
        with torch.inference_mode():
            features = backbone.tail(backbone.trunk(images))
            expected = network.forward_features(images).amax(positions)
            assert_equal(pooled(backbone.pooling, features), expected)


def test_a_network_may_end_earlier(vit):
    backbone = cut(vit, 64, end="blocks.5")
    assert (backbone.cut, backbone.classifier) == ("blocks.5", None)
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        tokens = vit.get_intermediate_layers(images, [5], return_prefix_tokens=False)[0]
        features = backbone.tail(backbone.trunk(images))
        assert_equal(pooled(backbone.pooling, features), tokens.mean(1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"end": "blocks.12"},
            "end blocks.12: the network has no module of this name; did you",
        ),
        ({"end": "blocks.5.attn.qkv", "cut": "blocks.7"}, "cut blocks.7: comes after the features"),
        ({"cut": "stages.1"}, "cut stages.1: the network has no module of this name; it has pat"),
        ({"cut": "fc_norm"}, "cut fc_norm: comes after the features, or is not used"),
    ],
)
def test_ends_and_cuts_that_do_not_fit_are_named(vit, arguments, message):
    with pytest.raises(InputError, match=message):
        cut(vit, 64, **arguments)


def test_a_map_has_no_class_token():
    with pytest.raises(InputError, match="pooling cls: the network has no class token"):
        cut(build("timm", "resnet18"), 64, pooling="cls")


def test_only_a_width_of_embeddings_makes_a_projection():
    """All weights of timm with a head of such a width were trained on images and texts."""
    words = ("clip", "merged2b", "pe_core")
    for name in timm.list_pretrained():
        classes = timm.get_pretrained_cfg(name).num_classes
        projects = classes > 0 and classes % EMBEDDING_WIDTH == 0
        assert projects == (projects and any(word in name for word in words)), name
        if "clip_224.openai" in name and "_ft_" not in name:
            assert projects, name


def test_networks_of_images_and_texts_have_a_projection_and_others_classes(vit):
    assert not cut(vit, 64).projection
    clip = build("timm", "vit_xsmall_patch16_clip_224", img_size=32)
    backbone = cut(clip, 32)
    assert backbone.projection
    assert backbone.classifier is not None


def test_a_network_without_classes_has_no_classifier():
    backbone = cut(build("timm", "vit_small_patch14_dinov2", img_size=56, num_classes=0), 56)
    assert backbone.classifier is None
