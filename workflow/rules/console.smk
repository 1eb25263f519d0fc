# What Snakemake does before the first job and after the last: check that results can be written,
# collect the records of the jobs, print the tables.

import os
import subprocess
import sys
from pathlib import Path


def check_results():
    """Exit with one line if results are not writable; Snakemake would print a traceback."""
    if Path("results").exists() and not os.access("results", os.W_OK):
        sys.exit("results: not writable; work in a writable folder or change the permissions")


def gather_provenance():
    """Collect the records of this run's jobs in the record of each archive."""
    subprocess.run([sys.executable, SCRIPTS / "gather_provenance.py"], check=False)


def print_tables():
    """Print the comparison tables after a run without targets, and where to look further."""
    targets = any(argument.startswith("results/") for argument in sys.argv[1:])
    tables = expand("results/{archive}/tables/comparison.csv", archive=config["run"]["archives"])
    existing_tables = [table for table in tables if Path(table).exists()]
    if existing_tables and not targets:
        command = [sys.executable, SCRIPTS / "print_tables.py", *existing_tables]
        text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        print(text, end="")  # by this process, so that a progress display makes room for it


onstart:
    check_results()
    keep_previous_results()


onsuccess:
    restore_previous_results()
    gather_provenance()
    print_tables()


onerror:
    restore_previous_results()
    gather_provenance()
