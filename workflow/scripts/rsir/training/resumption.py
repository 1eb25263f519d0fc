"""The state of an unfinished fine-tuning, so that a job that was stopped goes on where it was."""

import hashlib
import json
import logging
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from rsir.core.errors import InputError, MachineError
from rsir.core.files import sha256, written_whole

State = dict[str, Any]


class Resumption:
    """A folder with the state of each network at the end of its last epoch."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, network: str) -> State | None:
        """Read where a network's training stopped; None if no epoch of it has ended.

        A file that cannot be read is passed over, and nothing in it is run.
        """
        path = self._path(network)
        if not path.exists():
            return None
        try:
            with zipfile.ZipFile(path) as file:  # torch does not compare the checksums
                if part := file.testzip():
                    raise ValueError(f"{part} is damaged")
            state: State = torch.load(path, map_location="cpu", weights_only=True)
            epoch, stage = state["epoch"], state["stage"]
        except Exception as error:  # on a damaged file torch raises nearly anything
            reason = " ".join(str(error).split())
            logging.warning("%s: cannot be read (%s); %s starts anew", path, reason, network)
            return None
        logging.info("%s: goes on after epoch %s of stage %s", network, epoch, stage)
        return state

    def write(self, network: str, state: State) -> None:
        """Keep a state: tensors, numbers and texts in dicts and lists."""
        with written_whole(self._path(network)) as partial:
            torch.save(state, partial)

    def _path(self, network: str) -> Path:
        return self._folder / f"{hashlib.sha256(network.encode()).hexdigest()[:16]}.pt"


@contextmanager
def resumable(
    models: Path, made_from: Mapping[str, Any], code: Iterable[Path]
) -> Iterator[Resumption]:
    """Keep states beside the models that are made; they are removed when these are written.

    The folder's name has a digest of what the numbers depend on, so that a training that began
    otherwise is not resumed. An `InputError` removes the states, too, but for a `MachineError`.

    Parameters
    ----------
    models : Path
        The file that will hold the models.
    made_from : mapping
        What the models are made from; becomes JSON.
    code : iterable of Path
        The files of code that the numbers depend on.
    """
    digests = [sha256(path) for path in code]
    settled = json.dumps([made_from, digests, torch.__version__], sort_keys=True)
    digest = hashlib.sha256(settled.encode()).hexdigest()[:16]
    try:
        yield Resumption(models.with_name(f".{models.stem}.{digest}"))
    except MachineError:
        raise
    except InputError:
        _forget(models)
        raise
    _forget(models)


def _forget(models: Path) -> None:
    for folder in models.parent.glob(f".{models.stem}.*"):
        shutil.rmtree(folder)
