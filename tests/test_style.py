"""The checks of style and types, over the whole project."""

import subprocess
import sys
from pathlib import Path

import pytest

from project import ROOT

RULE_FILES = ["Snakefile", "workflow/rules"]

CHECKS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "snakefmt": ["snakefmt", "--check", *RULE_FILES],
    "snakemake --lint": ["snakemake", "--lint"],
}


@pytest.mark.parametrize("command", CHECKS.values(), ids=CHECKS.keys())
def test_is_clean(command: list[str]) -> None:
    tool = Path(sys.executable).with_name(command[0])
    checked = subprocess.run(
        [tool, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
