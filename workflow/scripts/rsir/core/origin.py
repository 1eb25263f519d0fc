"""The origin of a file: written into its attributes, and checked when the file is read."""

import functools
import json
import os
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rsir.core.errors import InputError
from rsir.core.remembered import remembered_sha256

LIBRARIES = {
    "torch": ("torch",),
    "torchvision": ("torchvision",),
    "timm": ("timm",),
    "faiss": ("faiss-cpu", "faiss"),
    "cv2": ("opencv-python-headless", "opencv-python"),
    "skimage": ("scikit-image",),
    "sklearn": ("scikit-learn",),
    "scipy": ("scipy",),
    "pandas": ("pandas",),
    "h5py": ("h5py",),
    "numpy": ("numpy",),
    "PIL": ("pillow",),
    "rasterio": ("rasterio",),
}
"""The libraries whose versions are recorded, by the names of their packages."""

ORIGIN = ("backbone", "weights_sha256", "archive_sha256", "pixels_sha256", "backbone_settings")
"""Attributes shared by all files computed from the images of an archive by a backbone."""

METHOD = ("backbone", "labeling", "trained_on", "seed", "archive_sha256")
"""Attributes shared by all files computed from an archive by a model.

`trained_on` is the name of the archive that fine-tuned the model.
"""


TRANSFERRED = (
    *("backbone", "weights_sha256", "backbone_settings"),
    *("labeling", "trained_on", "seed", "trained_on_sha256"),
)
"""Attributes shared by a model and its descriptors of another archive.

`trained_on_sha256` is the digest of the archive that fine-tuned the model.
"""

CUT = "cut"
"""Attribute of models, and of activations and descriptors, of a labeling that states a cut."""

ENSEMBLE = "ensemble"
"""The model of an ensemble of all seeds of trained members."""


def method_of(archive: str, backbone: str, model: str) -> dict[str, Any]:
    """Return the method that a path of an archive names.

    The model is `LABELING-seedN` if it is trained, followed by `-from-ARCHIVE` if another archive
    trained it. What follows a `+` is the name of a derived descriptor.
    """
    name = model.partition("+")[0]
    trained = re.fullmatch(r"(.+?)-seed(\d+)(?:-from-(.+))?", name)
    if not trained:
        source = archive if name == ENSEMBLE else None
        return {"backbone": backbone, "labeling": name, "trained_on": source, "seed": None}
    labeling, seed, source = trained.groups()
    return {
        "backbone": backbone,
        "labeling": labeling,
        "trained_on": source or archive,
        "seed": int(seed),
    }


def digests(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the SHA-256 digest of each file, as `<name>_sha256`; of large files remembered."""
    return {f"{name}_sha256": remembered_sha256(path) for name, path in files.items()}


def circumstances() -> dict[str, str]:
    """Return the time, the code version and the device of a computation, as attributes.

    `code` is what the workflow puts into the environment: the git commit of this project, followed
    by ``-dirty`` if files have changed since, or ``unknown`` outside a git clone.
    """
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "code": os.environ.get("RSIR_CODE", "unknown"),
        "device": _device(),
    }


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of the installed libraries, whether a computation has loaded them or not.

    Jobs that start in another way, such as in a fork, may have loaded more.
    """
    installed: dict[str, str] = {}
    for name, packages in LIBRARIES.items():
        for package in packages:
            with suppress(PackageNotFoundError):
                installed.setdefault(name, version(package))
    return installed


def origin_attributes(
    files: Mapping[str, Path], backbone_settings: Mapping[str, Any], **facts: Any
) -> dict[str, Any]:
    """Return the origin of descriptors or models, as attributes.

    These are the facts, the digests of the files and, as JSON, the settings that rebuild the
    backbone and the versions of the installed libraries.
    """
    return {
        **facts,
        **digests(files),
        "backbone_settings": json.dumps(backbone_settings, sort_keys=True),
        "versions": json.dumps(versions()),
    }


def network_settings(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that rebuild the network of a file, cut where its labeling cuts it."""
    settings: dict[str, Any] = json.loads(attributes["backbone_settings"])
    return settings | ({"cut": attributes["cut"]} if "cut" in attributes else {})


def check_origin(
    path: Path,
    attributes: Mapping[str, Any],
    facts: Mapping[str, Any],
    names: Sequence[str] = ORIGIN,
) -> None:
    """Compare the attributes of a file with the expected facts, for the attributes in `names`.

    Raises
    ------
    InputError
        If the file has another origin.
    """
    for name in names:
        actual, expected = attributes.get(name), facts.get(name)
        if actual != expected:
            raise InputError(
                f"{path}: its {name} is {actual!s:.200}, expected {expected!s:.200}; "
                "delete it and run again"
            )


def check_model(path: Path, metadata: Mapping[str, Any], descriptors: Mapping[str, Any]) -> None:
    """Compare the metadata of a model with the facts of descriptors that it computes.

    Raises
    ------
    InputError
        If it is another model, or its archive is neither theirs nor their `trained_on_sha256`.
    """
    if "trained_on_sha256" in descriptors:
        source = {"trained_on_sha256": metadata.get("archive_sha256")}
        check_origin(path, {**metadata, **source}, descriptors, (*TRANSFERRED, CUT))
    else:
        check_origin(path, metadata, descriptors, (*ORIGIN, *METHOD, CUT))


def _device() -> str:
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        name: str = torch.cuda.get_device_name()
        return name
    processors = Path("/proc/cpuinfo")
    listing = processors.read_text() if processors.exists() else ""
    model = re.search(r"^model name\s*:\s*(.+)$", listing, re.MULTILINE)
    return model[1] if model else platform.processor() or platform.machine()
