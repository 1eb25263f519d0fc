"""The device that computes networks, its precision, and deterministic algorithms."""

import ctypes
import logging
import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

# Parameters of glibc's mallopt with values that keep freed memory: by default, each feature map is
# new memory, which the kernel fills with zeros first.
KEPT_MEMORY = {"M_MMAP_MAX": (-4, 0), "M_TRIM_THRESHOLD": (-1, -1)}

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Processor:
    """The device that computes networks, and the data types of their matrix products.

    Trunks and tails compute in these types; everything else, stored results included, is float32.
    `batch_size` is for inference; it is small on a CPU, so that feature maps stay in its cache.
    """

    device: torch.device
    inference: torch.dtype = torch.float32
    training: torch.dtype = torch.float32
    batch_size: int = 16

    def precision(self, dtype: torch.dtype) -> AbstractContextManager[object]:
        """Return a context in which matrix products are computed in `dtype`.

        Exit it before an optimizer step: inside it, converted weights are cached.
        """
        reduced = dtype != torch.float32
        return torch.autocast(self.device.type, dtype if reduced else None, enabled=reduced)

    def place(self, network: Network) -> Network:
        """Move a network to the device, with its weights in channels-last memory."""
        network.to(self.device)
        network.to(memory_format=torch.channels_last)
        return network

    def place_activations(self, activations: Tensor) -> Tensor:
        """Move stored activations B×C×H×W to the device, as float32 in channels-last memory."""
        moved = activations.to(self.device)  # before the conversion, while they are half the size
        return moved.to(torch.float32, memory_format=torch.channels_last)


def prepare_processor(threads: int) -> Processor:
    """Return the GPU if available, else the CPU with `threads` threads.

    Training is in bfloat16 if the hardware supports it, else in float32, since float16 gradients
    underflow. Inference is in float16 on a GPU, which is as fast as bfloat16 with an eighth of its
    rounding error, and as in training on a CPU. Deterministic algorithms are used where torch has
    them; it warns where it has none.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # for deterministic cuBLAS
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.set_num_threads(threads)
    if not torch.cuda.is_available():
        _keep_memory()
    processor = _choose_processor()
    logging.info("computing on %s in %s", processor.device, processor.inference)
    return processor


def _choose_processor() -> Processor:
    if not torch.cuda.is_available():
        dtype = torch.bfloat16 if _has_bfloat16() else torch.float32
        return Processor(torch.device("cpu"), dtype, dtype)
    in_hardware = torch.cuda.is_bf16_supported(including_emulation=False)
    training = torch.bfloat16 if in_hardware else torch.float32
    return Processor(torch.device("cuda"), torch.float16, training, batch_size=128)


def _has_bfloat16() -> bool:
    """Return whether the CPU has bfloat16 products; emulated, they are slower than float32."""
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16"))


def _keep_memory() -> None:
    """Make glibc keep freed memory for reuse; does nothing with other C libraries."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in KEPT_MEMORY.values():
            mallopt(parameter, value)
