"""Run a Python file as `python` does, and append its time and memory to the file `MEASUREMENTS`.

Each line is JSON: the name of the file, the seconds, the seconds of processor time, and the peak
memory of the largest process, in MiB.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

start = time.perf_counter()
status = subprocess.run([sys.executable, *sys.argv[1:]], check=False).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
measurement = {
    "file": sys.argv[1],
    "seconds": time.perf_counter() - start,
    "processor_seconds": used.ru_utime + used.ru_stime,
    "peak_mib": used.ru_maxrss // 1024,
}
with Path(os.environ["MEASUREMENTS"]).open("a", encoding="utf-8") as file:
    file.write(json.dumps(measurement) + "\n")
sys.exit(status)
