"""The files of a small run, its archive and its split."""

import re

import pandas as pd
from small_results import (
    BACKBONE,
    DESCRIBED,
    FIGURES,
    IMAGES,
    LABELS,
    MODELS,
    TABLES,
    digest,
    label_columns,
)

from project import Outcome, Project


def test_every_file_that_is_promised_is_there(small: Project) -> None:
    trained = [
        f"models/{BACKBONE}/{model}{end}"
        for model in MODELS[1:]
        for end in (".safetensors", ".csv")
    ]
    promised = {
        *(
            "archive.csv",
            "attributes.csv",
            "pixels.json",
            "split.csv",
            "duplicates.csv",
            f"activations/{BACKBONE}.h5",
            *trained,
        ),
        *(f"descriptors/{backbone}/{model}.h5" for backbone, model in DESCRIBED),
        *(f"rankings/{backbone}/{model}.h5" for backbone, model in DESCRIBED),
        *(f"scores/{backbone}/{model}.csv" for backbone, model in DESCRIBED),
        *("scores/bounds.csv", *(f"tables/{table}" for table in TABLES), "tables/summary.md"),
        *("tables/index.html", "thumbnails.h5", "gallery/index.html", "audit.csv", "audit.html"),
        *(f"figures/{figure}.{ending}" for figure in FIGURES for ending in ("png", "svg")),
    }
    assert {f"results/sample/{path}" for path in promised} <= small.made()


def test_the_archive_describes_its_tiles(small: Project, archive: pd.DataFrame) -> None:
    assert list(archive.columns[:6]) == ["image", "path", "scene", "width", "height", "sha256"]
    assert len(archive) == IMAGES
    assert archive["scene"].value_counts().tolist() == [5] * 21
    assert (archive[["width", "height"]] == 256).all(axis=None)
    assert len(label_columns(archive)) == LABELS
    assert archive[label_columns(archive)].isin([0, 1]).all(axis=None)
    row = archive.loc["harbor03"]
    assert row["path"] == "Images/harbor/harbor03.png"
    assert row["sha256"] == digest(small, f"results/sample/tiles/{row['path']}")


def test_the_split_takes_the_last_of_each_scene_to_test(
    small: Project, archive: pd.DataFrame
) -> None:
    split = pd.read_csv(small.path("results/sample/split.csv"))
    assert list(split.columns) == ["image", "subset"]
    assert list(split["image"]) == list(archive["image"])
    assert split["subset"].tolist() == ["train", "train", "validation", "test", "test"] * 21


def test_the_audit_finds_nothing_worse_than_notes(
    small: Project, small_run: tuple[Project, Outcome]
) -> None:
    audit = pd.read_csv(small.path("results/sample/audit.csv"))
    assert set(audit["severity"]) == {"note"}
    page = small.path("results/sample/audit.html")
    lines = [line for line in small_run[1].text.splitlines() if line.startswith("Audit of ")]
    assert lines == [f"Audit of sample: {audit['finding'].nunique()} notes: {page.as_uri()}"]
    text = page.read_text(encoding="utf-8")
    assert text.count("base64,") == len(set(re.findall('"picture (p[0-9]+)"', text)))
