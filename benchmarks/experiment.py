"""Whole runs, and what the workflow engine takes of them."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from measure import Row, timed

ROOT = Path(__file__).parents[1]
CORES = ("--cores", "all")
THESIS = ("vgg16", "inception_v3", "resnet50")


def measure_engine() -> Iterator[Row]:
    """Measure the default run, then what Snakemake takes for nothing and for one small job."""
    with project() as folder:
        for case, arguments in (
            ("dry run of the default", ("--dry-run",)),
            (
                "dry run of the thesis, five seeds",
                ("--dry-run", "--configfile", "config/ucmerced.yaml"),
            ),
            ("default run", ()),
            ("default run, nothing to do", ()),
            ("one small job", ("--forcerun", "split", "--", "results/sample/split.csv")),
        ):
            yield Row("engine", case, "here", seconds(folder, *CORES, *arguments))


def measure_experiment() -> Iterator[Row]:
    """Measure the thesis' config on 840 drawn tiles with random weights, one seed."""
    labelings = ["single_label", "multi_label", "powerset"]
    config: dict[str, Any] = {
        "archives": {"sample": {"images_per_scene": 40}},
        "backbones": {network: {"weights": "random"} for network in THESIS},
        "run": {"archives": ["sample"], "seeds": [0]},
    }
    with project() as folder:
        for case, chosen in (
            ("without independent", labelings),
            ("independent on top", [*labelings, "independent"]),
        ):
            config["run"]["labelings"] = chosen
            (folder / "own.yaml").write_text(yaml.safe_dump(config))
            files = ("--configfile", "config/ucmerced.yaml", "own.yaml")
            yield Row(
                "experiment", f"thesis, 840 tiles, {case}", "here", seconds(folder, *CORES, *files)
            )


@contextmanager
def project() -> Iterator[Path]:
    """Copy what a clone has to a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy2(ROOT / "Snakefile", folder)
        for part in ("config", "workflow", "envs"):
            shutil.copytree(ROOT / part, folder / part)
        yield folder


def seconds(folder: Path, *arguments: str) -> float:
    """Return how long Snakemake runs."""
    _, taken = timed(
        lambda: subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    )
    return taken
