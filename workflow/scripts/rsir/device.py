"""The processor that computes, and how it is made to compute the same each time."""

import os
from contextlib import AbstractContextManager
from typing import TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


def prepare_device(threads: int) -> torch.device:
    """Return the GPU if there is one, else the CPU with `threads` threads.

    Deterministic algorithms are chosen wherever torch has one; it warns where it has none.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS varies
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.set_num_threads(threads)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def mixed_precision(
    device: torch.device, *, training: bool = False
) -> AbstractContextManager[object]:
    """Return a context in which a GPU computes products in half precision; a CPU stays exact.

    bfloat16 where the GPU has it. Elsewhere float16 serves inference, and training stays in
    float32, since float16 gradients underflow.
    """
    if device.type != "cuda":
        return torch.autocast(device.type, enabled=False)
    if torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return torch.autocast(device.type, dtype=torch.float16, enabled=not training)


def place(module: Network, device: torch.device) -> Network:
    """Move a network to the device, with its weights in channels-last memory."""
    module.to(device)
    module.to(memory_format=torch.channels_last)
    return module


def place_activations(activations: Tensor, device: torch.device) -> Tensor:
    """Move stored activations B×C×H×W to the device, as float32 in channels-last memory."""
    return activations.to(device, torch.float32, memory_format=torch.channels_last)
