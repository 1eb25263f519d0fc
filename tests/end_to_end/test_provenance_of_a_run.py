"""What a run tells of its making, and whether its results are still that."""

import json
import os
import subprocess
from pathlib import Path

from own_tiles import write_tiles
from project import Outcome, Project

RESULTS = "results/sample"
AUTHOR = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "EMAIL"), "nobody")


def record_of(project: Project, archive: str) -> dict[str, dict]:
    return json.loads(project.path(f"results/{archive}/provenance.json").read_text())


def test_each_file_of_a_run_is_in_its_record(small_run: tuple[Project, Outcome]) -> None:
    project, _ = small_run
    record = record_of(project, "sample")
    outputs = {path for job in record["jobs"].values() for path in job["outputs"]}
    tiles = f"{RESULTS}/tiles"
    assert tiles in outputs
    made = {path for path in project.made() if not path.startswith(f"{tiles}/")}
    assert outputs - {tiles} == made
    (config,) = record["configs"].values()
    assert config["archives"]["sample"]["images_per_scene"] == 5
    finetune = record["jobs"]["finetune/efficientnet_lite0/multi_label-seed0"]
    assert finetune["versions"].keys() >= {"torch", "numpy", "h5py"}
    assert (
        finetune["inputs"][f"{RESULTS}/split.csv"]
        == (record["jobs"]["split"]["outputs"][f"{RESULTS}/split.csv"])
    )


def test_a_finished_run_is_as_it_was_made_until_a_file_is_changed(finished: Project) -> None:
    before = finished.check("sample")
    assert before.returncode == 0, before.stdout + before.stderr
    scores = f"{RESULTS}/scores/lbp/off_the_shelf.csv"
    with finished.path(scores).open("a") as file:
        file.write("\n")
    after = finished.check("sample")
    assert after.returncode == 1
    lines = after.stdout.splitlines()
    assert f"altered  {scores}: differs from the output of score" in lines
    assert f"stale    {RESULTS}/tables/comparison.csv: {scores} has changed since" in lines
    assert f"stale    {RESULTS}/tables/gain.csv: {RESULTS}/tables/contrasts.csv is stale" in lines


def test_an_archive_without_results_is_told_in_one_line(project: Project) -> None:
    done = project.check("sample")
    assert done.returncode == 1
    assert done.stderr == (
        "rsir: results/sample/provenance.json: there is no record; run snakemake for this archive\n"
    )


def test_a_job_tells_the_commit_and_whether_files_were_changed_since(project: Project) -> None:
    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=project.folder,
            env={**os.environ, **AUTHOR},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def code_of(job: str) -> str:
        return record_of(project, "mine")["jobs"][job]["circumstances"]["code"]

    write_tiles(project.path("mine"), project.path("mine.csv"), scenes=True)
    archive = {"kind": "table", "root": "mine", "labels": "mine.csv"}
    project.configure({"archives": {"mine": archive}, "retrieval": {"cutoffs": [1]}})
    git("init", "--quiet")
    git("add", "Snakefile", "workflow", "config")
    git("commit", "--quiet", "--message", "Begin")
    assert project.make("results/mine/split.csv").status == 0
    assert code_of("split") == git("rev-parse", "HEAD")

    with project.path("config/config.yaml").open("a") as file:
        file.write("\n")
    assert project.make("results/mine/scores/bounds.csv").status == 0
    assert code_of("bounds") == git("rev-parse", "HEAD") + "-dirty"
    assert code_of("split") == git("rev-parse", "HEAD")


def test_jobs_import_the_library_of_their_own_folder(project: Project) -> None:
    project.path("workflow/scripts/rsir/archives/synthetic.py").write_text(
        "raise SystemExit('of this folder')"
    )
    outcome = project.make("results/sample/tiles")
    assert outcome.status != 0
    assert "of this folder" in outcome.text


def test_a_run_that_fails_records_what_it_made(project: Project) -> None:
    Path(project.path("workflow/scripts/rsir/archives/split_methods.py")).write_text(
        "raise SystemExit"
    )
    assert project.make(f"{RESULTS}/split.csv").status != 0
    assert record_of(project, "sample")["jobs"].keys() == {"synthetic", "archive"}
