"""The networks of the thesis, without their weights, which are large and not always to be had."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
import torchvision
from safetensors.torch import save_file

from own_tiles import write_tiles
from project import Outcome, Project

TILES = 9  # of each scene one trains, one validates and one tests
SIZE = 128  # of their input; tests/unit/networks/test_cut.py has their own size
NETWORKS = {"vgg16": 512, "inception_v3": 2048, "resnet50": 2048}
FROM_FILE = "results/mine/descriptors/vgg16_file/off_the_shelf.h5"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Outcome]:
    project = Project.copied_to(tmp_path_factory.mktemp("networks") / "project")
    write_tiles(project.path("mine"), project.path("mine.csv"), scenes=True, per_scene=3)
    torch.manual_seed(0)
    network = torchvision.models.vgg16().state_dict()
    features = {name: value for name, value in network.items() if name.startswith("features.")}
    save_file(features, project.path("vgg16.safetensors"))
    project.configure(
        {
            "archives": {"mine": {"kind": "table", "root": "mine", "labels": "mine.csv"}},
            "backbones": {
                **{name: {"weights": "random", "seed": 0, "size": SIZE} for name in NETWORKS},
                "vgg16_file": {
                    "network": "vgg16",
                    "weights": "vgg16.safetensors",
                    "size": SIZE,
                },
            },
            "split": {"test_fraction": 0.4, "validation_fraction": 0.2},
            "finetuning": {"batch_size": 3, "head": {"epochs": 1}, "tail": {"epochs": 1}},
            "retrieval": {"cutoffs": [2]},
            "run": {
                "archives": ["mine"],
                "backbones": list(NETWORKS),
                "labelings": ["multi_label"],
            },
        }
    )
    outcome = project.make("results/mine/tables/comparison.csv", FROM_FILE)
    return project, outcome


def test_the_run_ends_well(run: tuple[Project, Outcome]) -> None:
    assert run[1].status == 0, run[1].text


def test_the_comparison_has_all_networks(run: tuple[Project, Outcome]) -> None:
    comparison = pd.read_csv(run[0].path("results/mine/tables/comparison.csv"))
    excluded = comparison[(comparison["query"] == "excluded") & comparison["labeling"].notna()]
    excluded = excluded[excluded["duplicates"] == "kept"]
    methods = excluded[["backbone", "labeling", "descriptor"]].itertuples(index=False)
    assert {tuple(method) for method in methods} == {
        (network, labeling, descriptor)
        for network in NETWORKS
        for labeling in ("off_the_shelf", "multi_label")
        for descriptor in ("pool", "output")
    }
    assert excluded["accuracy"].between(0, 1).all()


@pytest.mark.parametrize(("network", "dimension"), NETWORKS.items())
def test_each_network_is_described_off_the_shelf_and_fine_tuned(
    run: tuple[Project, Outcome], network: str, dimension: int
) -> None:
    folder = run[0].path(f"results/mine/descriptors/{network}")
    with h5py.File(folder / "off_the_shelf.h5") as file:
        pool = file["pool"][:]
        assert pool.shape == (TILES, dimension)
        assert file["output"].shape == (TILES, 1000)
        assert file.attrs["weights"] == "random"
    with h5py.File(folder / "multi_label-seed0.h5") as file:
        tuned = file["pool"][:]
        assert tuned.shape == (TILES, dimension)
        assert file["output"].shape == (TILES, 4)
    assert np.isfinite(tuned).all()
    assert not np.allclose(tuned, pool, rtol=1e-3)  # the tail has learned
    curve = pd.read_csv(run[0].path(f"results/mine/models/{network}/multi_label-seed0.csv"))
    assert curve["stage"].tolist() == ["head", "tail"]
    assert curve["validation_loss"].notna().all()


def test_weights_from_a_file_are_those_that_were_written(run: tuple[Project, Outcome]) -> None:
    """The file holds the features that `random` draws by the same seed, and no classifier."""
    folder = run[0].path("results/mine/descriptors")
    with (
        h5py.File(folder / "vgg16" / "off_the_shelf.h5") as drawn,
        h5py.File(run[0].path(FROM_FILE)) as read,
    ):
        assert set(read) == {"image", "pool"}
        np.testing.assert_allclose(read["pool"][:], drawn["pool"][:], rtol=1e-5)
        assert read.attrs["weights"] == "vgg16.safetensors"


def test_weights_that_are_not_to_be_had(project: Project, tmp_path: Path) -> None:
    target = "results/sample/weights/vgg16.json"
    unreachable = "http://127.0.0.1:9"
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY"), unreachable)
    home = tmp_path / "torch"
    outcome = project.make(
        target, environment={**proxies, "no_proxy": "", "NO_PROXY": "", "TORCH_HOME": str(home)}
    )
    assert outcome.status != 0
    (error,) = outcome.errors
    assert error.startswith(
        f"{home}/hub/checkpoints/vgg16-397923af.pth: could not be downloaded from "
    )
    assert "https://download.pytorch.org/models/vgg16-397923af.pth" in error
    assert error.endswith("get the file elsewhere and put it there")
    assert "Traceback" not in outcome.text
    assert project.made() == set()
    assert not any(path.is_file() for path in home.rglob("*"))
