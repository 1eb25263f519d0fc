"""Descriptions of images in one array, and those that are remembered from an earlier run."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rsir.core.remembered import load, store

MEMORY = "images"
"""The name under which descriptions of images are remembered."""

DESCRIPTION = np.dtype(
    [
        ("state", "S16"),
        ("width", "<u4"),
        ("height", "<u4"),
        ("sha256", "V32"),
        ("missing", "<f8"),
    ]
)
"""A digest of the path and the state of an image's files (empty if a change would not be noticed),
its width and height, the digest of its content, and the share of its values that is missing."""


class KnownImages:
    """Descriptions of images that are found by the states of their files.

    Parameters
    ----------
    key
        What they depend on besides the files.
    """

    def __init__(self, key: str) -> None:
        content = load(MEMORY, key)
        self._rows = np.frombuffer(content or b"", DESCRIPTION)
        self._states = np.ascontiguousarray(self._rows["state"])

    def find(self, state: bytes) -> NDArray[np.void] | None:
        """Return the description, of type `DESCRIPTION`, of an image in this state, or None."""
        place = int(np.searchsorted(self._states, np.bytes_(state)))
        if place == len(self._states) or self._states[place] != state:
            return None
        found: NDArray[np.void] = self._rows[place]
        return found


def remember_images(key: str, descriptions: NDArray[np.void]) -> None:
    """Remember the descriptions (N,) of images, except those without a state."""
    order = np.argsort(descriptions["state"], kind="stable")
    unknown = int(np.count_nonzero(descriptions["state"] == b""))  # the first ones
    rows = descriptions[order[unknown:]]
    store(MEMORY, key, rows.view(np.uint8).data)


def state_digest(path: str, states: Sequence[Sequence[int]]) -> bytes:
    """Return a digest, 16 bytes, of the path of an image and the states of its files."""
    return hashlib.blake2b(json.dumps([path, states]).encode(), digest_size=16).digest()
