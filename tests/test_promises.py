"""Each promise names tests that are there."""

import re

import pytest

from project import ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "PROMISES.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| promise")
]


@pytest.mark.parametrize(("promise", "tests"), ROWS, ids=[row[0][:50] for row in ROWS])
def test_a_promise_is_held(promise: str, tests: str) -> None:
    named = re.findall(r"`(tests/\S+?)::(\w+)`", tests)
    assert promise
    assert named
    for file, test in named:
        assert f"\ndef {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"
