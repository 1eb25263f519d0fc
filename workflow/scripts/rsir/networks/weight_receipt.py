"""The receipt of a file of weights: where it is, where it is from, and its digest."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rsir.core.errors import InputError
from rsir.core.files import sha256, written_whole


@dataclass(frozen=True)
class WeightFile:
    """A file of weights on this machine: its path, where it is from, and its digest."""

    path: str
    source: str
    sha256: str


def write_record(path: Path, file: WeightFile | None) -> None:
    """Write down where the weights are, to be read by later jobs."""
    with written_whole(path) as partial:
        partial.write_text(json.dumps(asdict(file) if file else None) + "\n")


def read_record(path: Path) -> WeightFile | None:
    """Read what `write_record` wrote; the file of weights must still be there, and the same.

    Raises
    ------
    InputError
        If it is not, or the record cannot be read.
    """
    try:
        record = json.loads(path.read_text())
        file = None if record is None else WeightFile(**record)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: is damaged; delete it and run again") from error
    if file is None:
        return None
    if not Path(file.path).is_file():
        raise InputError(f"{file.path}: the weights are gone; delete {path} and run again")
    if sha256(Path(file.path)) != file.sha256:
        raise InputError(f"{file.path}: the weights have changed; delete {path} and run again")
    return file


def weight_facts(file: WeightFile | None) -> dict[str, str]:
    """Return what is told of weights by what is made with them."""
    return {
        "weights": file.source if file else "random",
        "weights_sha256": file.sha256 if file else "",
    }
