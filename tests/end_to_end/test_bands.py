"""Transformers and a 13-channel network on Sentinel-2 tiles, beside descriptors made elsewhere."""

import json
import os
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import rasterio
from PIL import Image

from forks import FORKS
from own_tiles import write_tiles
from project import ROOT, Outcome, Project

BANDS = [f"B{number:02}" for number in range(1, 9)] + ["B8A", "B09", "B11", "B12"]
TAKEN = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8a", "B9", "B10", "B11", "B12"]
OWN = {"library": "timm", "network": "resnet50", "weights": "random", "size": 32, "bands": TAKEN}
STATISTICS = {"mean": [1200], "std": [800], "missing": {"B10": 0}}
TRANSFORMERS = {
    "dinov2": ("vit_small_patch14_dinov2", 28),
    "swin": ("swin_tiny_patch4_window7_224", 64),
}


def write_rasters(folder: Path) -> None:
    """Replace each picture of a folder by a GeoTIFF of 12 bands."""
    place = {"crs": "EPSG:32632", "transform": rasterio.Affine(10, 0, 5e5, 0, -10, 4.6e6)}
    profile = {"driver": "GTiff", "width": 40, "height": 40, "count": 12, "dtype": "uint16"}
    for path in sorted(folder.glob("*.png")):
        colours = np.asarray(Image.open(path).resize((40, 40))).astype(np.uint16)
        bands = np.stack([colours[..., band % 3] * 8 + 10 * band for band in range(len(BANDS))])
        with rasterio.open(path.with_suffix(".tif"), "w", **profile, **place) as file:
            file.write(bands)
        path.unlink()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Outcome]:
    project = Project.copied_to(tmp_path_factory.mktemp("bands") / "project")
    write_tiles(project.path("mine"), project.path("mine.csv"), scenes=True, per_scene=4)
    write_rasters(project.path("mine"))
    names = pd.read_csv(project.path("mine.csv"))["image"].tolist()[::-1]
    vectors = np.random.default_rng(0).normal(size=(len(names), 6))
    table = pd.DataFrame({"image": [f"{name}.tif" for name in names], "vector": list(vectors)})
    table.to_parquet(project.path("clay.parquet"))
    archive = {"kind": "table", "root": "mine", "labels": "mine.csv"}
    rendering = {"bands": ["B04", "B03", "B02"], "range": [0, 2000]}
    project.configure(
        {
            "archives": {
                "mine": {**archive, "bands": BANDS, "sensor": "sentinel2", "rgb": rendering}
            },
            "backbones": {
                "own13": {**OWN, **STATISTICS},
                **{
                    name: {"library": "timm", "network": network, "weights": "random", "size": size}
                    for name, (network, size) in TRANSFORMERS.items()
                },
                "clay": {"library": "file", "path": "clay.parquet"},
                "without_b10": {**OWN, **STATISTICS, "missing": {}},
                "radar": {"library": "torchgeo", "weights": "ResNet50_Weights.SENTINEL1_ALL_MOCO"},
            },
            "finetuning": {"batch_size": 3, "head": {"epochs": 1}, "tail": {"epochs": 1}},
            "retrieval": {"cutoffs": [2]},
            "run": {
                "archives": ["mine"],
                "backbones": ["own13", *TRANSFORMERS, "clay"],
                "labelings": ["multi_label"],
            },
        }
    )
    made = ("tables/comparison.csv", "figures/cutoffs.png", "figures/maps.png")
    return project, project.make(
        *(f"results/mine/{file}" for file in (*made, "gallery/index.html"))
    )


def test_the_run_ends_well(run: tuple[Project, Outcome]) -> None:
    assert run[1].status == 0, run[1].text


