"""The experiment of the thesis on 840 synthetic tiles, with random weights and one seed."""

from collections.abc import Iterator
from typing import Any

import yaml
from engine import CORES, project, seconds, seconds_by_rule
from measure import Row

THESIS = ("vgg16", "inception_v3", "resnet50")
LABELINGS = ["single_label", "multi_label", "powerset"]
LONGEST = 5
"""Number of rules to report, those with the longest run time."""


def measure() -> Iterator[Row]:
    """Measure all labelings except `independent`, then `independent` of one network."""
    config: dict[str, Any] = {
        "archives": {"sample": {"images_per_scene": 40}},
        "backbones": {network: {"weights": "random"} for network in THESIS},
        "run": {"archives": ["sample"], "labelings": LABELINGS, "seeds": [0]},
    }
    with project() as folder:
        (folder / "benchmark.yaml").write_text(yaml.safe_dump(config))
        arguments = (*CORES, "--configfile", "config/ucmerced.yaml", "benchmark.yaml")
        yield Row("experiment", "thesis without independent", "here", seconds(folder, *arguments))
        for rule, duration in list(seconds_by_rule(folder).items())[:LONGEST]:
            yield Row("experiment", f"rule {rule}", "here", duration)
        target = "results/sample/scores/resnet50/independent-seed0.csv"
        duration = seconds(folder, *arguments[:2], target, *arguments[2:])
        yield Row("experiment", "independent of resnet50 on top", "here", duration)
