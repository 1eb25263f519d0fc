"""The receipt of a weights file: its path, its source and its digest."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rsir.core.errors import InputError
from rsir.core.files import sha256, written_whole


@dataclass(frozen=True)
class WeightFile:
    """A local weights file: its path, its source and its SHA-256 digest."""

    path: str
    source: str
    sha256: str


def write_record(path: Path, file: WeightFile | None) -> None:
    """Write the receipt of a weights file, or of random weights (None), as JSON."""
    with written_whole(path) as partial:
        partial.write_text(json.dumps(asdict(file) if file else None) + "\n")


def read_record(path: Path) -> WeightFile | None:
    """Read a receipt of `write_record`, and check that its weights file is unchanged.

    Raises
    ------
    InputError
        If the file is missing or has changed, or the receipt cannot be read.
    """
    try:
        record = json.loads(path.read_text())
        file = None if record is None else WeightFile(**record)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: is damaged; delete it and run again") from error
    if file is None:
        return None
    if not Path(file.path).is_file():
        raise InputError(f"{file.path}: the weights file is missing; delete {path} and run again")
    if sha256(Path(file.path)) != file.sha256:
        raise InputError(f"{file.path}: the weights file has changed; delete {path} and run again")
    return file


def weight_facts(file: WeightFile | None) -> dict[str, str]:
    """Return source and digest of the weights, as attributes of files computed with them."""
    return {
        "weights": file.source if file else "random",
        "weights_sha256": file.sha256 if file else "",
    }
