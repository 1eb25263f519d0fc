"""The files of named archives, downloaded and unpacked where they are missing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from rsir.core.download import download
from rsir.core.files import sha256
from rsir.core.untar import unpack_tar
from rsir.core.unzip import unpack


def download_files(root: Path, files: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Download and unpack the files of an archive that are missing below its root.

    Existing files are never replaced or deleted: a folder, a file or a zip or tar archive that the
    user put there is used. Downloaded archives are kept.

    Parameters
    ----------
    root
        The folder of the archive.
    files
        The files, with the keys

        - `file`: name below the root, a zip or tar archive if there is `gives`,
        - `urls`, and `sha256` or `md5`; or `parts`, files with these keys that form a tar archive,
        - `gives`: the file or folder that it is unpacked to,
        - `members`: pattern of the members to unpack, whose group 1 is their path below the root,
        - `unpacked_bytes`: limit of their total size.

    Returns
    -------
    DataFrame
        Columns `file`, `source` (its addresses, or `already there`) and `sha256` (empty for a
        folder), a row for each file.

    Raises
    ------
    InputError
        If a file cannot be downloaded or unpacked.
    """
    rows = [row for file in files for row in _provide(root, file)]
    return pd.DataFrame(rows, columns=["file", "source", "sha256"])


def _provide(root: Path, file: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Download and unpack a file if it is missing, and return its rows of the receipt.

    It is unpacked into a temporary folder and then moved, so it is never incomplete.
    """
    target = root / file.get("gives", file["file"])
    if target.exists():
        return [(target.name, "already there", sha256(target) if target.is_file() else "")]
    parts = file.get("parts", [file])
    rows = [_download(root / part["file"], part) for part in parts]
    if "gives" in file:
        paths = [root / part["file"] for part in parts]
        with TemporaryDirectory(dir=root, prefix=".unpacking-") as folder:
            if file["file"].endswith(".zip"):
                unpack(paths[0], file["members"], Path(folder), file["unpacked_bytes"])
            else:
                unpack_tar(paths, file["members"], Path(folder), file["unpacked_bytes"])
            (Path(folder) / file["gives"]).rename(target)
    return rows


def _download(path: Path, file: Mapping[str, Any]) -> tuple[str, str, str]:
    origin = "already there" if path.exists() else " ".join(file["urls"])
    download(file["urls"], path, file["sha256"] if "sha256" in file else f"md5:{file['md5']}")
    return path.name, origin, sha256(path)
