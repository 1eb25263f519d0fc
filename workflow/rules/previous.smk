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

# A label table may be sound, and be refused by the split. So what these rules make is taken back if
# what reads it fails, unless a rule that takes longer has read it as well.
EARLY = ("archive", "split", "weights", "import_descriptors", "thumbnails", "duplicates", "bounds")

records = {}  # of each kept output: its job and the engine's record


def keep_previous_results():
    """Link the outputs that jobs of this run will replace.

    Outputs of a killed job are not kept: a file of theirs may be new, and another one old.
    """
    for job in workflow.dag.jobs:
        for output in job.output:
            discard(previous(output, job))
    for job in workflow.dag.needrun_jobs():
        if not workflow.async_run(workflow.persistence.incomplete(job)):
            for output in filter(os.path.exists, job.output):
                records[output] = job, workflow.persistence.metadata(output)
                link(output, previous(output, job))


def restore_previous_results():
    """Put back the outputs that failed jobs have lost, and discard the links of all others.

    The record comes first: an output beside the record of the job that failed would count as made
    by it.
    """
    refused = refused_jobs()
    for output, (job, record) in records.items():
        is_lost = job in refused or not os.path.exists(output)
        if is_lost and previous(output, job).exists():
            if job in refused:
                job_note(job).unlink(missing_ok=True)
            workflow.persistence.cleanup_metadata(output)
            if record is not None:
                workflow.persistence._write_record(str(output), record)
            discard(Path(output))
            previous(output, job).rename(output)
        discard(previous(output, job))


def refused_jobs():
    """Return the early jobs that ended well but are taken back, with those that read them."""
    dag, failed = workflow.dag, failed_jobs()
    finished = set(filter(dag.finished, dag.needrun_jobs(exclude_finished=False)))
    early = {job for job in finished if job.rule.name in EARLY}
    while accepted := {job for job in early if (finished - early) & set(dag.depending[job])}:
        early -= accepted
    refused = set()
    while new := {job for job in early - refused if is_refused(job, failed, refused)}:
        refused |= new
    return refused


def is_refused(job, failed, refused):
    read_by, reads = set(workflow.dag.depending[job]), set(workflow.dag.dependencies[job])
    return bool((failed | refused) & read_by or refused & reads)


def failed_jobs():
    """Return the jobs that failed, and all jobs of groups that did."""
    failed = workflow.scheduler.failed
    return {job for one in failed for job in (one if one.is_group() else [one])}


def job_note(job):
    """Return the note of a job for the record of its archive."""
    archive = job.wildcards.archive
    name = Path(job.log[0]).relative_to(Path("logs", archive)).with_suffix(".json")
    return Path("results", archive, ".provenance", name)


def previous(output, job):
    """Return the link of an output; a job that succeeds removes those called `.previous.*`."""
    prefix = "unread" if job.rule.name in EARLY else "previous"
    return Path(output).with_name(f".{prefix}.{Path(output).name}")


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
