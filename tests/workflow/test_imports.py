"""What jobs import: no slow library that they do not need."""

import json
import subprocess
import sys

import pytest

from project import ROOT, SCRIPTS

COMPUTE_WITH_TORCH = {
    "activations",
    "audit",
    "derive",
    "export",
    "extract",
    "extract_shard",
    "finetune",
    "index",
    "precision",
    "query",
    "reextract",
    "reextract_shard",
    "retrieve",
    "transfer_labels",
}
PLOT = {script.stem for script in SCRIPTS.glob("plot_*.py")}
SLOW = {
    "torch": COMPUTE_WITH_TORCH,
    "torchvision": set(),
    "timm": set(),
    "sklearn": {"plot_maps", "visual_words"},
    "scipy.stats": {"plot_maps", "visual_words"},  # by sklearn
    "matplotlib": PLOT,
    "skimage": {"describe", "describe_shard", "visual_words"},
    "cv2": {"describe", "describe_shard", "duplicates", "visual_words"},
    "rasterio": set(),
    "snakemake": set(),
}
"""Slow libraries, and the scripts that import them before they know their input."""

IMPORTED = """
import importlib, json, sys

sys.path.insert(0, {scripts!r})
for script in {group!r}:
    importlib.import_module(script)
print(json.dumps([name for name in {slow!r} if name in sys.modules]))
"""

LOADED = """
import sys

sys.path.insert(0, {scripts!r})
import extract, retrieve
from rsir.networks.load import load_backbone

load_backbone(None, "torchvision", "squeezenet1_1", "random")
print(*[name for name in ("torchvision", "timm") if name in sys.modules])
"""


def printed(code: str) -> str:
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return process.stdout.splitlines()[-1]


def slow_imports(script: str) -> tuple[str, ...]:
    return tuple(name for name, scripts in SLOW.items() if script in scripts)


SCRIPT_NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py"))


@pytest.mark.parametrize(
    "expected",
    sorted(set(map(slow_imports, SCRIPT_NAMES))),
    ids=lambda names: "-".join(names) or "none",
)
def test_jobs_import_no_slow_library_that_they_may_not_need(expected: tuple[str, ...]) -> None:
    """Scripts that may import the same are imported in one new interpreter."""
    group = [name for name in SCRIPT_NAMES if slow_imports(name) == expected]
    code = IMPORTED.format(scripts=str(SCRIPTS), group=group, slow=list(SLOW))
    assert json.loads(printed(code)) == list(expected)


def test_a_library_of_networks_is_imported_for_its_networks_only() -> None:
    assert printed(LOADED.format(scripts=str(SCRIPTS))) == "torchvision"
