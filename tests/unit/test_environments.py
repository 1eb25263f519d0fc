"""What is installed is the same, however it is installed."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA_NAMES = {
    "pytorch": "torch",
    "py-opencv": "opencv-python-headless",
    "matplotlib-base": "matplotlib",
}


def split(requirement: str) -> tuple[str, str]:
    """Return name and range of a requirement."""
    name, bounds = re.fullmatch(r"([\w-]+) ?(.*)", requirement).groups()
    return CONDA_NAMES.get(name, name.replace("_", "-")), bounds


RANGES = dict(map(split, PROJECT["dependencies"]))


def test_each_dependency_is_pinned():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]
    names = {re.split("[<>=]", name)[0].replace("_", "-") for name in wanted}
    assert {name.replace("_", "-") for name in pins} == names


@pytest.mark.parametrize("file", ["torch.yaml", "handmade.yaml", "tables.yaml", "pictures.yaml"])
def test_environments_of_rules_have_the_same_ranges(file):
    dependencies = yaml.safe_load((ROOT / "envs" / file).read_text())["dependencies"]
    by_pip = next(item["pip"] for item in dependencies if isinstance(item, dict))
    named = [item for item in dependencies if isinstance(item, str) and item != "pip"]
    ranges = dict(map(split, [*named, *by_pip]))
    assert ranges.pop("python") == PROJECT["requires-python"]
    assert ranges == {name: RANGES[name] for name in ranges}
