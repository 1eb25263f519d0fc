"""Cut networks, compared with the whole networks of torchvision and timm."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import nn
from whole_networks import (
    assert_same,
    build,
    outputs_of,
    outputs_of_whole,
    parameters,
    random_images,
)

from rsir.core.errors import InputError
from rsir.networks.backbone import Backbone, pooled
from rsir.networks.load import load_backbone

LAST_MODULE = {"vgg16": "features", "inception_v3": "Mixed_7c", "resnet50": "layer4"}

TRAINED = {
    "vgg16": {"features.24", "features.26", "features.28"},
    "inception_v3": {"Mixed_7a", "Mixed_7b", "Mixed_7c"},
    "resnet50": {"layer4.1", "layer4.2"},
}

SHAPES = {  # of the activations at the cut, and the number of pooled features
    "vgg16": ((512, 14, 14), 512),
    "inception_v3": ((768, 17, 17), 2048),
    "resnet50": ((2048, 7, 7), 2048),
}


@dataclass
class Pair:
    """A whole network, and the backbone cut from a second one with its weights."""

    network: str
    whole: nn.Module
    cut: Backbone


@pytest.fixture(scope="module", params=list(TRAINED))
def thesis(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    randomise: Callable[[nn.Module], nn.Module],
) -> Pair:
    network = request.param
    inception = {"transform_input": True, "init_weights": False}
    whole = build("torchvision", network, **(inception if network == "inception_v3" else {}))
    file = tmp_path_factory.mktemp("weights") / f"{network}.pth"
    torch.save(randomise(whole).state_dict(), file)
    backbone = load_backbone(file, "torchvision", network, str(file))
    file.unlink()  # VGG16's is half a gigabyte
    return Pair(network, whole, backbone)


def test_the_parts_compute_the_same_as_the_whole_network(thesis):
    images = random_images(thesis.cut)
    features, logits = outputs_of_whole(thesis.whole, LAST_MODULE[thesis.network], images)
    cut_features, cut_logits = outputs_of(thesis.cut, images)
    assert_same(cut_features, features)
    assert_same(cut_logits, logits)


def test_only_the_modules_that_the_thesis_trains_are_trainable(thesis):
    trained = parameters(thesis.cut.tail)
    prefixes = tuple(f"{prefix}." for prefix in TRAINED[thesis.network])
    assert trained == {name for name in parameters(thesis.whole) if name.startswith(prefixes)}
    assert {prefix for prefix in prefixes if any(n.startswith(prefix) for n in trained)} == set(
        prefixes
    )
    assert all(parameter.requires_grad for parameter in thesis.cut.tail.parameters())
    for frozen in (thesis.cut.trunk, thesis.cut.classifier):
        assert not any(parameter.requires_grad for parameter in frozen.parameters())


def test_every_parameter_is_in_one_part_except_auxiliary_heads(thesis):
    parts = [parameters(p) for p in (thesis.cut.trunk, thesis.cut.tail, thesis.cut.classifier)]
    whole = {name for name in parameters(thesis.whole) if not name.startswith("AuxLogits.")}
    assert set().union(*parts) == whole
    assert sum(map(len, parts)) == len(whole)


def test_batch_norm_is_in_evaluation_mode(thesis):
    for part in (thesis.cut.trunk, thesis.cut.tail, thesis.cut.classifier):
        assert not any(module.training for module in part.modules())


def test_shapes_are_those_of_the_tensors(thesis):
    activation_shape, dimension = SHAPES[thesis.network]
    assert thesis.cut.activation_shapes == (activation_shape,)
    assert thesis.cut.dimension == dimension
    with torch.inference_mode():
        activations = thesis.cut.trunk(random_images(thesis.cut, 1))
        assert activations.shape == (1, *activation_shape)
        features = thesis.cut.tail(activations)
        vectors = pooled(thesis.cut.pooling, features)
        assert vectors.shape == (1, dimension)
        assert torch.equal(vectors, features.mean((2, 3)))  # bit by bit, as in version 0.2


@pytest.mark.parametrize(
    ("library", "network", "cut", "last_module"),
    [
        ("torchvision", "mobilenet_v3_small", "features.9", "features"),
        ("torchvision", "shufflenet_v2_x0_5", "stage4", "conv5"),
        (
            "torchvision",
            "mnasnet0_5",
            "layers.12",
            "layers",
        ),  # checks the version in its state dict
        ("torchvision", "densenet121", "features.denseblock4", "features"),
        ("torchvision", "convnext_tiny", "features.7", "features"),
        ("timm", "resnet18", "layer4.1", "layer4"),
        ("timm", "mobilenetv3_small_050", "blocks.5", "blocks"),
        ("timm", "convnext_atto", "stages.3", "stages"),
    ],
)
def test_any_network_can_be_cut(tmp_path, randomise, library, network, cut, last_module):
    whole = randomise(build(library, network))
    file = tmp_path / "weights.pth"
    torch.save(whole.state_dict(), file)
    backbone = load_backbone(file, library, network, str(file), cut)
    images = random_images(backbone)
    features, logits = outputs_of_whole(whole, last_module, images)
    cut_features, cut_logits = outputs_of(backbone, images)
    assert_same(cut_features, features.relu() if network == "densenet121" else features)
    assert_same(cut_logits, logits)
    assert not any(name.startswith(cut) for name in parameters(backbone.trunk))
    assert any(name.startswith(cut) for name in parameters(backbone.tail))


@pytest.mark.parametrize(
    ("library", "network", "cut", "message"),
    [
        ("torchvision", "resnet5", None, "network resnet5: torchvision has no classifier"),
        ("torchvision", "r3d_18", None, "network r3d_18: torchvision has no classifier"),
        ("timm", "resnet5", None, "network resnet5: timm has no model"),
        ("torchvision", "resnet18", "layer9", "cut layer9: .* did you mean layer4"),
        ("torchvision", "resnet18", "stem", "cut stem: .* it has conv1, bn1, relu"),
        ("torchvision", "resnet18", "layer", "cut layer: the network has no module"),
        ("torchvision", "resnet18", "avgpool", "cut avgpool: comes after the features, or is not"),
        ("timm", "tnt_s_legacy_patch16_224", "blocks.11", "cut blocks.11: .*not one row per image"),
    ],
)
def test_networks_that_cannot_be_cut_are_named(library, network, cut, message):
    with pytest.raises(InputError, match=message):
        load_backbone(None, library, network, "random", cut)
