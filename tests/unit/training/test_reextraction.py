"""Descriptors of fine-tuned models against the networks they come from."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from rsir.core.hdf5 import array_file
from rsir.descriptors.activations import open_source
from rsir.descriptors.descriptor_files import read_descriptors
from rsir.networks.processor import Processor
from rsir.training.models import Head, Outputs, TaskModel, activate
from rsir.training.reextraction import reextract

CPU = Processor(torch.device("cpu"), batch_size=5)


def test_descriptors_of_tasks_are_concatenated(
    small, archive, archive_images, pixels, tmp_path, off_the_shelf
):
    _, stored = off_the_shelf
    images, path = list(archive["image"]), tmp_path / "tuned.h5"
    other = deepcopy(small.tail)
    nn.init.normal_(next(other.parameters()))
    models = [
        TaskModel(
            "scenes",
            [Outputs(["port", "farm"], "softmax")],
            small.tail,
            small.pooling,
            Head(6, 2).eval(),
        ),
        TaskModel("sea", [Outputs(["sea"], "sigmoid")], other, small.pooling, Head(6, 1).eval()),
    ]
    with (
        open_source(stored, archive, archive_images, small, 0, CPU) as source,
        array_file(path, images, {}) as file,
    ):
        reextract(models, source, CPU, file)
    descriptors = read_descriptors(path, images)
    with torch.inference_mode():
        images = small.preprocessing.normalise(pixels)
        activations = small.trunk(images).half().float()
        pooled = [model.tail(activations).mean((2, 3)) for model in models]
        outputs = [
            activate(model.head(features), model.outputs[0].activation)
            for model, features in zip(models, pooled, strict=True)
        ]
    for name, expected in (("pool", pooled), ("output", outputs)):
        np.testing.assert_allclose(descriptors[name], torch.cat(expected, 1), rtol=1e-5, atol=1e-6)


def test_an_untrained_model_has_the_descriptors_of_the_backbone(
    small, archive, archive_images, tmp_path, off_the_shelf
):
    descriptors, stored = off_the_shelf
    images, path = list(archive["image"]), tmp_path / "tuned.h5"
    model = TaskModel(
        "sea", [Outputs(["sea"], "sigmoid")], small.tail, small.pooling, Head(6, 1).eval()
    )
    with (
        open_source(stored, archive, archive_images, small, 0, CPU) as source,
        array_file(path, images, {}) as file,
    ):
        reextract([model], source, CPU, file)
    np.testing.assert_array_equal(read_descriptors(path, images)["pool"], descriptors["pool"])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_reduced_precision_gives_float32_descriptors(
    small, archive, archive_images, tmp_path, dtype
):
    processor = Processor(torch.device("cpu"), dtype)
    images = list(archive["image"])
    path = tmp_path / "tuned.h5"
    models = [
        TaskModel(
            "a", [Outputs(["x", "y"], "sigmoid")], small.tail, small.pooling, Head(6, 2).eval()
        )
    ]
    with (
        open_source(None, archive, archive_images, small, 0, processor) as source,
        array_file(path, images, {}) as file,
    ):
        reextract(models, source, processor, file)
    descriptors = read_descriptors(path, images)
    assert set(descriptors) == {"pool", "output"}
    for name, values in descriptors.items():
        assert values.dtype == np.float32, name
