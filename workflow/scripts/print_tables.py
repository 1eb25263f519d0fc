"""Print comparison tables, and the addresses of the summary and the gallery."""

import sys
from pathlib import Path

from rsir.evaluation.comparison import as_text
from rsir.evaluation.tables import read_results

for path in map(Path, sys.argv[1:]):
    results = path.parents[1].resolve()
    sys.stdout.write(f"\n{as_text(read_results(path))}\n\nTable:    {path}\n")
    for name, page in (
        ("Summary", results / "tables" / "index.html"),
        ("Gallery", results / "gallery" / "index.html"),
    ):
        if page.exists():
            sys.stdout.write(f"{name + ':':9} {page.as_uri()}\n")
sys.stdout.write("The other files of a run are explained in results/README.md\n")
