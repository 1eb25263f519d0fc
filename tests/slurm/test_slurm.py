"""Whole runs on a real SLURM, as `--workflow-profile workflow/profiles/slurm` submits them."""

import os

import pytest
from cluster import Cluster, wait_until
from submission import THREADS, started, submit, submitted_since, wait_for

from project import SMALL, Outcome, Project

GPU_RULES = ("extract", "finetune", "reextract")
TABLES = tuple(
    f"results/sample/tables/{name}" for name in ("gain.csv", "by_label.csv", "index.html")
)


def rule_of(job: dict[str, str]) -> str:
    return job["Comment"].removeprefix("rule_").partition("_wildcards")[0]


def same_tables(on_cluster: Project, local: Project) -> None:
    names = {path for path in on_cluster.made() if "/tables/" in path or "/scores/" in path}
    assert len([name for name in names if "/tables/" in name]) == 8
    for name in names:
        assert on_cluster.path(name).read_bytes() == local.path(name).read_bytes(), name


def test_tiles_become_the_tables_of_a_local_run(
    cluster: Cluster, project: Project, request: pytest.FixtureRequest
) -> None:
    run = {"labelings": ["multi_label"], "backbones": ["efficientnet_lite0", "color_histogram"]}
    before = cluster.jobs()
    outcome = submit(project.configure({**SMALL, "run": run}), cluster, *TABLES, *THREADS)
    assert outcome.status == 0, outcome.text
    finished: Project = request.getfixturevalue("finished")  # which may be made meanwhile
    local = finished.configure({"run": run}).make(*TABLES)
    assert local.status == 0, local.text
    same_tables(project, finished)

    jobs = submitted_since(cluster, before)
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    by_rule = {rule_of(job): job for job in jobs}
    # What follows each other is one job: `learn` and `judge` are groups.
    assert sorted(rule_of(job) for job in jobs) == [
        *("archive", "bounds", "by_label", "by_scene", "compare", "contrasts", "describe"),
        *("duplicates", "extract", "gain", "judge_retrieve_score", "judge_retrieve_score"),
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


# Keeps a job running until it is released.
HELD = """
import time
from pathlib import Path

end = time.monotonic() + 300
while time.monotonic() < end and not Path("released").exists():
    time.sleep(0.1)
"""


def test_a_run_outlives_its_controller_and_goes_on_after_its_own_end(
    cluster: Cluster, finished: Project, small_run: tuple[Project, Outcome]
) -> None:
    script = finished.path("workflow/scripts/describe.py")
    script.write_text(HELD + script.read_text(encoding="utf-8"), encoding="utf-8")
    scores = "results/sample/scores/color_histogram/off_the_shelf.csv"
    before = cluster.jobs()
    with started(finished, cluster, scores, *THREADS) as running:
        wait_for(finished, running, lambda: bool(submitted_since(cluster, before)), "a job")
        (held,) = submitted_since(cluster, before)
        cluster.kill_controller(held["JobId"])
        cluster.start_controller()
        finished.path("released").touch()
        wait_for(
            finished, running, lambda: len(submitted_since(cluster, before)) == 2, "the next job"
        )
    held = cluster.job(held["JobId"])
    assert rule_of(held) == "describe"
    assert (held["JobState"], held["Restarts"]) == ("COMPLETED", "0")
    cluster.call("scancel", "--user", str(os.getuid()))
    wait_until(lambda: not cluster.call("squeue", "--noheader"), "an empty queue")
    assert finished.run("--unlock").status == 0
    outcome = submit(finished, cluster, scores, *THREADS)
    assert outcome.status == 0, outcome.text
    assert outcome.jobs == {"retrieve": 1, "score": 1}
    assert finished.path(scores).read_bytes() == small_run[0].path(scores).read_bytes()


# Keeps shards until two run, and the one on the second node until that is killed.
MET = """
import os
import time
from pathlib import Path

node = os.environ["SLURMD_NODENAME"]
Path("met", node).write_text(os.environ["SLURM_JOB_ID"])
end = time.monotonic() + 300
while time.monotonic() < end and (node == "n2" or not Path("met/n2").exists()):
    time.sleep(0.1)
"""


def test_shards_run_on_two_nodes_and_outlive_one(
    cluster: Cluster, finished: Project, small_run: tuple[Project, Outcome]
) -> None:
    finished.divide(2)
    script = finished.path("workflow/scripts/extract_shard.py")
    script.write_text(MET + script.read_text(encoding="utf-8"), encoding="utf-8")
    finished.path("met").mkdir()
    first, second = (finished.path("met", node) for node in ("n1", "n2"))
    descriptors, scores = (
        f"results/sample/{kind}/efficientnet_lite0/off_the_shelf.{ending}"
        for kind, ending in (("descriptors", "h5"), ("scores", "csv"))
    )
    whole_nodes = [
        *("--set-resources", "extract_shard:slurm_partition=main"),
        "extract_shard:slurm_extra='--exclusive'",
    ]
    before = cluster.jobs()
    with started(finished, cluster, descriptors, *THREADS, *whole_nodes) as running:
        wait_for(finished, running, lambda: first.exists() and second.exists(), "two shards")
        lost = second.read_text()
        cluster.kill_node("n2", lost)
        outcome = finished.finish(running)
    cluster.start_node("n2")
    assert outcome.status == 0, outcome.text
    shards = [job for job in submitted_since(cluster, before) if rule_of(job) == "extract_shard"]
    completed = [job for job in shards if job["JobState"] == "COMPLETED"]
    assert [job["NodeList"] for job in completed] == ["n1", "n1"]
    again = next(job for job in shards if job["JobId"] == lost)
    assert again["Restarts"] == "1" or again not in completed
    made = finished.make(scores)
    assert made.jobs == {"retrieve": 1, "score": 1}, made.text
    assert finished.path(scores).read_bytes() == small_run[0].path(scores).read_bytes()
