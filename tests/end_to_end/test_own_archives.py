"""Archives of the user's own."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from own_tiles import copy_tiles, write_tiles
from project import SHARED, Project

UCMERCED = SHARED / "data" / "ucmerced40"


COPIED = ["beach1", "forest0", "parkinglot2", "parkinglot3"]


def test_a_table_without_scenes_and_with_copies(project: Project) -> None:
    write_tiles(project.path("mine"), project.path("mine.csv"), scenes=False)
    copy_tiles(project.path("mine"), project.path("mine.csv"), COPIED)
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

    check_duplicates(project, comparison, contrasts)
    assert "\n## Near duplicates\n" in summary

    failed = project.make("results/mine/scores/efficientnet_lite0/single_label-seed0.csv")
    assert failed.status != 0
    assert failed.errors == [
        "labeling single_label: the archive has no scene classes; "
        "add a column 'scene' to its label table or leave this labeling out"
    ]
    assert "Traceback" not in failed.text
    assert [path for path in project.made() if "single_label" in path] == []


def check_duplicates(project: Project, comparison: pd.DataFrame, contrasts: pd.DataFrame) -> None:
    """Check that scores without near duplicates are those of the queries that remain."""
    pairs = pd.read_csv(project.path("results/mine/duplicates.csv"))
    pairs = pairs[["image", "duplicate"]].to_numpy().tolist()
    assert {(tile, f"{tile}copy") for tile in COPIED} <= set(map(tuple, pairs))
    split = pd.read_csv(project.path("results/mine/split.csv")).set_index("image")["subset"]
    subsets: dict[str, set[str]] = {image: set() for image in split.index}
    for one, other in [*pairs, *(pair[::-1] for pair in pairs)]:
        subsets[one].add(split[other])
    queries = [image for image in split.index if split[image] == "test"]
    remaining = [image for image in queries if "train" not in subsets[image]]
    assert any("test" in subsets[image] for image in remaining)
    assert len(remaining) < len(queries)
    expected = {
        "kept": {len(queries)},
        "removed": {len(remaining)},
        "kept, same queries": {len(remaining)},
    }
    defined = contrasts[contrasts["metric"] == "accuracy"]
    for table in (comparison, defined):
        assert table.groupby("duplicates")["queries"].agg(set).to_dict() == expected
    excluded = comparison[comparison["query"] == "excluded"]
    rows = excluded[excluded["backbone"].isin(["random", "color_histogram"])]
    means = rows.pivot_table("accuracy", "backbone", "duplicates")
    assert (means["kept, same queries"] > means["removed"]).all()


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
