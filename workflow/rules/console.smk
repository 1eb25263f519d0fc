# What Snakemake does before the first job and after the last: check that results can be written,
# collect the records of the jobs, print the tables, the numbers of findings, the warnings and the
# errors.

import os
import re
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
    tables = expand("results/{archive}/tables/comparison.csv", archive=config["run"]["archives"])
    existing_tables = [table for table in tables if Path(table).exists()]
    if existing_tables and not targets():
        command = [sys.executable, SCRIPTS / "print_tables.py", *existing_tables]
        text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        print(text, end="")  # by this process, so that a progress display makes room for it


def print_audits():
    """Print how many findings of which severity the audits of this run have."""
    waiting = set(workflow.dag.needrun_jobs())
    audits = sorted(
        job.output.table
        for job in workflow.dag.jobs
        if job.rule.name == "audit" and job not in waiting | failed_jobs()
    )
    if audits:
        command = [sys.executable, SCRIPTS / "print_audits.py", *audits]
        text = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True).stdout
        print(text, end="")


def print_warnings():
    """Repeat the warnings of this run's jobs, which their logs alone would hold."""
    warnings = {
        f"{line} ({log})"
        for job in workflow.dag.needrun_jobs(exclude_finished=False)
        if workflow.dag.finished(job) or job in failed_jobs()
        for log in job.log
        for line in log_lines(log, "WARNING")
        if not re.search(r"\.py:\d+: \w*Warning:", line)  # of Python, for developers
    }
    for warning in sorted(warnings):
        print(f"Warning: {warning}")


def exit_with_errors():
    """Exit with the errors of the failed jobs; what Snakemake says of them stands above."""
    errors = [error for job in workflow.scheduler.failed for error in job_errors(job)]
    if errors:
        workflow.logger_manager.logfile_hint()
        sys.exit("\n".join(f"Error: {error}" for error in sorted(set(errors))))


def job_errors(job):
    """Return the errors in the logs of a failed job or group of jobs, or that there are none."""
    errors = [(log, error) for log in job.log for error in log_lines(log, "ERROR")]
    if not errors:
        return [
            f"{next(iter(job.output))}: its job was ended from outside, for lack of memory or time "
            "perhaps; run again"
        ]
    return [
        (
            f"{error.partition(';')[0]}: report it with its traceback in {log}"
            if error.startswith("unexpected error")
            else error
        )
        for log, error in errors
    ]


def log_lines(log, level):
    """Return the messages of a level in the log of a job."""
    if not os.path.exists(log):
        return []
    text = Path(log).read_text(encoding="utf-8", errors="replace")
    return re.findall(rf"^{level}: (.*)$", text, re.MULTILINE)


onstart:
    check_results()
    keep_previous_results()
    start_jobs_at_any_rate()
    start_jobs_in_forks()


onsuccess:
    restore_previous_results()
    gather_provenance()
    print_tables()
    print_audits()
    print_warnings()


onerror:
    restore_previous_results()
    gather_provenance()
    print_audits()
    print_warnings()
    exit_with_errors()