def test_all_stand_in_the_tables(run: tuple[Project, Outcome]) -> None:
    comparison = pd.read_csv(run[0].path("results/mine/tables/comparison.csv"))
    rows = comparison[comparison["labeling"].notna()]
    columns = ["backbone", "labeling", "descriptor"]
    assert set(rows[columns].itertuples(index=False, name=None)) == {
        ("own13", "off_the_shelf", "pool"),
        ("own13", "off_the_shelf", "output"),
        ("own13", "multi_label", "pool"),
        ("own13", "multi_label", "output"),
        ("dinov2", "off_the_shelf", "pool"),  # it has no classes
        ("dinov2", "multi_label", "pool"),
        ("dinov2", "multi_label", "output"),
        ("swin", "off_the_shelf", "pool"),
        ("swin", "off_the_shelf", "output"),
        ("swin", "multi_label", "pool"),
        ("swin", "multi_label", "output"),
        ("clay", "off_the_shelf", "pool"),
    }


def test_a_missing_band_is_filled_and_recorded(run: tuple[Project, Outcome]) -> None:
    with h5py.File(run[0].path("results/mine/descriptors/own13/off_the_shelf.h5")) as file:
        assert json.loads(file.attrs["backbone_settings"])["missing"] == {"B10": 0}
        assert np.isfinite(file["pool"][:]).all()
        assert file["pool"].shape == (12, 2048)


@pytest.mark.parametrize(
    ("backbone", "dimension"), [("dinov2", 384), ("swin", 768), ("own13", 2048)]
)
def test_a_fine_tuned_network_is_another(
    run: tuple[Project, Outcome], backbone: str, dimension: int
) -> None:
    folder = run[0].path("results/mine/descriptors", backbone)
    with h5py.File(folder / "off_the_shelf.h5") as file:
        pool = file["pool"][:]
        assert ("output" in file) == (backbone != "dinov2")
    with h5py.File(folder / "multi_label-seed0.h5") as file:
        tuned = file["pool"][:]
        assert file["output"].shape == (12, 4)
    assert pool.shape == tuned.shape == (12, dimension)
    assert np.isfinite(tuned).all()
    assert not np.allclose(tuned, pool, rtol=1e-3)
    assert len(np.unique(pool, axis=0)) == 12


@pytest.mark.parametrize(
    ("backbone", "model"),
    [("own13", "off_the_shelf"), ("dinov2", "multi_label-seed0"), ("swin", "multi_label-seed0")],
)
def test_an_image_of_the_archive_finds_itself(
    run: tuple[Project, Outcome], backbone: str, model: str
) -> None:
    image = pd.read_csv(run[0].path("results/mine/archive.csv"))["path"][7]
    options = ("--archive", "mine", "--backbone", backbone, "--model", model, "--top", "3")
    process = FORKS.run(
        ROOT / "tests" / "run_rsir.py",
        ("query", f"mine/{image}", *options),
        folder=run[0].folder,
        environment={**os.environ, "PYTHONPATH": str(run[0].path("workflow/scripts"))},
    )
    assert process.returncode == 0, process.stderr
    stem = Path(image).stem
    hits = pd.read_csv(run[0].path(f"results/mine/adhoc/{stem}/{backbone}/{model}.csv"))
    assert hits["image"][0] == stem
    assert hits["similarity"][0] > 0.999
    assert len(hits) == 3


def test_imported_vectors_stand_in_the_order_of_the_archive(run: tuple[Project, Outcome]) -> None:
    table = pd.read_parquet(run[0].path("clay.parquet"))
    vectors = dict(zip(table["image"].str.removesuffix(".tif"), table["vector"], strict=True))
    with h5py.File(run[0].path("results/mine/descriptors/clay/off_the_shelf.h5")) as file:
        for image, vector in zip(file["image"].asstr(), file["pool"], strict=True):
            assert vector.tolist() == vectors[image].astype(np.float32).tolist()
        assert file.attrs["weights"] == "clay.parquet"
    page = run[0].path("results/mine/gallery/index.html").read_text(encoding="utf-8")
    assert "clay" in page


@pytest.mark.parametrize(
    ("backbone", "model", "message"),
    [
        ("without_b10", "off_the_shelf", "use another network, or set its key missing: {B10: 0}"),
        ("clay", "multi_label-seed0", "clay is not trained; only off_the_shelf exists"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    run: tuple[Project, Outcome], backbone: str, model: str, message: str
) -> None:
    outcome = run[0].make(f"results/mine/descriptors/{backbone}/{model}.h5")
    assert outcome.status != 0
    assert message in outcome.text
    assert "Traceback" not in outcome.text
