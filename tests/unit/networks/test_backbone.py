"""Cut networks against the whole ones of torchvision and timm."""

import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import timm
import torch
import torchvision
from torch import Tensor, nn
from torchvision.transforms import functional

from rsir.core.errors import InputError
from rsir.networks.backbone import Backbone, pool
from rsir.networks.cut import cut_network
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
LIGHT = ("torchvision", "shufflenet_v2_x0_5")
LIGHT_CUT = "stage4"


@dataclass
class Pair:
    """A whole network, and what was cut of another that loaded its weights."""

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


def build(library: str, network: str, **arguments: Any) -> nn.Module:
    """Build a network at random weights that are not those of `load_backbone`'s seed 0."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        if library == "timm":
            return timm.create_model(network, **arguments).eval()
        return torchvision.models.get_model(network, weights=None, **arguments).eval()


def light_state(randomise: Callable[[nn.Module], nn.Module]) -> dict[str, Tensor]:
    return randomise(build(*LIGHT)).state_dict()


def some_images(backbone: Backbone, count: int = 2) -> Tensor:
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
    found: list[Tensor] = []
    hook = network.get_submodule(module).register_forward_hook(
        lambda _module, _inputs, output: found.append(output.clone())
    )
    logits = network(images)
    hook.remove()
    return found[0], logits


def assert_same(actual: Tensor, expected: Tensor) -> None:
    """Two images each: the same to rounding, and not so that any image would give them."""
    scale = expected.abs().max().item()
    assert (expected[0] - expected[1]).abs().max().item() > 1e-3 * scale
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-5 * scale)


def parameters(module: nn.Module) -> set[str]:
    return {name for name, _ in module.named_parameters()}


def load_light(file: Path) -> Backbone:
    return load_backbone(file, *LIGHT, str(file), LIGHT_CUT)


# The networks of the thesis.


def test_the_parts_compute_what_the_whole_network_does(thesis):
    images = some_images(thesis.cut)
    features, logits = outputs_of_whole(thesis.whole, LAST_MODULE[thesis.network], images)
    own_features, own_logits = outputs_of(thesis.cut, images)
    assert_same(own_features, features)
    assert_same(own_logits, logits)


def test_what_the_thesis_trains_is_trained_and_nothing_else(thesis):
    trained = parameters(thesis.cut.tail)
    prefixes = tuple(f"{prefix}." for prefix in TRAINED[thesis.network])
    assert trained == {name for name in parameters(thesis.whole) if name.startswith(prefixes)}
    assert {prefix for prefix in prefixes if any(n.startswith(prefix) for n in trained)} == set(
        prefixes
    )
    assert all(parameter.requires_grad for parameter in thesis.cut.tail.parameters())
    for frozen in (thesis.cut.trunk, thesis.cut.classifier):
        assert not any(parameter.requires_grad for parameter in frozen.parameters())


def test_every_parameter_is_in_one_part_but_for_auxiliary_heads(thesis):
    parts = [parameters(p) for p in (thesis.cut.trunk, thesis.cut.tail, thesis.cut.classifier)]
    whole = {name for name in parameters(thesis.whole) if not name.startswith("AuxLogits.")}
    assert set().union(*parts) == whole
    assert sum(map(len, parts)) == len(whole)


def test_batch_norm_is_in_evaluation_mode(thesis):
    for part in (thesis.cut.trunk, thesis.cut.tail, thesis.cut.classifier):
        assert not any(module.training for module in part.modules())


def test_shapes_are_those_of_the_tensors(thesis):
    activation_shape, dimension = SHAPES[thesis.network]
    assert thesis.cut.activation_shape == activation_shape
    assert thesis.cut.dimension == dimension
    with torch.inference_mode():
        activations = thesis.cut.trunk(some_images(thesis.cut, 1))
        assert activations.shape == (1, *activation_shape)
        assert pool(thesis.cut.tail(activations)).shape == (1, dimension)


def test_preprocessing_is_that_of_the_weights(thesis):
    preset = torchvision.models.get_model_weights(thesis.network).IMAGENET1K_V1.transforms()
    wanted = thesis.cut.preprocessing
    assert [wanted.size] == preset.crop_size
    assert [wanted.resize_size] == preset.resize_size
    assert (list(wanted.mean), list(wanted.std)) == (preset.mean, preset.std)
    assert wanted.interpolation == preset.interpolation.value
    assert wanted.resize == "squash"


# Preprocessing and pooling.


def test_other_weights_of_a_network_have_their_own_preprocessing():
    backbone = load_backbone(None, "torchvision", "resnet50", "IMAGENET1K_V2", resize="crop")
    assert (backbone.preprocessing.resize, backbone.preprocessing.resize_size) == ("crop", 232)


def test_pixels_are_normalised_as_by_torchvision(small):
    pixels = torch.randint(0, 256, (2, 16, 16, 3), dtype=torch.uint8)
    wanted = small.preprocessing
    expected = functional.normalize(pixels.permute(0, 3, 1, 2) / 255, wanted.mean, wanted.std)
    normalised = wanted.normalise(pixels)
    torch.testing.assert_close(normalised, expected)
    assert normalised.dtype == torch.float32
    assert normalised.is_contiguous(memory_format=torch.channels_last)


def test_pooling_is_the_mean_over_positions_in_float32():
    feature_map = torch.tensor([[[[1.0, 2.0], [3.0, 6.0]], [[60000.0] * 2] * 2]]).half()
    assert pool(feature_map).tolist() == [[3.0, 60000 - 60000 % 32]]  # half holds multiples of 32


# Other networks, by their names alone.


@pytest.mark.parametrize(
    ("library", "network", "cut", "last_module"),
    [
        ("torchvision", "mobilenet_v3_small", "features.9", "features"),
        ("torchvision", "shufflenet_v2_x0_5", "stage4", "conv5"),
        ("torchvision", "mnasnet0_5", "layers.12", "layers"),  # insists on its file's version
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
    images = some_images(backbone)
    features, logits = outputs_of_whole(whole, last_module, images)
    own_features, own_logits = outputs_of(backbone, images)
    assert_same(own_features, features.relu() if network == "densenet121" else features)
    assert_same(own_logits, logits)
    assert not any(name.startswith(cut) for name in parameters(backbone.trunk))
    assert any(name.startswith(cut) for name in parameters(backbone.tail))


def test_a_seed_decides_the_random_weights_and_leaves_torch_alone():
    before = torch.get_rng_state()
    one, same, other = (
        load_backbone(None, *LIGHT, "random", LIGHT_CUT, seed=seed).trunk.state_dict()
        for seed in (3, 3, 4)
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["conv1.0.weight"], other["conv1.0.weight"])


@pytest.mark.parametrize(
    ("library", "network", "cut", "message"),
    [
        ("torchvision", "resnet5", None, "network resnet5: torchvision has no classifier"),
        ("torchvision", "r3d_18", None, "network r3d_18: torchvision has no classifier"),
        ("timm", "resnet5", None, "network resnet5: timm has none"),
        ("torchvision", "resnet18", None, "resnet18: where to cut it is not known; .*'cut'"),
        ("torchvision", "resnet18", "layer9", "cut layer9: .* it has conv1, bn1, relu"),
        ("torchvision", "resnet18", "layer", "cut layer: the network has no module"),
        ("torchvision", "resnet18", "layer4.1.conv2", "cut layer4.1.conv2: 2 tensors cross it"),
        ("torchvision", "resnet18", "avgpool", "cut avgpool: .* 0 feature maps follow"),
        (
            "torchvision",
            "vit_b_16",
            "encoder.layers.encoder_layer_11",
            "encoder_layer_11: .* 0 feature maps follow",
        ),
    ],
)
def test_what_cannot_be_cut_is_named(library, network, cut, message):
    with pytest.raises(InputError, match=message):
        load_backbone(None, library, network, "random", cut)


def test_a_map_that_the_scores_do_not_come_from_alone_is_no_last_map(small):
    class Attention(nn.Module):
        """Weighs tokens by a map as wide as high; the scores need both."""

        def __init__(self) -> None:
            super().__init__()
            self.patch = nn.Conv2d(3, 4, 4, 4)
            self.mix = nn.Conv1d(4, 4, 1)
            self.fc = nn.Linear(4, 5)

        def forward(self, images: Tensor) -> Tensor:
            tokens = self.mix(self.patch(images).flatten(2)).unsqueeze(1)
            attention = tokens.transpose(2, 3) @ tokens
            logits: Tensor = self.fc((tokens @ attention).mean((1, 3)))
            return logits

    with pytest.raises(InputError, match="0 feature maps follow"):
        cut_network(Attention().eval(), "mix", small.preprocessing)


# Files of weights.


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
        ("weights.pth", of_parallel_training),
        ("weights.safetensors", as_is),
        ("weights.safetensors", of_parallel_training),
    ],
)
def test_every_form_of_state_dict_is_loaded(tmp_path, randomise, name, wrap):
    state, file = light_state(randomise), tmp_path / name
    save = safetensors.torch.save_file if name.endswith(".safetensors") else torch.save
    save(wrap(state), file)
    backbone = load_light(file)
    parts = (backbone.trunk, backbone.tail, backbone.classifier)
    loaded = {key: value for part in parts for key, value in part.state_dict().items()}
    assert set(loaded) == set(state)
    assert all(torch.equal(loaded[key], state[key]) for key in state)


def test_files_in_the_form_of_torchvisions_oldest_are_loaded(tmp_path, randomise):
    state, file = light_state(randomise), tmp_path / "weights.pth"
    parameters = {
        key: nn.Parameter(value) if value.is_floating_point() else value
        for key, value in state.items()
        if not key.endswith("num_batches_tracked")  # not yet counted then
    }
    torch.save(OrderedDict(parameters), file, _use_new_zipfile_serialization=False)
    backbone = load_light(file)
    loaded = {**backbone.trunk.state_dict(), **backbone.tail.state_dict()}
    assert backbone.classifier is not None
    assert all(torch.equal(loaded[key], state[key]) for key in parameters if key in loaded)


def without_classifier(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: value for key, value in state.items() if not key.startswith("fc.")}


def with_another_classifier(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**state, "fc.weight": torch.zeros(21, 1024), "fc.bias": torch.zeros(21)}


def with_a_broken_classifier(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**state, "fc.weight": torch.full((1000, 1024), torch.nan)}


@pytest.mark.parametrize(
    "change", [without_classifier, with_another_classifier, with_a_broken_classifier]
)
def test_features_do_without_a_classifier(tmp_path, randomise, change):
    state, file = light_state(randomise), tmp_path / "weights.pth"
    torch.save(change(state), file)
    backbone = load_light(file)
    assert backbone.classifier is None
    whole = build(*LIGHT)
    whole.load_state_dict(state)
    images = some_images(backbone)
    with torch.inference_mode():
        own = backbone.tail(backbone.trunk(images))
    assert_same(own, outputs_of_whole(whole, "conv5", images)[0])


def of_another_network(_state: dict[str, Tensor]) -> dict[str, Tensor]:
    return build("torchvision", "squeezenet1_1").state_dict()


def of_another_width(_state: dict[str, Tensor]) -> dict[str, Tensor]:
    return build("torchvision", "shufflenet_v2_x1_0").state_dict()


def with_a_tensor_lost(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k: v for k, v in state.items() if k != "stage3.0.branch1.1.running_var"}


def with_nan_in_the_tail(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**state, "stage4.0.branch1.0.weight": state["stage4.0.branch1.0.weight"] * torch.nan}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (of_another_network, "does not fit .* first conv1.0.weight; give"),
        (of_another_width, "does not fit .* first stage2.0.branch1.2.weight; give"),
        (
            with_a_tensor_lost,
            "1 of 336 tensors are missing .* first stage3.0.branch1.1.running_var",
        ),
        (with_nan_in_the_tail, "not finite, first stage4.0.branch1.0.weight; give"),
    ],
)
def test_weights_that_do_not_fit_are_refused(tmp_path, randomise, change, message):
    file = tmp_path / "weights.pth"
    torch.save(change(light_state(randomise)), file)
    with pytest.raises(InputError, match=rf"weights\.pth: .*{message}"):
        load_light(file)


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
    with pytest.raises(InputError, match=r"weights\.pth: holds no state dict"):
        load_light(file)


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_pickle_is_not_run(tmp_path, zipped):
    file, folder = tmp_path / "weights.pth", tmp_path / "trap"
    torch.save({"conv1.0.weight": Trap(folder)}, file, _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match=r"weights\.pth: not a readable file of tensors"):
        load_light(file)
    assert not folder.exists()
    torch.load(file, weights_only=False)  # the trap is set: whoever trusts the file runs it
    assert folder.exists()
