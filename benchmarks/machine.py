"""The rate of matrix products on this processor, the reference for all other rates."""

import os
from collections.abc import Iterator

import torch
from measure import Row, timed

from rsir.networks.precision import reduced_precision
from rsir.networks.processor import prepare_processor

SIZES = {"cpu": 1024, "cuda": 8192}
"""The side of the matrices, by the type of the device; smaller ones do not fill a GPU."""

REPETITIONS = 5


def measure() -> Iterator[Row]:
    """Measure float32, bfloat16 and the data type of the pipeline."""
    processor = reduced_precision(prepare_processor(os.cpu_count() or 1))
    for dtype in dict.fromkeys([torch.float32, torch.bfloat16, processor.inference]):
        rate = product_rate(dtype, processor.device)
        name = str(dtype).removeprefix("torch.")
        size = SIZES[processor.device.type]
        yield Row("machine", f"{size}×{size} product", name, rate=rate, unit="GFLOP/s")


def product_rate(dtype: torch.dtype, device: torch.device) -> float:
    """Return the highest rate, in GFLOP/s, of several products of square matrices."""
    size = SIZES[device.type]
    left, right = torch.randn(2, size, size, device=device).to(dtype)

    def multiply() -> None:
        left @ right
        if device.type == "cuda":
            torch.cuda.synchronize()

    multiply()
    return 2 * size**3 / 1e9 / min(timed(multiply)[1] for _ in range(REPETITIONS))
