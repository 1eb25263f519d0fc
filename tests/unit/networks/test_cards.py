"""Which GPUs are visible, and the locks of processes that compete for them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from project import SCRIPTS
from rsir.networks.cards import has_code_for, parse_listing, selected

WITH_SLICES = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aa11)
  MIG 3g.20gb     Device  0: (UUID: MIG-1111)
  MIG 3g.20gb     Device  1: (UUID: MIG-1222)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-ab22)
"""
LISTING = {"GPU-aa11": ["MIG-1111", "MIG-1222"], "GPU-ab22": ["GPU-ab22"]}


def test_slices_stand_for_their_gpu():
    assert parse_listing(WITH_SLICES) == LISTING
    assert parse_listing("No devices found.\n") == {}


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (None, ["MIG-1111", "MIG-1222", "GPU-ab22"]),
        ("", []),
        ("1", ["GPU-ab22"]),
        ("1, 0", ["GPU-ab22", "MIG-1111", "MIG-1222"]),
        ("GPU-ab", ["GPU-ab22"]),
        ("MIG-1222", ["MIG-1222"]),
        ("GPU-a", []),  # fits both
        ("1,-1,0", ["GPU-ab22"]),  # as CUDA does: nothing after an entry that fits none
        ("2", []),
        ("NoDevFiles", []),
        ("1,1", ["GPU-ab22"]),
    ],
)
def test_a_variable_selects_by_number_or_name(chosen, expected):
    assert selected(LISTING, chosen) == expected


@pytest.mark.parametrize(
    ("capability", "architectures", "expected"),
    [
        ((9, 0), ["sm_80", "sm_90"], True),
        ((8, 6), ["sm_80", "sm_90"], True),  # a later minor version
        ((8, 0), ["sm_86"], False),
        ((7, 0), ["sm_75", "sm_80", "sm_90", "sm_100", "sm_120"], False),  # V100 with CUDA 13
        ((6, 0), ["sm_75"], False),
        ((12, 1), ["sm_90", "sm_120"], True),
        ((12, 0), ["sm_90", "compute_90"], True),
        ((12, 0), ["sm_90a"], False),
        ((9, 0), ["sm_90a"], True),
        ((9, 0), [], True),
    ],
)
def test_code_for_an_architecture(capability, architectures, expected):
    assert has_code_for(capability, architectures) == expected


TAKE = """
import os, sys
from pathlib import Path
from rsir.networks.cards import Card, take_card
cards = tuple(Card(name, "CUDA_VISIBLE_DEVICES", name) for name in sys.argv[3:])
take_card(cards, int(sys.argv[2]), Path(sys.argv[1]))
print(os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def take(tmp_path):
    """Return a function that starts a process which takes one of the GPUs until it is ended."""
    processes = []

    def start(*names, jobs=1):
        process = subprocess.Popen(
            [sys.executable, "-c", TAKE, str(tmp_path / "locks"), str(jobs), *names],
            env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def taken(process):
    return process.stdout.readline().strip()


def test_each_process_takes_a_gpu_of_its_own(take):
    assert {taken(take("GPU-a", "MIG-b")), taken(take("GPU-a", "MIG-b"))} == {"GPU-a", "MIG-b"}


@pytest.mark.parametrize("killed", [False, True])
def test_a_process_waits_until_another_one_ends(take, killed):
    first, other = take("GPU-a", "GPU-b"), take("GPU-a", "GPU-b")
    names = [taken(first), taken(other)]
    waiting = take("GPU-a", "GPU-b")
    if killed:
        other.kill()
    else:
        other.stdin.close()
    assert taken(waiting) == names[1]
    assert first.poll() is None


def test_every_gpu_has_a_job_before_one_has_two(take):
    names = [taken(take("GPU-a", "GPU-b", jobs=2)) for _ in range(4)]
    assert names == ["GPU-a", "GPU-b", "GPU-a", "GPU-b"]


def test_locks_of_other_users_are_refused(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "locks").symlink_to(tmp_path / "own")
    done = subprocess.run(
        [sys.executable, "-c", TAKE, str(tmp_path / "locks"), "1", "GPU-a"],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "locks: belongs to another user; set TMPDIR" in done.stderr


PREPARE = "from rsir.networks.processor import prepare_processor as p; print(p(1, {}).device)"


def prepare(folder: Path, use_gpu: bool, **environment: str) -> subprocess.CompletedProcess[str]:
    """Prepare a processor on a machine whose nvidia-smi lists a GPU that torch cannot use."""
    (folder / "nvidia-smi").write_text("#!/bin/sh\necho 'GPU 0: Tesla P100 (UUID: GPU-c3)'\n")
    (folder / "nvidia-smi").chmod(0o755)
    variables = {"PYTHONPATH": str(SCRIPTS), "TMPDIR": str(folder), "CUDA_VISIBLE_DEVICES": "0"}
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    return subprocess.run(
        [sys.executable, "-c", PREPARE.format(use_gpu)],
        env={**os.environ, **variables, "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="there is a GPU that works")
def test_a_gpu_that_torch_cannot_use_is_an_error_unless_none_is_wanted(tmp_path):
    refused = prepare(tmp_path, use_gpu=True)
    assert refused.returncode == 1
    last = refused.stderr.splitlines()[-1]
    assert "MachineError: the GPU GPU-c3 cannot be used: torch" in last
    assert "set CUDA_VISIBLE_DEVICES to nothing to compute on the CPU" in last
    assert prepare(tmp_path, use_gpu=True, CUDA_VISIBLE_DEVICES="").stdout == "cpu\n"
    assert prepare(tmp_path, use_gpu=False).stdout == "cpu\n"
