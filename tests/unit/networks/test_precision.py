"""Number types: the fastest of the hardware, their record, and values that are too large."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from project import SCRIPTS
from rsir.core.errors import InputError
from rsir.core.origin import ORIGIN
from rsir.networks.precision import (
    Precision,
    check_finite,
    computed_in_float32_if_needed,
    recorded_precision,
    write_precision,
)
from rsir.networks.processor import Processor

CPU_FACTS = Path("/proc/cpuinfo")


def run(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "CUDA_VISIBLE_DEVICES": ""}
    process = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return process.stdout


@pytest.mark.skipif(not CPU_FACTS.exists(), reason="reads the processor's flags from /proc")
def test_a_cpu_computes_in_bfloat16_if_the_hardware_supports_it():
    flags = set(CPU_FACTS.read_text().split("flags", 1)[-1].split("\n", 1)[0].split())
    in_hardware = bool(flags & {"avx512_bf16", "amx_bf16"}) and hasattr(
        torch.cpu, "get_capabilities"
    )
    code = "from rsir.networks.precision import reduced_precision as reduced\n"
    code += "from rsir.networks.processor import prepare_processor as prepare\n"
    code += "p = reduced(prepare(2)); print(p.device.type, p.inference, p.training)"
    dtype = torch.bfloat16 if in_hardware else torch.float32
    assert run(code).split() == ["cpu", str(dtype), str(dtype)]


FACTS = dict.fromkeys(ORIGIN, "a")


def test_a_record_is_read_as_written(tmp_path):
    path = tmp_path / "precision.json"
    write_precision(path, Precision("cpu", "bfloat16", 0.9998, 4), FACTS)
    processor = Processor(torch.device("cpu"), torch.bfloat16, torch.bfloat16)
    assert recorded_precision(path, processor, FACTS) == processor
    record = json.loads(path.read_text())
    assert record.items() >= {"inference": "bfloat16", "worst_cosine": 0.9998, "images": 4}.items()
    write_precision(path, Precision("cpu", "float32", 0.98, 4), FACTS)
    exact = replace(processor, inference=torch.float32)
    assert recorded_precision(path, processor, FACTS) == exact


@pytest.mark.parametrize(("device_type", "inference"), [("cuda", "float16"), ("cpu", "float16")])
def test_other_hardware_than_the_recorded_one_computes_in_float32(tmp_path, device_type, inference):
    path = tmp_path / "precision.json"
    write_precision(path, Precision(device_type, inference, 1.0, 4), FACTS)
    processor = Processor(torch.device("cpu"), torch.bfloat16, torch.bfloat16)
    exact = replace(processor, inference=torch.float32)
    assert recorded_precision(path, processor, FACTS) == exact


def test_a_record_of_another_origin_or_damaged_is_refused(tmp_path):
    path, processor = tmp_path / "precision.json", Processor(torch.device("cpu"))
    write_precision(path, Precision("cpu", "float32", None, 0), FACTS)
    with pytest.raises(InputError, match=r"precision\.json: its backbone is a, expected b; delete"):
        recorded_precision(path, processor, FACTS | {"backbone": "b"})
    content = path.read_text()
    for damaged in (content[:20], content.replace("float32", "int8"), "[]", ""):
        path.write_text(damaged)
        with pytest.raises(InputError, match=r"precision\.json: is damaged; delete it and"):
            recorded_precision(path, processor, FACTS)


@pytest.mark.parametrize(("largest", "used"), [(1e3, torch.float16), (1e6, torch.float32)])
def test_what_overflows_is_computed_again_in_float32(largest, used):
    results = []

    def compute(processor: Processor) -> None:
        value = torch.tensor(largest).to(processor.inference).numpy()
        check_finite({"pool": value}, processor.inference)
        results.append(float(value))

    processor = Processor(torch.device("cpu"), torch.float16)
    assert computed_in_float32_if_needed(compute, processor).inference == used
    assert results == [largest]


def test_what_is_not_finite_in_float32_either_is_refused():
    def compute(processor: Processor) -> None:
        check_finite({"pool": np.array([1.0, np.nan])}, processor.inference)

    with pytest.raises(InputError, match=r"^descriptor 'pool' of an image is not finite in"):
        computed_in_float32_if_needed(compute, Processor(torch.device("cpu"), torch.float16))
