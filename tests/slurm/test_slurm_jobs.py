"""Single jobs on a real SLURM: GPUs, more resources after a failure, and preemption."""

from datetime import datetime
from pathlib import Path

import pytest
from cluster import Cluster
from safetensors.numpy import load_file
from submission import THREADS, started, submit, submitted_since, wait_for

from project import Project

MODEL = "results/sample/{}/efficientnet_lite0/{}-seed0.{}"


# Stands for a job on a GPU, and ends when another one is under way, or after some seconds.
MEETING = """
import os, time
from pathlib import Path

own = Path(snakemake.output[0]).stem
Path("met", own).write_text(os.environ["CUDA_VISIBLE_DEVICES"])
end = time.monotonic() + 15
while time.monotonic() < end and len(list(Path("met").iterdir())) < 2:
    time.sleep(0.1)
Path(snakemake.output[0]).touch()
"""


@pytest.mark.parametrize(("partition", "gpus"), [("single", 1), ("gpu", 2)])
def test_jobs_run_together_where_there_are_gpus_for_both(
    cluster: Cluster, finished: Project, partition: str, gpus: int
) -> None:
    finished.path("workflow/scripts/reextract.py").write_text(MEETING)
    finished.path("met").mkdir()
    targets = [
        MODEL.format("descriptors", labeling, "h5") for labeling in ("multi_label", "powerset")
    ]
    for target in targets:
        finished.path(target).unlink()
    before = cluster.jobs()
    there = ("--set-resources", f"reextract:slurm_partition={partition}")
    outcome = submit(finished, cluster, *targets, *there)
    assert outcome.status == 0, outcome.text
    first, second = submitted_since(cluster, before)
    assert first["Partition"] == second["Partition"] == partition
    assert first["NumCPUs"] == second["NumCPUs"] == "4"  # the threads of the rule
    together = moment(second, "StartTime") < moment(first, "EndTime")
    assert together == (gpus == 2)
    cards = {file.read_text() for file in finished.path("met").iterdir()}
    assert len(cards) == gpus


def moment(job: dict[str, str], which: str) -> datetime:
    return datetime.fromisoformat(job[which])


# Stands for a fine-tuning that fails the first time, by labeling, and writes down its jobs.
FAULTY = """
import os, time
from pathlib import Path

labeling = snakemake.wildcards.labeling
jobs = Path(f"{labeling}.jobs")
again = jobs.exists()
with jobs.open("a") as file:
    file.write(os.environ["SLURM_JOB_ID"] + "\\n")
if labeling == "powerset":
    held = bytearray(b"1") * (1200 * 2**20)
if not again:
    time.sleep(600)
elif labeling == "powerset":
    time.sleep(4)  # SLURM looks at the memory every second
for output in snakemake.output:
    Path(output).touch()
"""


def test_jobs_that_are_stopped_are_tried_again_with_more(
    cluster: Cluster, finished: Project
) -> None:
    finished.path("workflow/scripts/finetune.py").write_text(FAULTY)
    labelings = ("single_label", "multi_label", "powerset")
    targets = [MODEL.format("models", labeling, "safetensors") for labeling in labelings]
    for target in targets:
        finished.path(target).unlink()
    more = ("--set-resources", "finetune:mem_mb=attempt*1000", "finetune:runtime=attempt")
    with started(finished, cluster, *targets, *more) as running:
        # What is tried once is cancelled, or runs past its minute, or has too little memory.
        to_cancel = finished.path("single_label.jobs")
        wait_for(finished, running, to_cancel.exists, "the first fine-tuning")
        cluster.call("scancel", to_cancel.read_text().strip())
        outcome = finished.finish(running)
    assert outcome.status == 0, outcome.text
    for labeling, ended in zip(labelings, ("CANCELLED", "TIMEOUT", "FAILED"), strict=True):
        tried = finished.path(f"{labeling}.jobs").read_text().split()
        first, second = map(cluster.job, tried)
        assert (first["JobState"], second["JobState"]) == (ended, "COMPLETED")
        assert (first["MinMemoryNode"], second["MinMemoryNode"]) == ("1000M", "2000M")
        assert (first["TimeLimit"], second["TimeLimit"]) == ("00:01:00", "00:02:00")
    assert all(finished.path(target).exists() for target in targets)


def test_a_preempted_fine_tuning_goes_on_to_the_same_numbers(
    cluster: Cluster, finished: Project, tmp_path: Path
) -> None:
    models = MODEL.format("models", "multi_label", "safetensors")
    curve = MODEL.format("models", "multi_label", "csv")
    finished.configure({"finetuning": {"tail": {"epochs": 25}}})
    undisturbed = finished.clone(tmp_path / "undisturbed")
    made = undisturbed.make(models)
    assert made.status == 0, made.text

    before = cluster.jobs()
    folder = finished.path(models).parent
    with started(finished, cluster, models, *THREADS) as running:
        epochs = ".multi_label-seed0.*/*.pt"
        wait_for(finished, running, lambda: any(folder.glob(epochs)), "an epoch")
        urgent = cluster.call(
            *("sbatch", "--parsable", "--partition=urgent", "--nodelist=n1", "--exclusive"),
            *("--mem=0", f"--output={tmp_path}/urgent.log", "--wrap=true"),
        )
        outcome = finished.finish(running)
    assert outcome.status == 0, outcome.text
    job, other = submitted_since(cluster, before)
    assert (job["Restarts"], other["JobId"]) == ("1", urgent.strip())

    log = finished.path("logs/sample/finetune/efficientnet_lite0/multi_label-seed0.log")
    assert "resumes after epoch" in log.read_text(encoding="utf-8")
    assert not list(folder.glob(".*"))
    assert finished.path(curve).read_bytes() == undisturbed.path(curve).read_bytes()
    one, other = load_file(finished.path(models)), load_file(undisturbed.path(models))
    assert one.keys() == other.keys()
    for name, values in one.items():
        assert values.tobytes() == other[name].tobytes(), name
