"""Print the number of findings of each audit, and where they are."""

import sys
from pathlib import Path

from rsir.audit.audit_table import read_severities
from rsir.audit.finding import count_severities

for path in map(Path, sys.argv[1:]):
    page = path.with_suffix(".html").resolve()
    counts = count_severities(read_severities(path))
    sys.stdout.write(f"Audit of {path.parent.name}: {counts}: {page.as_uri()}\n")
