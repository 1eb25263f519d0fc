"""Print comparison tables, given by their paths."""

import sys
from pathlib import Path

from rsir.scores import read_results
from rsir.tables import as_text

for path in sys.argv[1:]:
    summary = Path(path).with_name("summary.md")
    sys.stdout.write(f"\n{as_text(read_results(Path(path)))}\n\nIn full: {path}\n")
    if summary.exists():
        sys.stdout.write(f"In words: {summary}\n")
sys.stdout.write("The other files of a run are explained in results/README.md\n")
