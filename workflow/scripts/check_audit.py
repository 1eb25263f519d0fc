"""Stop the run if the audit has findings of a severity, or worse ones."""

from pathlib import Path

from rsir.audit.audit_table import check_severities, read_severities
from rsir.core.files import written_whole
from rsir.core.job import job

if __name__ == "__main__":
    with job(snakemake):
        severities = read_severities(Path(snakemake.input.table))
        text = check_severities(severities, snakemake.params.fail_on, snakemake.input.page)
        with written_whole(Path(snakemake.output[0])) as partial:
            partial.write_text(f"{text}\n", encoding="utf-8")
