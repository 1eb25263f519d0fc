"""Learning rates over the steps of a stage."""

import math
from collections.abc import Callable

import numpy as np


def constant(progress: float) -> float:  # noqa: ARG001
    """Return 1."""
    return 1.0


def cosine(progress: float) -> float:
    """Return half a period of a cosine, from 1 at the start to 0 at the end."""
    return (1 + math.cos(math.pi * progress)) / 2


SCHEDULES: dict[str, Callable[[float], float]] = {"constant": constant, "cosine": cosine}


def rate_factors(schedule: str, warmup: float, epochs: int, steps: int) -> np.ndarray:
    """Return the factors of the learning rate in each step of a stage, epochs × steps.

    During the warm-up, the factor grows linearly up to 1, which its last step has. The schedule
    takes the steps after it, and ends before its value at progress 1.

    Parameters
    ----------
    schedule : str
        A key of `SCHEDULES`.
    warmup : float
        Length of the warm-up, in epochs.
    epochs, steps : int
        Number of epochs, and of steps in each.
    """
    length = round(warmup * steps)
    rising = min(length, epochs * steps)
    falling = epochs * steps - rising
    factors = [
        *((step + 1) / length for step in range(rising)),
        *(SCHEDULES[schedule](step / falling) for step in range(falling)),
    ]
    return np.array(factors).reshape(epochs, steps)
