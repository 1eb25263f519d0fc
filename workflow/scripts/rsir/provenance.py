"""What a file was made from, to be written into it."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rsir.files import sha256
from rsir.weights import WeightFile

LIBRARIES = ("torch", "torchvision", "timm", "h5py", "numpy", "pillow")


def made_from(
    files: Mapping[str, Path], weights: WeightFile | None, **facts: Any
) -> dict[str, Any]:
    """Return what a file was made from, as attributes.

    The facts; the digest of each of the `files` (`<name>_sha256`); the source and digest of the
    weights; the versions of the libraries, as JSON.
    """
    return {
        **facts,
        **{f"{name}_sha256": sha256(path) for name, path in files.items()},
        "weights": weights.source if weights else "random",
        "weights_sha256": weights.sha256 if weights else "",
        "versions": json.dumps({library: version(library) for library in LIBRARIES}),
    }
