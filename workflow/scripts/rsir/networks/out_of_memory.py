"""Batches that the memory of the GPU does not hold, computed in parts to the same result."""

import logging
import sys
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from rsir.core.errors import MachineError

Batch = TypeVar("Batch", Tensor, np.ndarray)
Result = TypeVar("Result")


class Portions:
    """How much is computed at once: a whole batch, and half as much whenever memory runs out.

    What did not fit is not tried again, so an instance serves batches that need about as much.
    """

    def __init__(self, unit: str = "images") -> None:
        self._unit = unit
        self._most = sys.maxsize

    def attempt(self, compute: Callable[[list[Batch]], Result], batch: Batch) -> Result:
        """Return what is computed from the parts of a batch, anew from smaller ones until they fit.

        Parameters
        ----------
        compute : callable
            Takes the consecutive parts; a batch that fits is one. It has to stand being broken off
            by `torch.OutOfMemoryError` and called again.
        batch : Tensor or ndarray
            B×…, at least one row, split along the first dimension.

        Raises
        ------
        MachineError
            If a part of one row does not fit.
        """
        while True:
            starts = range(0, len(batch), self._most)
            parts = [batch[start : start + self._most] for start in starts]
            try:
                return compute(parts)
            except torch.OutOfMemoryError:
                pass  # only after this block does the error let go of what was computed
            self._halve(len(parts[0]))

    def apply(self, compute: Callable[[Batch], Result], batch: Batch) -> list[Result]:
        """Return what is computed from each part of a batch, in their order.

        Parameters and errors are those of `attempt`, but `compute` takes a single part.
        """
        return self.attempt(lambda parts: [compute(part) for part in parts], batch)

    def _halve(self, count: int) -> None:
        if count == 1:
            raise MachineError(
                f"out of memory with a single one of the {self._unit}; run fewer jobs on the GPU "
                "at the same time, or take a smaller network or a GPU with more memory"
            )
        self._most = (count + 1) // 2
        logging.warning(
            "out of memory with %d %s at once; goes on with %d", count, self._unit, self._most
        )
        torch.cuda.empty_cache()


def in_parts(network: Callable[[Tensor], Tensor], parts: list[Tensor]) -> Tensor:
    """Run a network over the parts of a batch, B×… in all, and return what it gives for all.

    For the gradients, each of several parts is computed again, when its turn comes, so that no
    more than one takes up memory. The network must not be random.
    """
    if len(parts) == 1:
        return network(parts[0])
    return torch.cat([checkpoint(network, part, use_reentrant=False) for part in parts])
