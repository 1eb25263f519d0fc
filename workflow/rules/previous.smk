# Previous results. Snakemake deletes the outputs of a job before it runs and after it fails, and
# records the settings of the failed job as theirs. Here a job that fails leaves the outputs that
# were there, with their time stamps and their records, so that nothing runs once its input is
# mended.
#
# needs  a file system with hard links; without them, outputs are deleted as Snakemake does it
# makes  hidden links beside the outputs, until the job or the run ends

import os
import shutil
from pathlib import Path

records = {}  # of each kept output


def keep_previous_results():
    """Link the outputs that jobs of this run will replace.

    Outputs of a killed job are not kept: a file of theirs may be new, and another one old.
    """
    for job in workflow.dag.jobs:
        for output in job.output:
            discard(previous(output))
    for job in workflow.dag.needrun_jobs():
        if not workflow.dag.reason(job).incomplete_output:
            for output in filter(os.path.exists, job.output):
                records[output] = workflow.persistence.metadata(output)
                link(output, previous(output))


def restore_previous_results():
    """Put back the outputs that failed jobs have lost, and discard the links of all others.

    The record comes first: an output beside the record of the job that failed would count as made
    by it.
    """
    for output, record in records.items():
        if previous(output).exists() and not os.path.exists(output):
            workflow.persistence.cleanup_metadata(output)
            if record is not None:
                workflow.persistence._write_record(str(output), record)
            previous(output).rename(output)
        discard(previous(output))


def previous(output):
    """Return the link of an output; jobs that succeed remove it."""
    return Path(output).with_name(f".{Path(output).name}.previous")


def link(output, target):
    """Link an output completely or, where the file system has no hard links, not at all."""
    try:
        if os.path.isdir(output):
            shutil.copytree(output, target, copy_function=os.link)
        else:
            os.link(output, target)
    except OSError:
        discard(target)


def discard(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
