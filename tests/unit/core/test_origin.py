"""The origin in the attributes of a file."""

import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import PIL
import pytest
import torch

from rsir.core.origin import LIBRARIES, circumstances, digests, origin_attributes, versions


def test_each_file_has_its_digest(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    assert digests({"archive": one, "split": other}) == {
        "archive_sha256": hashlib.sha256(b"1").hexdigest(),
        "split_sha256": hashlib.sha256(b"2").hexdigest(),
    }


def test_origin_has_facts_digests_and_settings(tmp_path):
    file = tmp_path / "archive.csv"
    file.write_bytes(b"image")
    settings = {"library": "handcrafted", "network": "lbp", "seed": 0}
    attributes = origin_attributes({"archive": file}, settings, backbone="mine", seed=None)
    assert attributes.keys() == {
        "backbone",
        "seed",
        "archive_sha256",
        "backbone_settings",
        "versions",
    }
    assert (attributes["backbone"], attributes["seed"]) == ("mine", None)
    assert attributes["archive_sha256"] == hashlib.sha256(b"image").hexdigest()
    assert json.loads(attributes["backbone_settings"]) == settings


def test_versions_are_those_of_the_installed_libraries():
    assert versions().keys() == LIBRARIES.keys()
    assert versions()["torch"] == torch.__version__.split("+")[0]  # without the kind of build
    assert versions()["numpy"] == np.__version__
    assert versions()["PIL"] == PIL.__version__


def test_circumstances_have_time_code_and_device():
    attributes = circumstances()
    assert datetime.fromisoformat(attributes["created"]).tzinfo is UTC
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?|unknown", attributes["code"])
    assert attributes["device"]


def test_the_device_is_the_model_of_the_cpu():
    model = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    if model is None or torch.cuda.is_available():
        pytest.skip("the CPU model is unknown, or a GPU is available")
    assert circumstances()["device"] == model[1]
