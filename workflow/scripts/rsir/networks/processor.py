"""The processor that computes, its precision, and how it is made to compute the same each time."""

import ctypes
import logging
import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

# Parameters of glibc's mallopt, and what keeps memory that was given back: without it, each feature
# map is new memory, which the kernel fills with zeros before it is written.
KEPT_MEMORY = {"M_MMAP_MAX": (-4, 0), "M_TRIM_THRESHOLD": (-1, -1)}

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Processor:
    """Where networks compute, and the types in which their products are computed.

    Trunks and tails compute in these types; all else, and all that is kept, is in float32.
    `batch_size` is of what only passes through a network. On a CPU it is small, so that feature
    maps stay near.
    """

    device: torch.device
    inference: torch.dtype = torch.float32
    training: torch.dtype = torch.float32
    batch_size: int = 16

    def precision(self, dtype: torch.dtype) -> AbstractContextManager[object]:
        """Return a context in which products are computed in `dtype`.

        Leave it before a step of the optimizer: within it, weights are converted once and kept.
        """
        reduced = dtype != torch.float32
        return torch.autocast(self.device.type, dtype if reduced else None, enabled=reduced)

    def place(self, network: Network) -> Network:
        """Move a network here, with its weights in channels-last memory."""
        network.to(self.device)
        network.to(memory_format=torch.channels_last)
        return network

    def place_activations(self, activations: Tensor) -> Tensor:
        """Move stored activations B×C×H×W here, as float32 in channels-last memory."""
        moved = activations.to(self.device)  # while they have half the bytes
        return moved.to(torch.float32, memory_format=torch.channels_last)


def prepare_processor(threads: int) -> Processor:
    """Return the GPU if there is one, else the CPU with `threads` threads.

    Both train in bfloat16 if they have it in hardware, else in float32, since float16 gradients
    underflow. Inference is in float16 on a GPU, which is as fast and rounds to an eighth of what
    bfloat16 does, and on a CPU as training.
    Deterministic algorithms are chosen wherever torch has one; it warns where it has none.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS varies
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.set_num_threads(threads)
    if not torch.cuda.is_available():
        _keep_memory()
    processor = _choose_processor()
    logging.info("computes on %s in %s", processor.device, processor.inference)
    return processor


def _choose_processor() -> Processor:
    if not torch.cuda.is_available():
        dtype = torch.bfloat16 if _has_bfloat16() else torch.float32
        return Processor(torch.device("cpu"), dtype, dtype)
    in_hardware = torch.cuda.is_bf16_supported(including_emulation=False)
    training = torch.bfloat16 if in_hardware else torch.float32
    return Processor(torch.device("cuda"), torch.float16, training, batch_size=128)


def _has_bfloat16() -> bool:
    """Tell whether the CPU multiplies bfloat16 itself; elsewhere it is slower than float32."""
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16"))


def _keep_memory() -> None:
    """Have the C library reuse large memory, where it is glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in KEPT_MEMORY.values():
            mallopt(parameter, value)
