"""The saved state of an unfinished fine-tuning, from which a stopped job resumes."""

import hashlib
import json
import logging
import math
import shutil
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from rsir.core.errors import InputError, MachineError
from rsir.core.files import written_whole

State = dict[str, Any]

SECONDS = 30
"""Least time between two states, since writing one may take as long as an epoch."""


class Resumption:
    """A folder with the state of each network at the end of one of its last epochs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written = -math.inf  # time of the last state

    def read(self, network: str) -> State | None:
        """Return the saved state of a network, or None if it has no finished epoch.

        A file that cannot be read is ignored with a warning. No code in a file is executed.
        """
        path = self._path(network)
        if not path.exists():
            return None
        try:
            with zipfile.ZipFile(path) as file:  # torch does not verify the checksums
                if part := file.testzip():
                    raise ValueError(f"{part} is damaged")
            state: State = torch.load(path, map_location="cpu", weights_only=True)
            epoch, stage = state["epoch"], state["stage"]
        except Exception as error:  # torch raises many kinds of errors on damaged files
            reason = " ".join(str(error).split())
            logging.warning(
                "%s: cannot be read (%s); %s restarts from the beginning", path, reason, network
            )
            return None
        logging.info("%s: resumes after epoch %s of stage %s", network, epoch, stage)
        return state

    def write(self, network: str, state: State) -> None:
        """Save a state: tensors, numbers and strings in dicts and lists."""
        with written_whole(self._path(network)) as partial:
            torch.save(state, partial)

    def write_sometimes(self, network: str, several: bool, state: State) -> None:
        """Save the first state, one every `SECONDS`, and the last one of each of several networks.

        The last state of a single network is followed by its model. `state["last"]` tells whether
        it is the last one.
        """
        due = time.monotonic() - self._written >= SECONDS
        if due or (several and state["last"]):
            self.write(network, state)
            self._written = time.monotonic()

    def _path(self, network: str) -> Path:
        return self._folder / f"{hashlib.sha256(network.encode()).hexdigest()[:16]}.pt"


@contextmanager
def resumable(models: Path, made_from: Mapping[str, Any]) -> Iterator[Resumption]:
    """Keep the states next to the models file, and remove them once the models are written.

    The name of the folder contains a digest of everything the numbers depend on, so that a training
    with other inputs is not resumed. An `InputError` other than a `MachineError` also removes the
    states.

    Parameters
    ----------
    models : Path
        The file that the models will be written to.
    made_from : mapping
        What the models are made from, code included; has to be JSON serialisable.
    """
    inputs = json.dumps([made_from, torch.__version__], sort_keys=True)
    digest = hashlib.sha256(inputs.encode()).hexdigest()[:16]
    try:
        yield Resumption(models.with_name(f".{models.stem}.{digest}"))
    except MachineError:
        raise
    except InputError:
        _remove_states(models)
        raise
    _remove_states(models)


def _remove_states(models: Path) -> None:
    for folder in models.parent.glob(f".{models.stem}.*"):
        shutil.rmtree(folder)
