"""What a job says, to its log and to the terminal."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rsir.errors import InputError


@contextmanager
def reported(log: str) -> Iterator[None]:
    """Write the messages of a block to a log, and its errors to the terminal, too.

    An `InputError` becomes one line and exit status 1; any other error keeps its traceback.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.ERROR)
    logging.basicConfig(
        level=logging.INFO,
        format="%(levelname)s: %(message)s",
        handlers=[logging.FileHandler(log, mode="w"), terminal],
        force=True,
    )
    logging.captureWarnings(True)
    try:
        yield
    except InputError as error:
        logging.error(error)
        sys.exit(1)
    except Exception:
        logging.exception("unexpected; please report it with what follows")
        sys.exit(1)
