"""What is stated of the input of networks: bands, statistics and sizes."""

import numpy as np
import pytest
import timm
import torch

from rsir.core.errors import InputError
from rsir.networks.build import build_network
from rsir.networks.network_input import NetworkInput, stated_input
from rsir.networks.preprocessing import Preprocessing

BANDS = ["B02", "B03", "B04", "B08"]


def test_statistics_stand_for_each_band_or_for_all():
    stated = stated_input("resnet18", bands=BANDS, mean=[0], std=[1000, 2000, 3000, 4000])
    assert stated.mean == (0, 0, 0, 0)
    assert stated.std == (1000, 2000, 3000, 4000)
    assert (stated.bands, stated.channels) == (tuple(BANDS), 4)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"bands": BANDS}, "bands of resnet18: .* not known; give mean and std"),
        ({"bands": BANDS, "mean": [0]}, "give mean and std"),
        (
            {"bands": BANDS, "mean": [0, 0, 0], "std": [1]},
            "mean of resnet18: 3 numbers for 4 channels; give one for each",
        ),
        ({"std": [1, 1]}, "std of resnet18: 2 numbers for 3 channels"),
        ({"mean": [123.7, 116.3, 103.5]}, "mean of resnet18: 123.7 is above 1; .* divide them by"),
        ({"missing": {"B10": 0}}, "B10 is none of its bands; name one of the key bands, which"),
        (
            {"bands": BANDS, "mean": [0], "std": [1], "missing": {"B10": 0}},
            "B10 is none of its bands; name one of B02, B03, B04, B08",
        ),
        ({"range": [1, 0]}, "range of resnet18: 1 is not less than 0"),
    ],
)
def test_what_does_not_match_is_refused(entry, message):
    with pytest.raises(InputError, match=message):
        stated_input("resnet18", **entry)


@pytest.mark.parametrize(
    ("library", "network", "first"),
    [
        ("timm", "resnet18", "conv1"),
        ("timm", "test_vit", "patch_embed.proj"),
        ("timm", "convnext_atto", "stem.0"),
        ("torchvision", "resnet18", "conv1"),
        ("torchvision", "swin_v2_t", "features.0.0"),
        ("torchvision", "mobilenet_v3_small", "features.0.0"),
    ],
)
def test_the_first_convolution_takes_the_bands(library, network, first):
    stated = stated_input(network, bands=BANDS, mean=[0], std=[1])
    model, preprocessing = build_network(library, network, "random", "squash", stated)
    three, _ = build_network(library, network, "random", "squash")
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    expected = {name: tensor.shape for name, tensor in three.state_dict().items()}
    kernel = expected[f"{first}.weight"]
    assert shapes == {**expected, f"{first}.weight": (kernel[0], 4, *kernel[2:])}
    assert preprocessing.bands == tuple(BANDS)
    with torch.inference_mode():
        model(preprocessing.normalise(torch.zeros(1, preprocessing.size, preprocessing.size, 4)))


def test_inceptions_own_conversion_of_three_channels_is_off_for_others():
    stated = stated_input("inception_v3", bands=BANDS, mean=[0], std=[1])
    model, _ = build_network("torchvision", "inception_v3", "random", "squash", stated)
    assert model.transform_input is False


@pytest.mark.parametrize(
    ("library", "network", "size"),
    [
        ("timm", "test_vit", 96),
        ("timm", "vit_small_patch14_dinov2", 224),
        ("timm", "swin_tiny_patch4_window7_224", 192),
        ("timm", "test_resnet", 96),
        ("torchvision", "mobilenet_v3_small", 96),
        ("torchvision", "vit_b_16", 96),
    ],
)
def test_a_network_is_built_for_another_size(library, network, size):
    _, own = build_network(library, network, "random", "squash")
    stated = NetworkInput(size=size)
    model, preprocessing = build_network(library, network, "random", "squash", stated)
    assert preprocessing.size == size
    assert preprocessing.resize_size == own.resize_size * size // own.size
    with torch.inference_mode():
        assert model(torch.zeros(1, 3, size, size)).shape[0] == 1


@pytest.mark.parametrize(
    ("library", "network", "size", "message"),
    [
        ("timm", "nest_tiny", 200, "nest_tiny: cannot be built for size 200 .First level"),
        ("timm", "crossvit_9_240", 200, "crossvit_9_240: cannot be built for size 200"),
        ("torchvision", "vit_b_16", 100, "vit_b_16: cannot be built for size 100"),
    ],
)
def test_a_size_that_an_architecture_cannot_have_is_refused(library, network, size, message):
    with pytest.raises(InputError, match=message) as raised:
        build_network(library, network, "random", "squash", NetworkInput(size=size))
    assert "\n" not in str(raised.value)


def of_bands(**others: object) -> Preprocessing:
    values = {"resize": "squash", "size": 8, "resize_size": 8, "interpolation": "bilinear"}
    statistics = {"mean": (0.0, 1000.0), "std": (1000.0, 500.0), "bands": ("VV", "VH")}
    return Preprocessing(**{**values, **statistics, **others})


def test_bands_are_normalised_in_the_sensors_units():
    pixels = torch.tensor([500.0, 2000.0]).expand(1, 8, 8, 2)
    normalised = of_bands().normalise(pixels)
    assert normalised.shape == (1, 2, 8, 8)
    assert normalised[0, :, 0, 0].tolist() == [0.5, 2.0]
    clamped = of_bands(range=(0.0, 1.0)).normalise(pixels)
    assert clamped[0, :, 0, 0].tolist() == [0.5, 1.0]


def test_statistics_of_the_rendering_can_be_stated():
    stated = stated_input("resnet18", mean=[0.5], std=[0.25])
    _, preprocessing = build_network("timm", "resnet18", "random", "squash", stated)
    white = torch.full((1, 2, 2, 3), 255, dtype=torch.uint8)
    assert torch.equal(preprocessing.normalise(white), torch.full((1, 3, 2, 2), 2.0))


def test_the_size_of_timm_is_the_default():
    for network in ("tf_efficientnet_lite0", "tf_efficientnet_lite2"):
        _, preprocessing = build_network("timm", network, "wheel", "squash")
        assert preprocessing.size == timm.get_pretrained_cfg(network).input_size[-1]
        assert np.allclose(preprocessing.mean, 127 / 255)


def test_values_beyond_eight_bits_are_refused_where_a_network_takes_eight():
    image = np.zeros((8, 8, 2), np.float32)
    image[3, 4] = 255, 300
    of_bands(eight_bit=("VV",)).prepare(image)
    with pytest.raises(InputError, match=r"band VH: .* 8 bits, and the image has 0 to 300"):
        of_bands(eight_bit=("VV", "VH")).prepare(image)
    image[0, 0, 0] = -3
    with pytest.raises(InputError, match=r"band VV: .* has -3 to 255"):
        of_bands(eight_bit=("VV", "VH")).prepare(image)
