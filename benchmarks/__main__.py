"""Measure the parts of the pipeline side by side with what people would use instead.

    PYTHONPATH=workflow/scripts python benchmarks [part ...]

prints a table, and writes it to results/benchmarks.csv. Without parts, all are measured, which
takes hours on few cores. A part is a module, imported only when it is measured, so that processes
which are measured from their start do not import the others.
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
    "retrieval",
    "evidence",
    "extraction",
    "finetuning",
    "engine",
    "experiment",
)
FILE = Path("results/benchmarks.csv")
HEADER = ("case", "way", "seconds", "times as fast", "rate", "share", "MiB", "result")
FORMAT = "{:38} {:30} {:>8} {:>13} {:>17} {:>6} {:>7}  {}\n"


def shown(row: Row, first: Row) -> str:
    """Return a row as a line; its case's first row is what it is compared with."""
    faster = first.seconds / row.seconds if first.seconds and row.seconds else None
    return FORMAT.format(
        row.case,
        row.way,
        "" if row.seconds is None else f"{row.seconds:.1f}",
        "" if faster is None or row is first else f"{faster:.2f}",
        "" if row.rate is None else f"{row.rate:.1f} {row.unit}",
        "" if row.share is None else f"{row.share:.0%}",
        row.peak_mib or "",
        row.agreement,
    )


def main(parts: list[str]) -> None:
    """Measure parts, and show each row as soon as it is there."""
    if unknown := [part for part in parts if part not in PARTS]:
        sys.exit(f"benchmarks: there is no part {unknown[0]}; there are {', '.join(PARTS)}")
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
                    sys.stdout.write(shown(row, first))
                    file.flush()
                    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
