"""Merge the notes of finished jobs into the record of each archive's results."""

import sys
from pathlib import Path

from rsir.core.errors import InputError
from rsir.core.job_record import gather

for folder in Path("results").glob("*"):
    try:
        gather(folder)
    except InputError as error:
        sys.stderr.write(f"ERROR: {error}\n")
