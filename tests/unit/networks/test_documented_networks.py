"""The backbones that config/README.md offers for copying."""

import re
from typing import Any

import pytest
import timm
import torch
import yaml

from project import ROOT
from rsir.networks.build import build_network
from rsir.networks.network_input import stated_input
from rsir.networks.torchgeo import published_weights
from rsir.networks.weight_sources import WHEELS

SECTION = (ROOT / "config" / "README.md").read_text(encoding="utf-8").split("## Backbones")[1]
ENTRIES = yaml.safe_load(re.search(r"```yaml\n(.*?)```", SECTION, re.DOTALL)[1])["backbones"]


def test_there_are_ten():
    assert len(ENTRIES) == 10


@pytest.mark.parametrize("name", ENTRIES)
def test_a_documented_backbone_exists_and_is_built(name: str) -> None:
    entry: dict[str, Any] = dict(ENTRIES[name])
    library, weights = entry.pop("library"), entry.pop("weights")
    if library == "torchgeo":
        published = published_weights(weights)
        library, network = published.library, published.network
        stated = published.adapted(**entry)
    else:
        network = entry.pop("network")
        known = timm.is_model_pretrained(f"{network}.{weights}")
        assert known or weights.endswith(".pth") or (weights == "wheel" and network in WHEELS)
        stated = stated_input(network, **entry)
    with torch.device("meta"), torch.inference_mode():
        model, preprocessing = build_network(library, network, weights, "squash", stated)
        size = preprocessing.size
        features = model(torch.zeros(1, len(preprocessing.mean), size, size))
    assert features.shape[0] == 1
