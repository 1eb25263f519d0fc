"""What a file says that it was made from."""

import hashlib
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from project import SCRIPTS
from rsir.core.origin import circumstances, digests, made_from

MADE = """
import json, sys
import h5py, numpy
from rsir.core.origin import made_from

json.dump(made_from({}, {}), sys.stdout)
"""


def test_each_file_has_its_digest(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    assert digests({"archive": one, "split": other}) == {
        "archive_sha256": hashlib.sha256(b"1").hexdigest(),
        "split_sha256": hashlib.sha256(b"2").hexdigest(),
    }


def test_facts_digests_and_settings_are_told(tmp_path):
    file = tmp_path / "archive.csv"
    file.write_bytes(b"image")
    settings = {"library": "handcrafted", "network": "lbp", "seed": 0}
    made = made_from({"archive": file}, settings, backbone="mine", seed=None)
    assert made.keys() == {"backbone", "seed", "archive_sha256", "backbone_settings", "versions"}
    assert (made["backbone"], made["seed"]) == ("mine", None)
    assert made["archive_sha256"] == hashlib.sha256(b"image").hexdigest()
    assert json.loads(made["backbone_settings"]) == settings


def test_versions_are_those_of_the_libraries_that_are_loaded():
    told = subprocess.run(
        [sys.executable, "-c", MADE], cwd=SCRIPTS, capture_output=True, text=True, check=True
    )
    versions = json.loads(json.loads(told.stdout)["versions"])
    assert versions == {"h5py": version("h5py"), "numpy": version("numpy")}


def test_circumstances_are_told():
    told = circumstances()
    assert datetime.fromisoformat(told["created"]).tzinfo is UTC
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?|unknown", told["code"])
    assert told["device"]


def test_the_processor_is_told_by_its_model():
    model = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    if model is None or torch.cuda.is_available():
        pytest.skip("its model is not told, or a GPU is")
    assert circumstances()["device"] == model[1]
