"""The HDF5 files of descriptors and of activations."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from rsir.core.hdf5 import IMAGE, image_array, open_image_arrays, readable


def activation_names(count: int) -> list[str]:
    """Return the names of the activations in files: `activation`, or `activation_0` and so on."""
    return ["activation"] if count == 1 else [f"activation_{number}" for number in range(count)]


def read_descriptors(path: Path, images: Sequence[str]) -> dict[str, np.ndarray]:
    """Read the descriptors of a file: name → float32 array N×D, in the order of the archive.

    Raises
    ------
    InputError
        If the file cannot be read or belongs to other images.
    """
    with open_descriptors(path, images) as arrays, readable(path):
        return {name: array[:] for name, array in arrays.items()}


@contextmanager
def open_descriptors(path: Path, images: Sequence[str]) -> Iterator[dict[str, h5py.Dataset]]:
    """Open the descriptors of a file, float32 N×D each; read them by `rsir.core.hdf5.read_rows`.

    Raises
    ------
    InputError
        If the file cannot be read or belongs to other images.
    """
    with open_image_arrays(path, images) as file:
        with readable(path):
            names = [name for name in file if name != IMAGE]
            arrays = {name: image_array(file, name, 2, np.float32) for name in names}
        yield arrays


@contextmanager
def open_activations(path: Path, images: Sequence[str]) -> Iterator[list[h5py.Dataset]]:
    """Open the activations N×… of a file, one dataset for each tensor; read within `readable`.

    Raises
    ------
    InputError
        If the file cannot be read or belongs to other images.
    """
    with open_image_arrays(path, images) as file:
        with readable(path):
            count = sum(name.startswith("activation") for name in file)
            names = activation_names(max(1, count))
            activations = [image_array(file, name, None, np.float16) for name in names]
        yield activations
