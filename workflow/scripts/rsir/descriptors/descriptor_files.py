"""The HDF5 files of descriptors and of activations."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from rsir.core.hdf5 import IMAGE, image_array, open_image_arrays, readable


def read_descriptors(path: Path, images: Sequence[str]) -> dict[str, np.ndarray]:
    """Read the descriptors of a file: name → float32 array N×D, in the order of the archive.

    Raises
    ------
    InputError
        If the file cannot be read or belongs to other images.
    """
    with open_image_arrays(path, images) as file, readable(path):
        names = [name for name in file if name != IMAGE]
        return {name: image_array(file, name, 2, np.float32)[:] for name in names}


@contextmanager
def open_activations(path: Path, images: Sequence[str]) -> Iterator[h5py.Dataset]:
    """Open the activations N×C×H×W of a file; read them within `readable`.

    Raises
    ------
    InputError
        If the file cannot be read or belongs to other images.
    """
    with open_image_arrays(path, images) as file:
        with readable(path):
            activations = image_array(file, "activation", 4, np.float16)
        yield activations
