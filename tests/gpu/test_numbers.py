"""Numbers of a GPU against those of the CPU and of double precision."""

import logging
import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import fx, nn
from torch.nn.functional import conv2d, cosine_similarity

from project import SCRIPTS
from rsir.descriptors.activation_source import consecutive_batches
from rsir.descriptors.computed_activations import ComputedActivations
from rsir.descriptors.extraction import describer
from rsir.descriptors.precision_choice import choose_precision
from rsir.networks.load import load_backbone
from rsir.networks.out_of_memory import Portions
from rsir.networks.processor import Processor
from rsir.search.exact import rank

CPU = Processor(torch.device("cpu"))
NETWORKS = [
    ("timm", "tf_efficientnet_lite0"),
    ("torchvision", "resnet50"),
    ("torchvision", "inception_v3"),
    ("torchvision", "vgg16"),
]


def images(count: int) -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (count, 256, 256, 3), dtype=np.uint8))


def pooled(backbone, pixels, processor) -> torch.Tensor:
    source = ComputedActivations(backbone, pixels, 0, processor)
    describe = describer(backbone, processor)
    rows = consecutive_batches(len(pixels), processor.batch_size)
    parts = [part.arrays() for batch in source.batches(rows) for part in describe(batch)]
    return torch.from_numpy(np.concatenate([part["pool"] for part in parts]))


def errors_of_float32(device: torch.device) -> list[float]:
    """Return the largest errors of a product and a convolution, relative to the largest value."""
    torch.manual_seed(0)
    left, right = torch.randn(2, 512, 512, dtype=torch.float64)
    maps, kernel = torch.randn(8, 64, 28, 28).double(), torch.randn(64, 64, 3, 3).double()
    pairs = [(torch.mm, left, right), (partial(conv2d, padding=1), maps, kernel)]
    errors = []
    for function, one, other in pairs:
        exact = function(one, other)
        result = function(one.float().to(device), other.float().to(device)).cpu().double()
        errors.append(float((result - exact).abs().max() / exact.abs().max()))
    return errors


def test_float32_is_float32(processor):
    assert max(errors_of_float32(processor.device)) < 1e-5


def test_float32_is_float32_under_the_override_of_a_container(processor):
    code = (
        "from rsir.networks.processor import prepare_processor as prepare\n"
        "from test_numbers import errors_of_float32\n"
        f"device = prepare(1, {processor.device.type == 'cuda'}).device\n"
        "print(max(errors_of_float32(device)))"
    )
    folders = [str(folder) for folder in (SCRIPTS, *Path(__file__).parents[:2])]
    environment = {"TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1", "PYTHONPATH": os.pathsep.join(folders)}
    done = subprocess.run(
        # Its lock is elsewhere: this process has the GPU.
        [sys.executable, "-c", code],
        env={**os.environ, **environment, "RSIR_JOBS_PER_GPU": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) < 1e-5


@pytest.mark.parametrize(("library", "network"), NETWORKS, ids=[name for _, name in NETWORKS])
def test_descriptors_are_those_of_the_cpu(processor, library, network):
    torch.manual_seed(0)
    backbone = load_backbone(None, library, network, "random")
    pixels = images(4)
    expected = pooled(backbone, pixels, CPU)
    result = pooled(backbone, pixels, replace(processor, batch_size=4))
    assert result.isfinite().all()
    assert cosine_similarity(result, expected).min() >= 0.9995


class Scale(nn.Module):
    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features * 1e30 * 1e-30


def test_a_tail_that_overflows_is_computed_in_float32(processor):
    backbone = load_backbone(None, "timm", "tf_efficientnet_lite0", "random")
    large = fx.symbolic_trace(nn.Sequential(backbone.tail, Scale()))
    half = replace(processor, inference=torch.float16)
    chosen = choose_precision(replace(backbone, tail=large), images(8), half)
    assert (chosen.inference, chosen.worst_cosine) == ("float32", 0.0)


def test_a_batch_that_does_not_fit_is_halved_to_the_same_result(processor, caplog):
    if processor.device.type != "cuda":
        pytest.skip("there is no GPU")
    backbone = load_backbone(None, "torchvision", "resnet50", "random")
    pixels = images(128)
    expected = pooled(backbone, pixels, processor)
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + (1 << 29)) / total)
    try:
        with caplog.at_level(logging.WARNING):
            result = pooled(backbone, pixels, processor)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "out of memory with 128 images at once; continuing with 64" in caplog.text
    assert cosine_similarity(result, expected).min() >= 0.9999


def test_portions_catch_the_error_of_the_gpu(processor):
    if processor.device.type != "cuda":
        pytest.skip("there is no GPU")
    most = torch.cuda.get_device_properties(0).total_memory // 8

    def allocate(part: np.ndarray) -> int:
        torch.empty(len(part) * most, dtype=torch.uint8, device=processor.device)
        return len(part)

    assert sum(Portions().apply(allocate, np.arange(16))) == 16


@pytest.mark.parametrize("depth", [20, 1000])
def test_ranks_are_those_of_the_cpu(processor, depth):
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((20_000, 64), dtype=np.float32)
    vectors[5_000:5_500] = vectors[100]
    vectors[7::1_000] = 0
    queries, database = np.arange(0, 20_000, 200), np.arange(20_000)
    expected, similarity = rank(vectors, queries, database, depth)
    ranked, similarity_on_gpu = rank(vectors, queries, database, depth, processor.device)
    np.testing.assert_array_equal(ranked, expected)
    np.testing.assert_allclose(similarity_on_gpu, similarity, rtol=1e-6, atol=1e-7)
