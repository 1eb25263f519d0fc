"""Benchmarks of the pipeline against common alternatives.

    PYTHONPATH=workflow/scripts python benchmarks [part ...]

prints a table and writes it to results/benchmarks.csv. Without arguments all parts are measured,
which takes hours on few cores. Each part is a module that is imported when it is measured, so that
the processes of a part do not import the modules of the others.
"""

import csv
import sys
from dataclasses import asdict, fields
from importlib import import_module
from itertools import groupby
from pathlib import Path

from measure import Row

PARTS = (
    "machine",
    "pixels",
    "duplicates",
    "retrieval",
    "scale",
    "indexes",
    "evidence",
    "several_archives",
    "extraction",
    "finetuning",
    "engine",
    "experiment",
    "gpu",
)
FILE = Path("results/benchmarks.csv")
HEADER = ("case", "way", "seconds", "times as fast", "rate", "share", "MiB", "result")
FORMAT = "{:38} {:30} {:>8} {:>13} {:>17} {:>6} {:>7}  {}\n"


def format_row(row: Row, first: Row) -> str:
    """Format a row as a line of the table; `first` is the first row of its case."""
    speedup = first.seconds / row.seconds if first.seconds and row.seconds else None
    return FORMAT.format(
        row.case,
        row.way,
        "" if row.seconds is None else f"{row.seconds:.1f}",
        "" if speedup is None or row is first else f"{speedup:.2f}",
        "" if row.rate is None else f"{row.rate:.1f} {row.unit}",
        "" if row.share is None else f"{row.share:.0%}",
        row.peak_mib or "",
        row.agreement,
    )


def main(parts: list[str]) -> None:
    """Measure the parts, and print each row as soon as it is measured."""
    if unknown := [part for part in parts if part not in PARTS]:
        sys.exit(f"benchmarks: unknown part {unknown[0]}; choose from {', '.join(PARTS)}")
    FILE.parent.mkdir(exist_ok=True)
    with FILE.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, [field.name for field in fields(Row)], lineterminator="\n")
        table.writeheader()
        for part in parts or PARTS:
            sys.stdout.write(f"\n{part}\n{FORMAT.format(*HEADER)}")
            for _, rows in groupby(import_module(part).measure(), key=lambda row: row.case):
                first = None
                for row in rows:
                    first = first or row
                    table.writerow(asdict(row))
                    sys.stdout.write(format_row(row, first))
                    file.flush()
                    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
