"""Transformers, and several tensors at the cut, from images to fine-tuned descriptors."""

from typing import Any

import numpy as np
import pytest
import torch

from rsir.core.hdf5 import array_file
from rsir.descriptors.activations import open_source
from rsir.descriptors.descriptor_files import read_descriptors
from rsir.networks.load import load_backbone
from rsir.networks.processor import Processor
from rsir.training.finetuning import finetune
from rsir.training.labelings import labeling_tasks
from rsir.training.models import load_models, save_models
from rsir.training.reextraction import reextract

CPU = Processor(torch.device("cpu"), batch_size=4)
STAGE = {"epochs": 1, "optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.0}
SETTINGS = {"batch_size": 3, "head": STAGE, "tail": STAGE}
TWO = {"size": 32, "cut": "layer4.1.conv2"}


@pytest.mark.parametrize(
    ("network", "entry", "shelf"),
    [
        ("vit_small_patch14_dinov2", {"size": 28}, {"pool"}),
        ("swin_tiny_patch4_window7_224", {"size": 32, "pooling": "gem"}, {"pool", "output"}),
        ("vit_xsmall_patch16_clip_224", {"size": 32}, {"pool", "projection"}),
        ("resnet18", {**TWO, "end": "layer4"}, {"pool"}),
    ],
)
def test_networks_are_described_fine_tuned_and_described_again(
    describe_off_the_shelf, archive, archive_images, tmp_path, network, entry, shelf
):
    arguments: dict[str, Any] = {"weights": "random", **entry}
    backbone = load_backbone(None, "timm", network, **arguments)
    descriptors = describe_off_the_shelf(backbone, tmp_path)
    assert set(descriptors) == shelf
    images, stored = list(archive["image"]), tmp_path / "activations.h5"
    (task,) = labeling_tasks("multi_label", archive, np.arange(6))
    rows = np.arange(6), np.arange(6, 9)
    with open_source(stored, archive, archive_images, backbone, 0, CPU) as source:
        model, _ = finetune(task, backbone, descriptors["pool"], source, *rows, SETTINGS, 0, CPU)
    save_models(tmp_path / "model.safetensors", [model], {})
    tuned = []
    for activations in (stored, None):
        path = tmp_path / f"{len(tuned)}.h5"
        with (
            open_source(activations, archive, archive_images, backbone, 0, CPU) as source,
            array_file(path, images, {}) as file,
        ):
            reextract(load_models(tmp_path / "model.safetensors", backbone), source, CPU, file)
        tuned.append(read_descriptors(path, images))
    assert set(tuned[0]) == {"pool", "output"}
    np.testing.assert_allclose(tuned[0]["pool"], tuned[1]["pool"], rtol=1e-2, atol=1e-2)
    assert tuned[0]["pool"].shape == descriptors["pool"].shape
    assert np.isfinite(tuned[0]["pool"]).all()
    assert not np.allclose(tuned[0]["pool"], descriptors["pool"], rtol=1e-3)
