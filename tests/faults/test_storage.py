"""A full disk, and one that is read-only: one line, nothing half-made. The next run goes on."""

import subprocess
from pathlib import Path

import pytest
from whole_run import TARGETS, prepared, tables_of

from project import CORES, LIMIT_SECONDS, Project

NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
"""In which a file system can be mounted without rights, and is gone when the process ends."""

TABLES = "results/mine/tables"


@pytest.fixture
def mounted(tmp_path: Path) -> Project:
    """A project in shards, whose results will be a file system of their own."""
    probe = subprocess.run(
        [*NAMESPACE, "mount", "-t", "tmpfs", "none", str(tmp_path)],
        capture_output=True,
        check=False,
    )
    if probe.returncode != 0:
        pytest.skip("mounting needs user namespaces, which are switched off here")
    project = prepared(tmp_path / "project").divide(2)
    project.path("results").mkdir()
    project.path("kept").mkdir()
    return project


def run_in_namespace(project: Project, *steps: str) -> str:
    """Run steps of a shell, in which `"$@"` runs Snakemake; return what they print."""
    command = project.command(*TARGETS, *CORES)
    done = subprocess.run(
        [*NAMESPACE, "sh", "-c", "\n".join(steps), "sh", *command],
        cwd=project.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=LIMIT_SECONDS,
    )
    return done.stdout


def errors(text: str) -> list[str]:
    return [line.removeprefix("ERROR: ") for line in text.splitlines() if "ERROR: " in line[:7]]


def test_a_full_disk(mounted: Project, undisturbed: tuple[Project, float]) -> None:
    """The disk is full twice, at a larger file each time, before it is large enough."""
    text = run_in_namespace(
        mounted,
        "mount -t tmpfs -o size=200k none results",
        '"$@"; echo "status $?"',
        "find results -type f > made0.txt",
        "mount -o remount,size=4m results",
        "echo and then",
        '"$@"; echo "status $?"',
        "find results -type f > made1.txt",
        "mount -o remount,size=1g results",
        "echo and then",
        '"$@"; echo "status $?"',
        f"cp {TABLES}/*.csv kept",
    )
    *full, last = text.split("and then\n")
    files = (
        (
            "results/mine/activations/efficientnet_lite0/",
            "results/mine/shards/efficientnet_lite0/off_the_shelf/",
            "results/mine: ",  # a temporary file of the search for duplicates
        ),
        ("results/mine/models/efficientnet_lite0/multi_label-seed0.",),
    )
    for number, (text_of_run, any_of) in enumerate(zip(full, files, strict=True)):
        assert_full(text_of_run, any_of)
        files_left = mounted.path(f"made{number}.txt").read_text().splitlines()
        assert not any(".partial" in path for path in files_left)
    assert "status 0" in last, last
    for path, content in tables_of(undisturbed[0]).items():
        assert mounted.path("kept", Path(path).name).read_bytes() == content
    assert "rule extract_shard:" not in last


def assert_full(text: str, any_of: tuple[str, ...]) -> None:
    """One line for each file that did not fit; one of them starts as one of `any_of` does."""
    assert "status 1" in text
    assert "Traceback" not in text
    lines = errors(text)
    assert lines
    assert all(line.endswith(": the disk is full; make room and run again") for line in lines)
    assert any(line.startswith(any_of) for line in lines)


def test_read_only_results(mounted: Project, undisturbed: tuple[Project, float]) -> None:
    project = undisturbed[0].clone(mounted.path("copy"))
    project.path("results/mine/tables/contrasts.csv").unlink()
    text = run_in_namespace(project, "mount --bind -o ro results results", '"$@"; echo "status $?"')
    assert "status 1" in text
    assert "Traceback" not in text
    assert "results: not writable; work in a writable folder or change the permissions" in text
