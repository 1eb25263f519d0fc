"""Jobs on a GPU, each in a process of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from project import ROOT, SCRIPTS

CHAIN = Path(__file__).with_name("chain.py")


def start(*command: str, **environment: str) -> subprocess.Popen[str]:
    """Start a Python process that finds the library and the benchmarks' tiles."""
    path = os.pathsep.join([str(SCRIPTS), str(ROOT / "benchmarks")])
    return subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, "PYTHONPATH": path, "RSIR_JOBS_PER_GPU": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.PIPE,
        text=True,
    )


def chain(tmp_path: Path, *arguments: str, **environment: str) -> str:
    """Extract, fine-tune and re-extract, and return the digests of all arrays."""
    locks = {"TMPDIR": str(tmp_path)}  # the process of the tests has locks of its own
    process = start(str(CHAIN), *arguments, **locks, **environment)
    text, _ = process.communicate()
    assert process.returncode == 0, text
    assert "deterministic" not in text, text
    return text


@pytest.mark.usefixtures("cards")
def test_repeated_and_resumed_jobs_give_the_same_bytes(tmp_path):
    expected = chain(tmp_path)
    assert "computing on cuda" in expected
    digests = [line for line in expected.splitlines() if line.startswith("digest")]
    assert len(digests) > 10
    for arguments in ((), ("stopped",)):
        again = chain(tmp_path, *arguments).splitlines()
        assert [line for line in again if line.startswith("digest")] == digests
    assert "resumes after epoch" in "\n".join(again)


def test_two_jobs_take_two_gpus_or_one_waits(tmp_path, cards):
    code = (
        "import sys, torch\n"
        "from rsir.networks.processor import prepare_processor as prepare\n"
        "prepare(1); print(torch.cuda.get_device_properties(0).uuid, flush=True)\n"
        "sys.stdin.read()"
    )
    first, other = (start("-c", code, TMPDIR=str(tmp_path)) for _ in range(2))
    name = first.stdout.readline()
    if cards == 1:
        first.stdin.close()
        first.wait()
    other_name = other.stdout.readline()
    assert (name == other_name) == (cards == 1)
    for process in (first, other):
        process.kill()
        process.wait()


@pytest.mark.usefixtures("cards")
def test_a_gpu_that_cannot_be_used_is_an_error(tmp_path):
    code = (
        "from rsir.networks import processor\n"
        "processor.has_code_for = lambda *_: False\n"
        "processor.prepare_processor(1)"
    )
    text, _ = start("-c", code, TMPDIR=str(tmp_path)).communicate()
    assert "cannot be used: torch" in text.splitlines()[-1]


@pytest.mark.usefixtures("cards")
def test_64_mb_of_shared_memory_suffice(tmp_path):
    shell = 'mount -t tmpfs -o size=64m tmpfs /dev/shm && exec "$@"'
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", shell, "sh"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], check=False).returncode:
        pytest.skip("no namespaces for a file system of 64 MB")
    path = os.pathsep.join([str(SCRIPTS), str(ROOT / "benchmarks")])
    done = subprocess.run(
        [*command, sys.executable, str(CHAIN), "extract"],
        env={**os.environ, "PYTHONPATH": path, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
