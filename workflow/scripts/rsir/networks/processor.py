"""The device that computes networks, and deterministic algorithms on it."""

import ctypes
import functools
import logging
import os
import warnings
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from rsir.core.errors import MachineError
from rsir.networks.backbone import Activations
from rsir.networks.cards import (
    Card,
    has_code_for,
    jobs_per_card,
    lock_folder,
    take_card,
    visible_cards,
)

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

    def place_activations(self, activations: Activations) -> Activations:
        """Move stored activations to the device, as float32, maps B×C×H×W in channels-last memory.

        They are moved before the conversion, while they are half the size.
        """
        tensors = (
            self.move(tensor).to(torch.float32, memory_format=_memory_format(tensor))
            for tensor in activations
        )
        return Activations(tuple(tensors))

    def move(self, tensor: Tensor) -> Tensor:
        """Move a tensor to the device; a GPU copies it while the caller goes on."""
        if self.device.type == "cuda" and tensor.device.type == "cpu":
            tensor = tensor.pin_memory()
        return tensor.to(self.device, non_blocking=True)

    def host_memory(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Return new memory of the host, from which the device copies fast."""
        return torch.empty(shape, dtype=dtype, pin_memory=self.device.type == "cuda")


class Results:
    """Tensors on their way from the device to the host, where they are contiguous.

    A GPU arranges and copies them while the caller goes on. `arrays` waits until they are there;
    it may be called in another thread.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._tensors = {name: _copied_to_host(tensor) for name, tensor in tensors.items()}
        on_gpu = any(tensor.is_cuda for tensor in tensors.values())
        self._copied = torch.cuda.current_stream().record_event() if on_gpu else None

    def arrays(self) -> dict[str, np.ndarray]:
        """Wait for the tensors, and return them as arrays by name."""
        if self._copied is not None:
            self._copied.synchronize()
        return {name: tensor.numpy() for name, tensor in self._tensors.items()}


def _copied_to_host(tensor: Tensor) -> Tensor:
    tensor = tensor.contiguous()
    if tensor.device.type == "cpu":
        return tensor
    host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    return host.copy_(tensor, non_blocking=True)


def _memory_format(activations: Tensor) -> torch.memory_format:
    sizes = activations.shape
    has_planes = len(sizes) == 4 and sizes[1] != sizes[2]
    return torch.channels_last if has_planes else torch.contiguous_format


def prepare_processor(threads: int, use_gpu: bool = True) -> Processor:
    """Return a free GPU if there are any to use, else the CPU with `threads` threads, in float32.

    The process takes the GPU until it ends, and waits for one if other jobs use all of them.

    Deterministic algorithms are used where torch has them; it warns where it has none. float32 is
    not replaced by TF32, with its 11 significant bits, whatever the environment asks for.

    Raises
    ------
    MachineError
        If there is a GPU that torch cannot use.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # for deterministic cuBLAS
    # As torch.use_deterministic_algorithms does, which imports a compiler for seconds.
    torch.set_deterministic_debug_mode("warn")
    # A fill of each new tensor, which no algorithm here reads before it writes.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    if use_gpu and _prepare_gpu():
        processor = Processor(torch.device("cuda"), batch_size=128)
    else:
        _keep_memory()
        processor = Processor(torch.device("cpu"))
    logging.info("computing on %s", processor.device)
    return processor


def _prepare_gpu() -> bool:
    """Take a free GPU; return False if there is none to see.

    Raises
    ------
    MachineError
        If there is one, but torch cannot use it.
    """
    card = _taken_card()
    with warnings.catch_warnings(record=True) as warned:  # torch warns of a driver that is too old
        warnings.simplefilter("always")
        available = torch.cuda.is_available()
    reason = None
    if available:
        torch.cuda.init()  # type: ignore[no-untyped-call]
        capability, architectures = torch.cuda.get_device_capability(), torch.cuda.get_arch_list()
        if torch.version.cuda and not has_code_for(capability, architectures):
            version = ".".join(map(str, capability))
            reason = f"torch {torch.__version__} has no code for its compute capability {version}"
    elif not (torch.version.cuda or torch.version.hip):
        reason = f"torch {torch.__version__} is built for CPUs alone" if card else None
    elif warned:
        reason = str(warned[0].message).split(". ")[0]
    elif card:
        reason = "torch finds no device"
    if reason:
        name = card.name if card else "of this machine"
        raise MachineError(
            f"the GPU {name} cannot be used: {reason}; install another version of torch or of the "
            "driver, or set CUDA_VISIBLE_DEVICES to nothing to compute on the CPU"
        )
    if not available and torch.backends.mps.is_available():
        logging.info("Apple's GPU (MPS) is not used; it has no double precision")
    return available


@functools.cache
def _taken_card() -> Card | None:
    """Take a free GPU for this process, if there are any to see."""
    cards = visible_cards()
    return take_card(cards, jobs_per_card(), lock_folder()) if cards else None


def _keep_memory() -> None:
    """Make glibc keep freed memory for reuse; does nothing with other C libraries."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in KEPT_MEMORY.values():
            mallopt(parameter, value)
