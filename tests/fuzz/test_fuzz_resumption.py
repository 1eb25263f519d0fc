"""States of unfinished fine-tunings: damaged files and arbitrary contents."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from damage import Damage, damaged, damages, jsons
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rsir.training.resumption import Resumption

STATE = {
    "stage": "head",
    "epoch": 2,
    "curve": "[]",
    "head": {"weight": torch.arange(30.0), "bias": torch.ones(2)},
}


def assert_same(state: dict[str, Any], expected: dict[str, Any]) -> None:
    assert state.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, dict):
            assert_same(state[name], value)
        else:
            assert np.array_equal(state[name], value)


def saved_state(folder: Path, state: object) -> tuple[Resumption, Path]:
    states = Resumption(folder / "states")
    states.write("sea", state)  # type: ignore[arg-type]
    (path,) = (folder / "states").iterdir()
    return states, path


@settings(deadline=None, max_examples=100, derandomize=True)
@given(damages)
@example([("flip", 0.5, 0, b"\0")])
def test_a_damaged_state_is_ignored_or_read_unchanged(folder: Path, damage: Damage) -> None:
    states, path = saved_state(folder, STATE)
    path.write_bytes(damaged(path.read_bytes(), damage, b"\0" * 4096))
    state = states.read("sea")
    if state is not None:
        assert_same(state, STATE)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(jsons | st.fixed_dictionaries({}, optional={"stage": jsons, "epoch": jsons, "head": jsons}))
@example([])
@example({"stage": "head"})
@example({"stage": "head", "epoch": "two"})
def test_a_state_without_an_epoch_is_ignored(folder: Path, state: object) -> None:
    loaded = saved_state(folder, state)[0].read("sea")
    valid = isinstance(state, dict) and {"stage", "epoch"} <= state.keys()
    assert (loaded is not None) == valid
