"""What a file was made from, to be written into it."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rsir.files import sha256
from rsir.weights import WeightFile

LIBRARIES = ("torch", "torchvision", "timm", "h5py", "numpy", "pillow")


def digests(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the SHA-256 digest of each file, as `<name>_sha256`."""
    return {f"{name}_sha256": sha256(path) for name, path in files.items()}


def made_from(
    files: Mapping[str, Path],
    weights: WeightFile | None,
    backbone_settings: Mapping[str, Any],
    **facts: Any,
) -> dict[str, Any]:
    """Return what a network's output was made from, as attributes.

    The facts; the digests of the files; the source and digest of the weights; as JSON, the settings
    that rebuild the backbone, and the versions of the libraries.
    """
    return {
        **facts,
        **digests(files),
        "weights": weights.source if weights else "random",
        "weights_sha256": weights.sha256 if weights else "",
        "backbone_settings": json.dumps(backbone_settings),
        "versions": json.dumps({library: version(library) for library in LIBRARIES}),
    }
