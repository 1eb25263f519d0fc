"""Real jobs on a real SLURM, as `--workflow-profile workflow/profiles/slurm` submits them."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from cluster import Cluster, wait_until
from safetensors.numpy import load_file

from project import CORES, LIMIT_SECONDS, SMALL, Outcome, Project

# Soon, since nothing is shared and nobody else is on the cluster.
PROFILE = (
    *("--workflow-profile", "workflow/profiles/slurm", "--latency-wait", "5"),
    *("--slurm-init-seconds-before-status-checks", "1"),
)
# The plugin checks its jobs after 1 s, then 11, 21 …, and 1 s after one has ended.
PATIENCE_SECONDS = LIMIT_SECONDS
THREADS = CORES[2:]
GPU_RULES = ("extract", "finetune", "reextract")
TABLES = tuple(
    f"results/sample/tables/{name}" for name in ("gain.csv", "by_label.csv", "index.html")
)
COMPARISON = "results/sample/tables/comparison.csv"
MODEL = "results/sample/{}/efficientnet_lite0/{}-seed0.{}"


def submit(project: Project, cluster: Cluster, *arguments: str) -> Outcome:
    return project.finish(project.start(*arguments, *PROFILE, environment=cluster.environment))


def rule_of(job: dict[str, str]) -> str:
    return job["Comment"].removeprefix("rule_").partition("_wildcards")[0]


def submitted_since(cluster: Cluster, before: list[dict[str, str]]) -> list[dict[str, str]]:
    return cluster.jobs()[len(before) :]


def same_tables(on_cluster: Project, local: Project) -> None:
    names = {path for path in on_cluster.made() if "/tables/" in path or "/scores/" in path}
    assert len([name for name in names if "/tables/" in name]) == 7
    for name in names:
        assert on_cluster.path(name).read_bytes() == local.path(name).read_bytes(), name


@contextmanager
def started(
    project: Project, cluster: Cluster, *arguments: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Submit, and see to it that Snakemake has ended at the end."""
    running = project.start(*arguments, *PROFILE, environment=cluster.environment)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def wait_for(
    project: Project, running: subprocess.Popen[bytes], made: Callable[[], bool], what: str
) -> None:
    """Wait for something that a run makes; fail with its output if it ends before."""
    wait_until(lambda: made() or running.poll() is not None, what, PATIENCE_SECONDS)
    assert made(), project.printed()


def test_tiles_become_the_tables_of_a_local_run(
    cluster: Cluster, project: Project, finished: Project
) -> None:
    run = {"labelings": ["multi_label"], "backbones": ["efficientnet_lite0", "color_histogram"]}
    before = cluster.jobs()
    outcome = submit(project.configure({**SMALL, "run": run}), cluster, *TABLES, *THREADS)
    assert outcome.status == 0, outcome.text
    local = finished.configure({"run": run}).make(*TABLES)
    assert local.status == 0, local.text
    same_tables(project, finished)

    jobs = submitted_since(cluster, before)
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    by_rule = {rule_of(job): job for job in jobs}
    # What follows each other is one job: `learn` and `judge` are groups.
    assert sorted(rule_of(job) for job in jobs) == [
        *("archive", "bounds", "by_label", "by_scene", "compare", "contrasts", "describe"),
        *("extract", "gain", "judge_retrieve_score", "judge_retrieve_score"),
        *("judge_retrieve_score", "learn_finetune_reextract", "overview", "split"),
        *("summary", "synthetic"),
    ]
    for rule, job in by_rule.items():
        on_gpu = any(name in rule for name in GPU_RULES)
        assert job["Partition"] == ("gpu" if on_gpu else "main"), rule
        assert job.get("TresPerJob") == ("gres:gpu:1" if on_gpu else None), rule
    requests = {rule: (job["NumCPUs"], job["MinMemoryNode"]) for rule, job in by_rule.items()}
    assert requests["archive"] == ("4", "2000M")
    assert requests["extract"] == ("1", "8000M")
    assert requests["compare"] == ("1", "4000M")
    assert by_rule["extract"]["TimeLimit"] == "02:00:00"
    assert by_rule["learn_finetune_reextract"]["TimeLimit"] == "03:00:00"


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


# Keeps a job running until it is released.
HELD = """
import time
from pathlib import Path

end = time.monotonic() + 300
while time.monotonic() < end and not Path("released").exists():
    time.sleep(0.1)
"""


def test_a_run_outlives_its_controller_and_goes_on_after_its_own_end(
    cluster: Cluster, project: Project, small_run: tuple[Project, Outcome]
) -> None:
    project.configure({**SMALL, "run": {"labelings": [], "backbones": ["color_histogram"]}})
    script = project.path("workflow/scripts/synthetic.py")
    script.write_text(HELD + script.read_text(encoding="utf-8"), encoding="utf-8")
    before = cluster.jobs()
    with started(project, cluster, COMPARISON, *THREADS) as running:
        wait_for(project, running, lambda: bool(submitted_since(cluster, before)), "a job")
        (held,) = submitted_since(cluster, before)
        cluster.kill_controller(held["JobId"])
        cluster.start_controller()
        project.path("released").touch()
        bounds = project.path("results/sample/scores/bounds.csv")
        wait_for(project, running, bounds.exists, "the bounds")
    held = cluster.job(held["JobId"])
    assert (held["JobState"], held["Restarts"]) == ("COMPLETED", "0")
    cluster.call("scancel", "--user", str(os.getuid()))
    wait_until(lambda: not cluster.call("squeue", "--noheader"), "an empty queue")
    assert project.run("--unlock").status == 0
    outcome = submit(project, cluster, COMPARISON, *THREADS)
    assert outcome.status == 0, outcome.text
    assert "synthetic" not in outcome.jobs

    local = small_run[0]
    for scores in ("bounds", "color_histogram/off_the_shelf"):
        path = f"results/sample/scores/{scores}.csv"
        assert project.path(path).read_bytes() == local.path(path).read_bytes()
    header, *rows = project.path(COMPARISON).read_bytes().splitlines()
    assert len(rows) == (1 + 3) * 2 * 2  # with the bounds, of each protocol and cutoff
    assert {header, *rows} <= set(local.path(COMPARISON).read_bytes().splitlines())
