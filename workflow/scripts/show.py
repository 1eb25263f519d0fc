"""Print comparison tables: python workflow/scripts/show.py results/ARCHIVE/tables/*.csv."""

import sys

import pandas as pd

from rsir.tables import as_text

for path in sys.argv[1:]:
    table = pd.read_csv(path)
    if "query" in table:
        sys.stdout.write(f"\n{as_text(table)}\n")
    sys.stdout.write(f"\nAll metrics, both protocols: {path}\n")
