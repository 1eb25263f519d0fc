"""What a job says: to its log, to the terminal, and of what it made."""

import gc
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rsir.core.errors import InputError
from rsir.core.job_record import note_job


@contextmanager
def job(engine: Any) -> Iterator[None]:
    """Do a job's work: report it, and note what was made from what.

    Parameters
    ----------
    engine : object
        What Snakemake puts into a script as ``snakemake``.
    """
    gc.freeze()  # else what was imported is searched for garbage, at the end for more than a second
    log, archive = Path(engine.log[0]), engine.wildcards.archive
    with reported(log):
        yield
        note_job(
            Path("results", archive),
            name=log.relative_to(Path("logs", archive)).with_suffix("").as_posix(),
            rule=engine.rule,
            inputs=[Path(path) for path in engine.input],
            outputs=[Path(path) for path in engine.output],
            parameters=dict(engine.params.items()),
            config=engine.config,
        )


@contextmanager
def reported(log: Path) -> Iterator[None]:
    """Write the messages of a block to a log, and its errors to the terminal, too.

    An `InputError`, and what the machine is to blame for, becomes one line and exit status 1; any
    other error keeps its traceback.
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
    logging.raiseExceptions = False  # a log that cannot be written to stops nothing
    # HDF5 prints what it cannot raise, as it gives up a file that the disk has no room for.
    sys.excepthook = lambda _kind, error, _traceback: logging.info(" ".join(str(error).split()))
    sys.unraisablehook = lambda event: logging.info(" ".join(str(event.exc_value).split()))
    try:
        yield
    except InputError as error:
        logging.error(error)
        sys.exit(1)
    except Exception as error:
        if reason := _failure_of_the_machine(error):
            logging.error(reason)
        else:
            logging.exception("unexpected; please report it with what follows")
        sys.exit(1)


def _failure_of_the_machine(error: Exception) -> str | None:
    """Tell what to do about an error that no other input would have prevented."""
    first = str(error).split("\n")[0]
    if type(error).__name__ == "AcceleratorError":
        return f"the GPU failed ({first}); run again, on another one if it goes on failing"
    if first.startswith("DataLoader worker"):
        return "a process that reads images was killed, as when memory is short; run again"
    short = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    if short or "can't allocate memory" in first:
        return "memory is used up; run fewer jobs at the same time, or ask for more of it"
    return None
