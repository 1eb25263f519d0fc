"""A small file of descriptors, which tests read, damage and compare."""

from pathlib import Path

import numpy as np

from rsir.core.hdf5 import array_file

IMAGES = ["zürich", "a b", "c", "001"]
POOL = np.random.default_rng(0).normal(size=(4, 7)).astype(np.float32)
OUTPUT = np.eye(4, 3, dtype=np.float32)
ATTRIBUTES = {"backbone": "vgg16", "seed": 3, "labeling": None}


def write_descriptors(path: Path) -> Path:
    """Write the arrays in two steps, and return the path."""
    with array_file(path, IMAGES, ATTRIBUTES) as file:
        for rows in (slice(0, 3), slice(3, 4)):
            file.append("pool", POOL[rows])
            file.append("output", OUTPUT[rows])
    return path
