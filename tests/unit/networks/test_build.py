"""Networks built without weights, with their preprocessing."""

import pytest
import torchvision

from rsir.networks.build import build_network


@pytest.mark.parametrize("network", ["vgg16", "inception_v3", "resnet50"])
def test_preprocessing_of_a_weights_file_is_that_of_the_default_weights(network):
    preset = torchvision.models.get_model_weights(network).IMAGENET1K_V1.transforms()
    _, preprocessing = build_network("torchvision", network, "weights.pth", "squash")
    assert [preprocessing.size] == preset.crop_size
    assert [preprocessing.resize_size] == preset.resize_size
    assert (list(preprocessing.mean), list(preprocessing.std)) == (preset.mean, preset.std)
    assert preprocessing.interpolation == preset.interpolation.value
    assert preprocessing.resize == "squash"


def test_other_weights_of_a_network_have_their_own_preprocessing():
    _, preprocessing = build_network("torchvision", "resnet50", "IMAGENET1K_V2", "crop")
    assert (preprocessing.resize, preprocessing.resize_size) == ("crop", 232)
