"""Batches too large for the memory, computed in parts with the same result."""

import logging
import sys
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from rsir.core.errors import MachineError, is_out_of_memory
from rsir.networks.backbone import Activations

Batch = TypeVar("Batch", Tensor, np.ndarray, Activations)
Result = TypeVar("Result")


class Portions:
    """The number of rows computed at once: the whole batch, halved whenever memory runs out.

    Sizes that did not fit are not tried again, so use one instance for batches of similar size.
    """

    def __init__(self, unit: str = "images") -> None:
        self._unit = unit
        self._maximum = sys.maxsize

    def attempt(self, compute: Callable[[list[Batch]], Result], batch: Batch) -> Result:
        """Compute a result from the parts of a batch, and retry with smaller parts until they fit.

        Parameters
        ----------
        compute : callable
            Takes the list of consecutive parts, a single one if the batch fits. It may be
            interrupted when memory is exhausted and called again.
        batch : Tensor, ndarray or Activations
            B×…, at least one row, split along the first dimension.

        Raises
        ------
        MachineError
            If a part of one row does not fit.
        """
        while True:
            starts = range(0, len(batch), self._maximum)
            parts = [batch[start : start + self._maximum] for start in starts]
            try:
                return compute(parts)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                # The error keeps tensors alive until this block ends, so retry after it.
            self._halve(len(parts[0]))

    def apply(self, compute: Callable[[Batch], Result], batch: Batch) -> list[Result]:
        """Compute a result from each part of a batch, and return the results in order.

        Parameters and errors are those of `attempt`, but `compute` takes a single part.
        """
        return self.attempt(lambda parts: [compute(part) for part in parts], batch)

    def _halve(self, count: int) -> None:
        if count == 1:
            raise MachineError(
                f"out of memory at a batch size of 1 ({self._unit}); run fewer jobs at the same "
                "time, or use a smaller network or a machine with more memory"
            )
        self._maximum = (count + 1) // 2
        logging.warning(
            "out of memory with %d %s at once; continuing with %d",
            count,
            self._unit,
            self._maximum,
        )
        torch.cuda.empty_cache()


def in_parts(network: Callable[[Batch], Tensor], parts: list[Batch]) -> Tensor:
    """Run a network over the parts of a batch and return the concatenated outputs, B×….

    The backward pass recomputes one part at a time (gradient checkpointing), so only one part
    occupies memory. The network must be deterministic.
    """
    if len(parts) == 1:
        return network(parts[0])
    return torch.cat([checkpoint(network, part, use_reentrant=False) for part in parts])
