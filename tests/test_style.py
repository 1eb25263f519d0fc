"""The checks of style and types, over the whole project."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from project import ROOT, SCRIPTS

RULE_FILES = ["Snakefile", "workflow/rules"]

CHECKS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "import-linter": ["lint-imports", "--no-cache"],
    "snakefmt": ["snakefmt", "--check", *RULE_FILES],
    "snakemake --lint": ["snakemake", "--lint"],
}


@pytest.mark.parametrize("command", CHECKS.values(), ids=CHECKS.keys())
def test_is_clean(command: list[str]) -> None:
    tool = Path(sys.executable).with_name(command[0])
    checked = subprocess.run(
        [tool, *command[1:]],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_packages_hold_no_code() -> None:
    """The inputs of a rule leave `__init__.py` files out."""
    for file in SCRIPTS.rglob("__init__.py"):
        (docstring,) = ast.parse(file.read_text(encoding="utf-8")).body
        assert isinstance(docstring, ast.Expr), file
