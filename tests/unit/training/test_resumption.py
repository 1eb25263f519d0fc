"""States of unfinished fine-tunings: when they are resumed and when they are removed."""

import logging
from contextlib import suppress

import pytest
import torch

from rsir.core.errors import InputError
from rsir.training.resumption import Resumption, resumable

MADE_FROM = {"seed": 0, "archive_sha256": "12"}
STATE = {"stage": "head", "epoch": 2, "head": {"weight": torch.arange(3.0)}}


def interrupt(models, made_from=MADE_FROM, state=STATE):
    with suppress(KeyboardInterrupt), resumable(models, made_from) as states:
        states.write("sea", state)
        raise KeyboardInterrupt


def read(models, made_from=MADE_FROM):
    """Read the state of `sea`, and stop again, so that the state is kept."""
    loaded = []
    with suppress(KeyboardInterrupt), resumable(models, made_from) as states:
        loaded.append(states.read("sea"))
        raise KeyboardInterrupt
    return loaded[0]


@pytest.fixture
def models(tmp_path):
    return tmp_path / "multi_label-seed0.safetensors"


def test_a_saved_state_is_read(models, caplog):
    interrupt(models)
    with caplog.at_level(logging.INFO):
        state = read(models)
    assert state.keys() == STATE.keys()
    assert state["head"]["weight"].equal(STATE["head"]["weight"])
    assert caplog.messages == ["sea: resumes after epoch 2 of stage head"]


def test_a_later_state_replaces_an_earlier_one(models):
    interrupt(models)
    interrupt(models, state={**STATE, "epoch": 3})
    assert read(models)["epoch"] == 3


def epochs_written(folder, several, states):
    """Offer the states of a network, and return the epochs that are on the disk after each."""
    resumption = Resumption(folder)
    written = []
    for epoch, last in states:
        resumption.write_sometimes("sea", several, {"stage": "head", "epoch": epoch, "last": last})
        written.append(resumption.read("sea")["epoch"])
    return written


def test_a_state_is_saved_at_first_and_after_a_while(tmp_path, monkeypatch):
    epochs = [(1, False), (2, False), (3, True)]
    assert epochs_written(tmp_path / "one", False, epochs) == [1, 1, 1]
    assert epochs_written(tmp_path / "several", True, epochs) == [1, 1, 3]
    monkeypatch.setattr("rsir.training.resumption.SECONDS", 0)
    assert epochs_written(tmp_path / "slow", False, epochs) == [1, 2, 3]


def test_a_training_with_other_inputs_is_not_resumed(models):
    interrupt(models)
    assert read(models, {**MADE_FROM, "seed": 1}) is None
    assert read(models.with_name("multi_label-seed1.safetensors")) is None
    assert read(models) is not None


def test_states_are_removed_once_the_models_are_written(models):
    interrupt(models, {**MADE_FROM, "archive_sha256": "34"})
    interrupt(models)
    other = models.with_name("multi_label-seed01.safetensors")
    interrupt(other)
    with resumable(models, MADE_FROM):
        pass
    assert read(models) is None
    assert read(other) is not None
    assert len(list(models.parent.iterdir())) == 1


def test_states_are_removed_after_an_input_error(models):
    with suppress(InputError), resumable(models, MADE_FROM) as states:
        states.write("sea", STATE)
        raise InputError("the loss is not finite")
    assert list(models.parent.iterdir()) == []


class Code:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return exec, (f"open({str(self.path)!r}, 'w')",)


def test_a_state_that_would_execute_code_is_ignored(models, tmp_path, caplog):
    interrupt(models, state={**STATE, "code": Code(tmp_path / "run")})
    assert read(models) is None
    assert not (tmp_path / "run").exists()
    assert "cannot be read" in caplog.text


def test_a_damaged_state_is_ignored(models, caplog):
    interrupt(models)
    (file,) = models.parent.rglob("*.pt")
    file.write_bytes(file.read_bytes()[:-100])
    assert read(models) is None
    assert "sea restarts from the beginning" in caplog.text
