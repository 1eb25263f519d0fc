"""Early stopping: the end of a training when its results no longer improve, and the best epoch."""

from collections.abc import Mapping
from typing import Any

from torch import nn

State = dict[str, Any]


class BestEpoch:
    """The weights after the epoch with the highest score, and whether to go on.

    Parameters
    ----------
    parts : mapping
        The modules that are trained, by name.
    patience : int
        Number of epochs without a higher score after which a training ends; with 0 it never ends
        early, and no weights are kept.
    state : mapping
        What `state` returned when the training was interrupted, or empty.
    """

    def __init__(
        self, parts: Mapping[str, nn.Module], patience: int, state: Mapping[str, Any]
    ) -> None:
        self._parts = parts
        self._patience = patience
        self.state: State = dict(state)

    def add(self, epoch: int, score: float) -> None:
        """Add the score of an epoch, and keep the weights if it is the highest."""
        if self._patience and (not self.state or score > self.state["score"]):
            weights = {
                name: {key: value.clone() for key, value in part.state_dict().items()}
                for name, part in self._parts.items()
            }
            self.state = {"epoch": epoch, "score": score, "weights": weights}

    def ends(self, epoch: int) -> bool:
        """Return whether a training ends after an epoch."""
        return bool(self.state) and epoch - self.state["epoch"] >= self._patience

    def restore(self) -> None:
        """Give the modules the weights of the best epoch, if any are kept."""
        for name, weights in self.state.get("weights", {}).items():
            self._parts[name].load_state_dict(weights)
