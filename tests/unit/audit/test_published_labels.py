"""The labels of MLRSNet as they stand in its repository, and mended; and Planet's."""

import numpy as np
import pandas as pd
import pytest

from project import SHARED
from rsir.audit.checks import Evidence, findings
from rsir.audit.finding import Finding
from rsir.audit.pixel_statistics import statistics_of

MLRSNET = SHARED / "data" / "mlrsnet"
PLANET = SHARED / "data" / "planet" / "train_v2_first1999.csv"
WEATHER = ["clear", "partly_cloudy", "cloudy", "haze"]


def audit(
    labels: pd.DataFrame, scenes: pd.Series | str, exclusive: list[list[str]]
) -> list[Finding]:
    names = [str(number) for number in range(len(labels))]
    fixed = pd.DataFrame({"image": names, "path": names, "scene": scenes, "sha256": names})
    fixed = fixed.assign(width=256, height=256)[
        ["image", "path", "scene", "width", "height", "sha256"]
    ]
    archive = pd.concat([fixed, labels], axis="columns")
    no_duplicates = pd.DataFrame(columns=["group", "image", "duplicate", "kind"])
    return findings(
        Evidence(
            archive=archive,
            subset=np.where(np.arange(len(archive)) % 5 < 3, "train", "test"),
            database="test",
            duplicates=no_duplicates,
            pixels=statistics_of([(120.0, 40.0, 100, 0.1, 0.01, 20.0)] * len(archive)),
            place=np.full((len(archive), 2), np.nan),
            exclusive=exclusive,
        )
    )


def mlrsnet(version: str) -> list[Finding]:
    files = sorted((MLRSNET / version).glob("*.csv"))
    if not files:
        pytest.skip("the labels of MLRSNet are not here")
    tables = [pd.read_csv(file).rename(columns=str.strip).assign(scene=file.stem) for file in files]
    table = pd.concat(tables, ignore_index=True)
    return audit(table.drop(columns=["image", "scene"]).astype(int), table["scene"], [])


def test_the_labels_of_the_repository():
    found = mlrsnet("head")
    doubtful = {finding.kind: [] for finding in found}
    for finding in found:
        doubtful[finding.kind].append(finding)
    stadium, tanks = doubtful["label missing on its scene"]
    assert stadium.severity == "severe"
    assert "'stadium' is missing on 2,462 of 2,462 images" in stadium.what
    assert tanks.severity == "warning"
    assert "'tanks' is missing on 2,500 of 2,500 images" in tanks.what
    (crowded,) = doubtful["images with very many labels"]
    assert (crowded.severity, crowded.images) == ("warning", 1933)
    assert crowded.cases[0].remark == "26 labels"


def test_the_mended_labels():
    assert {(finding.kind, finding.severity) for finding in mlrsnet("mended")} == {
        ("labels on no image", "note"),
        ("images that lack a label of their scene", "note"),
    }


def test_the_weather_of_planet():
    if not PLANET.exists():
        pytest.skip("the labels of Planet are not here")
    labels = pd.read_csv(PLANET)["tags"].str.get_dummies(" ")
    assert not [one for one in audit(labels, "", [WEATHER]) if one.kind == "exclusive labels"]
    labels.loc[7, WEATHER] = 1
    labels.loc[9, WEATHER] = 0
    two, none = (one for one in audit(labels, "", [WEATHER]) if one.kind == "exclusive labels")
    assert [two.cases[0].rows, none.cases[0].rows] == [(7,), (9,)]
