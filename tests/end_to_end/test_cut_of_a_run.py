"""A labeling with a cut of its own, from the activations at the cut to a query by example."""

import h5py
import numpy as np
import pandas as pd
from safetensors import safe_open
from small_results import BACKBONE

from project import Project

MODEL = "wide-seed0"
TILE = "results/sample/tiles/Images/harbor/harbor00.png"


def test_a_labeling_trains_from_its_own_cut_and_is_queried(finished: Project) -> None:
    finished.configure(
        {
            "labelings": {"wide": {"kind": "multi_label", "cut": "blocks.5"}},
            "queries": {"tile": TILE},
            "finetuning": {"head": {"epochs": 1}},
        }
    )
    folder = "results/sample"
    page = f"{folder}/queries/tile/{BACKBONE}/{MODEL}"
    outcome = finished.make(f"{page}.html")
    assert outcome.status == 0, outcome.text
    assert outcome.jobs["activations"] == 1
    assert "extract" not in outcome.jobs
    with (
        h5py.File(finished.path(f"{folder}/activations/{BACKBONE}/blocks.5.h5")) as activations,
        h5py.File(finished.path(f"{folder}/descriptors/{BACKBONE}/{MODEL}.h5")) as descriptors,
        h5py.File(finished.path(f"{folder}/descriptors/{BACKBONE}/off_the_shelf.h5")) as before,
        safe_open(finished.path(f"{folder}/models/{BACKBONE}/{MODEL}.safetensors"), "np") as model,
    ):
        assert activations["activation"].shape == (105, 112, 14, 14)
        assert descriptors.attrs["cut"] == activations.attrs["cut"] == "blocks.5"
        assert model.metadata()["cut"] == '"blocks.5"'
        assert any("blocks.5." in name for name in model.keys())  # noqa: SIM118
        assert not np.allclose(descriptors["pool"][:], before["pool"][:], rtol=1e-3)
    hits = pd.read_csv(finished.path(f"{page}.csv"))
    assert hits["image"][0] == "harbor00"
    assert hits["similarity"][0] > 0.9999
