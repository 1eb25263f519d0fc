"""The whole thesis: its config on 840 drawn tiles with random weights, one seed."""

from collections.abc import Iterator
from typing import Any

import yaml
from engine import CORES, project, seconds, seconds_by_rule
from measure import Row

THESIS = ("vgg16", "inception_v3", "resnet50")
LABELINGS = ["single_label", "multi_label", "powerset"]
LONGEST = 5
"""How many rules are named, of those that took longest."""


def measure() -> Iterator[Row]:
    """Measure all labelings but `independent`, and what that adds for one network."""
    config: dict[str, Any] = {
        "archives": {"sample": {"images_per_scene": 40}},
        "backbones": {network: {"weights": "random"} for network in THESIS},
        "run": {"archives": ["sample"], "labelings": LABELINGS, "seeds": [0]},
    }
    with project() as folder:
        (folder / "own.yaml").write_text(yaml.safe_dump(config))
        arguments = (*CORES, "--configfile", "config/ucmerced.yaml", "own.yaml")
        yield Row("experiment", "thesis without independent", "here", seconds(folder, *arguments))
        for rule, taken in list(seconds_by_rule(folder).items())[:LONGEST]:
            yield Row("experiment", f"of it, {rule}", "here", taken)
        target = "results/sample/scores/resnet50/independent-seed0.csv"
        taken = seconds(folder, *arguments[:2], target, *arguments[2:])
        yield Row("experiment", "independent of resnet50 on top", "here", taken)
