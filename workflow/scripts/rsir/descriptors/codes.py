"""Compact codes of vectors: each byte of a code stands for some elements, by a table."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BYTE_VALUES = 256


@dataclass(frozen=True)
class Codes:
    """The codes of all images.

    Attributes
    ----------
    values
        uint8 (N, B), B bytes an image.
    codebook
        float32 (B, 256, E): the elements that each value of each byte stands for.
    dimension
        Length of the vectors; further elements of the last byte are left out.
    """

    values: NDArray[np.uint8]
    codebook: NDArray[np.float32]
    dimension: int

    def vectors(self) -> NDArray[np.float32]:
        """Return the vectors that the codes stand for, float32 (N, D)."""
        places = np.arange(len(self.codebook))
        elements = self.codebook[places, self.values].reshape(len(self.values), -1)
        return np.ascontiguousarray(elements[:, : self.dimension])


def sign_codes(signs: NDArray[np.bool_]) -> Codes:
    """Return codes of a bit for each element (N, D): 1 where it is set, else −1."""
    values = np.packbits(signs, axis=1)
    bits = np.unpackbits(np.arange(BYTE_VALUES, dtype=np.uint8)[:, None], axis=1)
    table = np.where(bits, np.float32(1), np.float32(-1))
    return Codes(values, np.repeat(table[None], values.shape[1], axis=0), signs.shape[1])
