"""Archives by name, from the real files to tables, descriptors and exports."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import geopandas
import h5py
import numpy as np
import pandas as pd
import pytest

from project import SHARED, Outcome, Project
from rsir.archives.facts import archive_facts

AID = SHARED / "data" / "aid40"
EUROSAT = SHARED / "data" / "eurosat_ms"
BIGEARTHNET = SHARED / "data" / "bigearthnet"
BACKBONE = "efficientnet_lite0"
TRAINED = f"{BACKBONE}/multi_label-seed0"
AID_SCENES = ("Beach", "Forest", "Parking", "River")
PER_SCENE = 8
SENTINEL_2 = archive_facts({"kind": "bigearthnet", "version": 1, "sensor": "s2"})
STATISTICS = np.array([SENTINEL_2["statistics"][band] for band in SENTINEL_2["bands"]])
TWELVE = {
    "library": "timm",
    "network": "resnet18",
    "weights": "random",
    "cut": "layer4.1",
    "size": 64,
    "sensor": "sentinel2",
    "bands": SENTINEL_2["bands"],
    "mean": STATISTICS[:, 0].tolist(),
    "std": STATISTICS[:, 1].tolist(),
}
CONFIG = {
    "archives": {
        "aid": {"kind": "aid", "root": "data/aid"},
        "eurosat": {"kind": "eurosat", "version": "ms", "root": "data/eurosat"},
        "pairs": {
            "kind": "bigearthnet",
            "version": 1,
            "sensor": "both",
            "root": str(BIGEARTHNET / "v1"),
        },
        **{
            f"ben{version}": {
                "kind": "bigearthnet",
                "version": version,
                "root": str(BIGEARTHNET / f"v{version}"),
            }
            for version in (1, 2)
        },
    },
    "backbones": {"twelve": TWELVE},
    "split": {"method": "official"},
    "finetuning": {"batch_size": 8, "head": {"epochs": 1}, "tail": {"epochs": 1}},
    "run": {"backbones": [BACKBONE], "labelings": ["multi_label"]},
}


def copy_aid(root: Path) -> None:
    """Copy a few images of a few scenes, and their rows of the label table."""
    names = set()
    for image in AID.glob("images_*/*/*.jpg"):
        number = int(image.stem.rpartition("_")[2])
        if image.parent.name in AID_SCENES and not number % (40 // PER_SCENE):
            copy = root / image.relative_to(AID)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(image, copy)
            names.add(image.stem)
    header, *rows = (AID / "multilabel.csv").read_text().splitlines()
    rows = [row for row in rows if row.split(",")[0] in names]
    (root / "multilabel.csv").write_text("\n".join([header, *rows, ""]))


def copy_eurosat(root: Path) -> None:
    """Copy the tiles, and list each third one for testing."""
    shutil.copytree(EUROSAT, root)
    names = [f"{path.stem}.jpg" for path in sorted(root.glob("*/*.tif"))]
    for subset, rows in {"train": names[0::3], "val": names[1::3], "test": names[2::3]}.items():
        (root / f"eurosat-{subset}.txt").write_text("\n".join(rows))


@pytest.fixture(scope="module")
def made(made_once: Callable[..., tuple[Project, Outcome]]) -> Project:
    for folder in (AID, EUROSAT, BIGEARTHNET):
        if not folder.is_dir():
            pytest.skip("the real archives are not available")

    def prepare(folder: Path) -> Project:
        project = Project.copied_to(folder).configure(CONFIG)
        copy_aid(project.path("data/aid"))
        copy_eurosat(project.path("data/eurosat"))
        return project

    project, outcome = made_once(
        "named",
        prepare,
        *(f"results/{archive}/tables/comparison.csv" for archive in ("aid", "eurosat")),
        f"results/aid/export/{TRAINED}.parquet",
        *(
            f"results/{archive}/export/{BACKBONE}/off_the_shelf.parquet"
            for archive in ("eurosat", "ben1", "ben2", "pairs")
        ),
        "results/pairs/descriptors/twelve/off_the_shelf.h5",
    )
    assert outcome.status == 0, outcome.text
    return project


@pytest.mark.parametrize(
    ("archive", "sizes"),
    [
        ("aid", {"train": 24, "test": 8}),
        ("eurosat", {"train": 20, "validation": 20, "test": 20}),
    ],
)
def test_an_archive_runs_from_its_folder_to_tables(
    made: Project, archive: str, sizes: dict[str, int]
) -> None:
    split = pd.read_csv(made.path(f"results/{archive}/split.csv"))
    assert split["subset"].value_counts().to_dict() == sizes
    table = pd.read_csv(made.path(f"results/{archive}/tables/comparison.csv"))
    own = table[(table["query"] == "excluded") & (table["duplicates"] == "kept")]
    own = own[own["k"] == 5]
    assert list(own["backbone"].unique()) == [BACKBONE, "random", "scene oracle", "label oracle"]
    assert {"off_the_shelf", "multi_label"} <= set(own["labeling"])
    assert own["accuracy"].between(0, 1).all()
    assert own["accuracy"].max() == own["accuracy"][own["backbone"] == "label oracle"].item()


def export(made: Project, archive: str, model: str) -> geopandas.GeoDataFrame:
    return geopandas.read_parquet(made.path(f"results/{archive}/export/{model}.parquet"))


def test_the_export_of_a_fine_tuned_model_has_its_predictions(made: Project) -> None:
    frame = export(made, "aid", TRAINED)
    labels = archive_facts({"kind": "aid"})["labels"]
    assert len(frame) == PER_SCENE * len(AID_SCENES)
    assert set(frame["scene"]) == set(AID_SCENES)
    assert frame.geometry.isna().all()
    assert set(frame["split"]) == {"train", "test"}
    with h5py.File(made.path(f"results/aid/descriptors/{TRAINED}.h5")) as file:
        assert np.array_equal(np.stack(frame["output"]), file["output"][:])
        predicted = [{labels[one] for one in np.flatnonzero(row >= 0.5)} for row in file["output"]]
    assert [set(names) for names in frame["predicted"]] == predicted


def test_the_patches_of_sentinel_2_are_rendered_and_placed(made: Project) -> None:
    sizes = {"eurosat": (60, 64), "ben1": (8, 120), "ben2": (1, 120), "pairs": (4, 120)}
    for archive, (images, size) in sizes.items():
        frame = export(made, archive, f"{BACKBONE}/off_the_shelf")
        table = pd.read_csv(made.path(f"results/{archive}/archive.csv"))
        assert len(frame) == len(table) == images
        assert set(table["width"]) == set(table["height"]) == {size}
        assert frame.geometry.x.between(-11, 35).all()
        assert frame.geometry.y.between(34, 71).all()
        pooled = np.stack(frame["pool"])
        assert np.isfinite(pooled).all()
        assert len(np.unique(pooled, axis=0)) == images


def test_a_network_of_12_bands_takes_those_of_sentinel_2(made: Project) -> None:
    """Sentinel-1 and -2 are one image, whose first bands are those of Sentinel-1."""
    stored = json.loads(made.path("results/pairs/pixels.json").read_text())
    assert stored["bands"] == ["VV", "VH", *SENTINEL_2["bands"]]
    with h5py.File(made.path("results/pairs/descriptors/twelve/off_the_shelf.h5")) as file:
        pooled = file["pool"][:]
    assert pooled.shape == (4, 512)
    assert np.isfinite(pooled).all()
    assert len(np.unique(pooled, axis=0)) == 4
