"""What a file was made from: written into it, and checked when it is read."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rsir.errors import InputError
from rsir.files import sha256

LIBRARIES = ("torch", "torchvision", "timm", "cv2", "skimage", "sklearn", "h5py", "numpy", "PIL")

ORIGIN = ("backbone", "weights_sha256", "archive_sha256", "backbone_settings")
"""What all is alike in that is made of the images of an archive by a network."""

METHOD = ("backbone", "labeling", "seed", "archive_sha256")
"""What all is alike in that is made of an archive by a model."""


def digests(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the SHA-256 digest of each file, as `<name>_sha256`."""
    return {f"{name}_sha256": sha256(path) for name, path in files.items()}


def made_from(
    files: Mapping[str, Path], backbone_settings: Mapping[str, Any], **facts: Any
) -> dict[str, Any]:
    """Return what a description was made from, as attributes.

    The facts; the digests of the files; as JSON, the settings that rebuild the backbone, and the
    versions of those libraries that are loaded.
    """
    loaded = {name: sys.modules[name].__version__ for name in LIBRARIES if name in sys.modules}
    return {
        **facts,
        **digests(files),
        "backbone_settings": json.dumps(backbone_settings, sort_keys=True),
        "versions": json.dumps(loaded),
    }


def check_origin(
    path: Path, told: Mapping[str, Any], facts: Mapping[str, Any], names: Sequence[str] = ORIGIN
) -> None:
    """Check what a file tells of its making against the facts.

    Raises
    ------
    InputError
        If it was made from something else.
    """
    for name in names:
        if told.get(name) != facts.get(name):
            raise InputError(
                f"{path}: its {name} is {told.get(name)!s:.200}, and not {facts.get(name)!s:.200}; "
                "delete it and run again"
            )
