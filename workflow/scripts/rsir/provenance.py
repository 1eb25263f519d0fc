"""What a file was made from, to be written into it."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rsir.files import sha256

LIBRARIES = ("torch", "torchvision", "timm", "cv2", "skimage", "sklearn", "h5py", "numpy", "PIL")


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
        "backbone_settings": json.dumps(backbone_settings),
        "versions": json.dumps(loaded),
    }
