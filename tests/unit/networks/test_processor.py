"""Preparation of the processor, each in its own process, since its settings are global."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from project import SCRIPTS

PAGES_TOUCHED = """
import json, resource, sys
import torch
from rsir.networks.processor import prepare_processor

if {prepared}:
    prepare_processor(1)

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def fill():
    before = faults()
    torch.empty(1 << 26, dtype=torch.uint8).fill_(1)
    return faults() - before

print(json.dumps([fill() for _ in range(30)]))
"""


def run(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "CUDA_VISIBLE_DEVICES": ""}
    process = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return process.stdout


PRECISION = """
import torch
from rsir.networks.processor import prepare_processor

for _ in range(2):
    print(torch.get_float32_matmul_precision(), torch.backends.cuda.matmul.allow_tf32,
          torch.backends.cudnn.allow_tf32)
    prepare_processor(1)
"""


def test_float32_is_not_tf32_whatever_the_environment_asks_for(monkeypatch):
    monkeypatch.setenv("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "1")
    assert run(PRECISION).splitlines() == ["high True True", "highest False False"]


HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


@pytest.mark.skipif(sys.platform != "linux", reason="counts the page faults of Linux")
@pytest.mark.skipif(
    HUGE_PAGES.exists() and "[always]" in HUGE_PAGES.read_text(),
    reason="huge pages have few faults",
)
def test_freed_memory_is_reused_without_page_faults():
    first, *later = json.loads(run(PAGES_TOUCHED.format(prepared=True)))
    assert first > 100
    assert sum(later) < len(later) * first / 2  # after a few allocations, no more faults
    _, *plain = json.loads(run(PAGES_TOUCHED.format(prepared=False)))
    assert sum(plain) > len(plain) * first * 0.9
