"""The log of a job, its errors on the terminal, and its record of inputs and outputs."""

import gc
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rsir.core.errors import one_line
from rsir.core.files import discard_previous
from rsir.core.job_record import note_job


@contextmanager
def job(engine: Any) -> Iterator[None]:
    """Run the work of a job: write its log, and record its inputs and outputs.

    Parameters
    ----------
    engine : object
        The object that Snakemake injects into a script as ``snakemake``.
    """
    gc.freeze()  # else a collection of all imported objects takes more than a second at the end
    log, archive = Path(engine.log[0]), engine.wildcards.archive
    with reported(log):
        yield
        note_job(
            Path("results", archive),
            name=log.relative_to(Path("logs", archive)).with_suffix("").as_posix(),
            rule=engine.rule,
            inputs=[*map(Path, engine.input), *loaded_code()],
            outputs=[Path(path) for path in engine.output],
            parameters=dict(engine.params.items()),
            config=engine.config,
        )
        for path in engine.output:
            discard_previous(Path(path))


def loaded_code() -> list[Path]:
    """Return the files of this library's modules that this process has loaded, with their tables.

    A module's table is beside it under its name. Paths are relative to the working directory.
    """
    loaded = [module.__file__ for name, module in sys.modules.items() if name.startswith("rsir.")]
    modules = [Path(os.path.relpath(file)) for file in loaded if file]
    files = [file for module in modules for file in (module, module.with_suffix(".csv"))]
    return sorted(file for file in files if file.name != "__init__.py" and file.exists())


@contextmanager
def reported(log: Path) -> Iterator[None]:
    """Write the log messages of a block to a file, and errors to the terminal as well.

    An `InputError` or a failure of the machine becomes one line, any other error keeps its
    traceback; the exit status is 1.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.ERROR)
    logging.basicConfig(
        level=logging.INFO,
        format="%(levelname)s: %(message)s",
        handlers=[logging.FileHandler(log, mode="w"), terminal],
        force=True,
    )
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a log that cannot be written stops no job
    # HDF5 prints the errors of closing a file on a full disk, which it cannot raise.
    sys.excepthook = lambda _kind, error, _traceback: logging.info(" ".join(str(error).split()))
    sys.unraisablehook = lambda event: logging.info(" ".join(str(event.exc_value).split()))
    try:
        yield
    except Exception as error:
        message = one_line(error)
        if message is not None:
            logging.error(message)
        else:
            logging.exception("unexpected error; please report it with the following traceback")
        sys.exit(1)
