"""A run with all kinds of jobs that lead to a table, small enough to be disturbed often."""

from pathlib import Path
from typing import Any

from own_tiles import write_tiles
from project import Project

CONFIG: dict[str, Any] = {
    "archives": {"mine": {"kind": "table", "root": "mine", "labels": "mine.csv"}},
    "split": {"test_fraction": 0.4},
    "finetuning": {"head": {"epochs": 2}, "tail": {"epochs": 2}},
    "retrieval": {"cutoffs": [2]},
    "run": {
        "archives": ["mine"],
        "backbones": ["efficientnet_lite0"],
        "labelings": ["multi_label"],
        "seeds": [0],
    },
}
TABLES = ("comparison.csv", "contrasts.csv", "by_label.csv")
TARGETS = [f"results/mine/tables/{table}" for table in TABLES]


def tables_of(project: Project) -> dict[str, bytes]:
    return {path: project.path(path).read_bytes() for path in TARGETS}


def prepared(folder: Path) -> Project:
    """Copy the project to a folder, with an archive of its own."""
    project = Project.copied_to(folder).configure(CONFIG)
    write_tiles(project.path("mine"), project.path("mine.csv"), scenes=True, per_scene=6)
    return project
