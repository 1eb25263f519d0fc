"""Preparation of the processor, each in its own process, since its settings are global."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from project import SCRIPTS

CPU_FACTS = Path("/proc/cpuinfo")

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


@pytest.mark.skipif(not CPU_FACTS.exists(), reason="reads the processor's flags from /proc")
def test_a_cpu_computes_in_bfloat16_if_the_hardware_supports_it():
    flags = set(CPU_FACTS.read_text().split("flags", 1)[-1].split("\n", 1)[0].split())
    in_hardware = bool(flags & {"avx512_bf16", "amx_bf16"}) and hasattr(
        torch.cpu, "get_capabilities"
    )
    code = "from rsir.networks.processor import prepare_processor; p = prepare_processor(2); "
    code += "print(p.device.type, p.inference, p.training)"
    dtype = torch.bfloat16 if in_hardware else torch.float32
    assert run(code).split() == ["cpu", str(dtype), str(dtype)]
