"""A run with all kinds of jobs that lead to a table, small enough to be disturbed often."""

from pathlib import Path
from typing import Any

from PIL import Image

from project import Project
from rsir.sample import draw_tile

LABELS = ("cars", "pavement", "sand", "trees")
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
WANTED = [f"results/mine/tables/{table}" for table in TABLES]


def tables_of(project: Project) -> dict[str, bytes]:
    return {path: project.path(path).read_bytes() for path in WANTED}


def prepared(folder: Path) -> Project:
    """Copy the project to a folder, with 15 tiles in 3 scenes."""
    project = Project.copied_to(folder).configure(CONFIG)
    project.path("mine").mkdir()
    rows = [",".join(("image", "scene", *LABELS))]
    for scene in ("beach", "forest", "parkinglot"):
        for index in range(5):
            tile, seen = draw_tile(scene, index, seed=0)
            Image.fromarray(tile).save(project.path(f"mine/{scene}{index}.png"))
            flags = (str(int(label in seen)) for label in LABELS)
            rows.append(",".join((f"{scene}{index}", scene, *flags)))
    project.path("mine.csv").write_text("\n".join([*rows, ""]))
    return project
