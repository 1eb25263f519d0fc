"""What is installed is the same, however it is installed."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from project import ROOT, SCRIPTS

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA_NAMES = {
    "pytorch": "torch",
    "py-opencv": "opencv-python-headless",
    "matplotlib-base": "matplotlib",
}
IMPORT_NAMES = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "faiss": "faiss-cpu",
    "huggingface_hub": "huggingface-hub",
    "iterstrat": "iterative-stratification",
    "markdown_it": "markdown-it-py",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
RULES = dict(
    re.findall(
        r'^rule (\w+):\n(?:    .*\n|\n)*?    conda:\n        "\.\./\.\./(envs/\w+\.yaml)"$',
        "".join(file.read_text() for file in sorted((ROOT / "workflow" / "rules").glob("*.smk"))),
        re.M,
    )
)


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


def in_environment(file: str) -> dict[str, str]:
    """Return what an environment has, and in which range."""
    dependencies = yaml.safe_load((ROOT / file).read_text())["dependencies"]
    by_pip = next(item["pip"] for item in dependencies if isinstance(item, dict))
    named = [item for item in dependencies if isinstance(item, str) and item != "pip"]
    return dict(map(split, [*named, *by_pip]))


def imports(file: Path) -> set[str]:
    """Return the modules that a file imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    names = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return names | {node.module for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("rule", RULES)
def test_the_environment_of_a_rule_has_all_that_its_script_may_import(rule):
    seen, waiting, packages = set(), [SCRIPTS / f"{rule}.py"], set()
    while waiting:
        for name in imports(waiting.pop()) - seen:
            seen.add(name)
            own = SCRIPTS.joinpath(*name.split(".")).with_suffix(".py")
            top = name.split(".")[0]
            if top == "rsir":
                waiting.append(own)
            elif top not in sys.stdlib_module_names:
                packages.add(IMPORT_NAMES.get(top, top))
    assert packages <= in_environment(RULES[rule]).keys()


@pytest.mark.parametrize("file", ["torch.yaml", "handcrafted.yaml", "tables.yaml", "figures.yaml"])
def test_environments_of_rules_have_the_same_ranges(file):
    ranges = in_environment(f"envs/{file}")
    assert ranges.pop("python") == PROJECT["requires-python"]
    assert ranges == {name: RANGES[name] for name in ranges}
