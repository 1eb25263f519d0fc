"""Archives of the user's own."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from own_tiles import write_tiles
from project import SHARED, Project

UCMERCED = SHARED / "data" / "ucmerced40"


def test_a_table_without_scenes(project: Project) -> None:
    write_tiles(project.path("mine"), project.path("mine.csv"), scenes=False)
    project.configure(
        {
            "archives": {"mine": {"kind": "table", "root": "mine", "labels": "mine.csv"}},
            "split": {"method": "iterative", "test_fraction": 0.4},
            "finetuning": {"batch_size": 4, "head": {"epochs": 1}, "tail": {"epochs": 1}},
            "retrieval": {"cutoffs": [3]},
            "run": {
                "archives": ["mine"],
                "backbones": ["efficientnet_lite0", "color_histogram"],
                "labelings": ["multi_label"],
            },
        }
    )
    made = project.make()
    assert made.status == 0, made.text
    comparison = pd.read_csv(project.path("results/mine/tables/comparison.csv"))
    assert list(comparison["backbone"].unique()) == [
        *("efficientnet_lite0", "color_histogram", "random", "label oracle")
    ]
    assert comparison["accuracy"].notna().all()
    assert comparison["anmrr"].isna().all()  # relevant are images of the query's scene

    contrasts = pd.read_csv(project.path("results/mine/tables/contrasts.csv"))
    without = contrasts["metric"] == "anmrr"
    tests = ["difference", "low", "high", "p", "p_holm"]
    assert contrasts.loc[~without, tests].notna().all(axis=None)
    assert contrasts.loc[without, tests].isna().all(axis=None)
    assert contrasts[["scene_low", "scene_high"]].isna().all(axis=None)
    by_scene = pd.read_csv(project.path("results/mine/tables/by_scene.csv"))
    assert len(by_scene) == 0
    assert {"scene", "queries", "accuracy", "anmrr"} <= set(by_scene)
    summary = project.path("results/mine/tables/summary.md").read_text(encoding="utf-8")
    assert "Random ranking: " in summary
    assert "scenes" not in summary
    assert "anmrr" not in summary
    assert "nan" not in summary

    failed = project.make("results/mine/scores/efficientnet_lite0/single_label-seed0.csv")
    assert failed.status != 0
    assert failed.errors == [
        "labeling single_label: the archive has no scene classes; "
        "add a column 'scene' to its label table or leave this labeling out"
    ]
    assert "Traceback" not in failed.text
    assert [path for path in project.made() if "single_label" in path] == []


@pytest.mark.skipif(not UCMERCED.is_dir(), reason="tiles of UC Merced are not at hand")
def test_ucmerced_is_read_and_split_as_in_the_thesis(project: Project) -> None:
    thesis = project.path("config/ucmerced.yaml").read_text(encoding="utf-8")
    project.configure(yaml.safe_load(thesis))
    project.configure({"archives": {"ucmerced": {"root": str(UCMERCED), "download": False}}})
    made = project.make("results/ucmerced/split.csv")
    assert made.status == 0, made.text
    assert made.jobs == {"archive": 1, "split": 1}
    archive = pd.read_csv(project.path("results/ucmerced/archive.csv"))
    split = pd.read_csv(project.path("results/ucmerced/split.csv"))
    assert len(archive) == 840
    assert archive["scene"].nunique() == 21
    assert len(archive.columns) == 6 + 17
    assert Path(UCMERCED, archive["path"][0]).is_file()
    assert split["subset"].value_counts().to_dict() == {"train": 672, "test": 168}
    tests = split.loc[split["subset"] == "test", "image"]
    assert sorted(tests.str[-2:].unique()) == [f"{index}" for index in range(32, 40)]
