"""What jobs import: no slow library that they do not need."""

import subprocess
import sys

from project import ROOT, SCRIPTS

LOADED = """
import sys

sys.path.insert(0, {scripts!r})

def report(*names):
    print(*[name for name in names if name in sys.modules])

import retrieve
report("torchvision", "timm", "sklearn")
import extract, finetune, reextract
report("torchvision", "timm", "sklearn", "cv2")
from rsir.networks.load import load_backbone
load_backbone(None, "torchvision", "squeezenet1_1", "random")
report("torchvision", "timm")
"""


def test_a_library_of_networks_is_imported_for_its_networks_only():
    code = LOADED.format(scripts=str(SCRIPTS))
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert process.stdout.splitlines() == ["", "", "torchvision"]
