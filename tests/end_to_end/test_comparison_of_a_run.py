"""The tables of a small run that compare its methods, by scene and by label too."""

import numpy as np
import pandas as pd
import pytest
from small_results import (
    BACKBONE,
    BOUNDS,
    HANDCRAFTED,
    LABELS,
    METHOD,
    METHODS,
    METRICS,
    QUERIES,
    SETTINGS,
    label_columns,
    open_array,
    read_tables,
)

from project import Project


def test_the_comparison_has_a_row_per_method(comparison: pd.DataFrame) -> None:
    ends = ("", "_low", "_high", "_sd")
    assert list(comparison.columns) == [
        *("archive", *METHOD, "seeds", "queries", "database"),
        *(f"{metric}{end}" for metric in METRICS for end in ends),
        "bytes_per_image",
    ]
    assert len(comparison) == METHODS * SETTINGS
    assert comparison["backbone"].drop_duplicates().tolist() == [BACKBONE, *HANDCRAFTED, *BOUNDS]
    assert (comparison["archive"] == "sample").all()
    assert (comparison["seeds"] == 1).all()
    assert (comparison[["queries", "database"]] == QUERIES).all(axis=None)
    for metric in METRICS:
        assert (comparison[f"{metric}_low"] <= comparison[metric]).all()
        assert (comparison[metric] <= comparison[f"{metric}_high"]).all()
        assert comparison[f"{metric}_sd"].isna().all()  # of a single seed


def test_the_comparison_gives_the_means_of_the_scores(
    comparison: pd.DataFrame, scores: pd.DataFrame
) -> None:
    means = scores.groupby(METHOD)[list(METRICS)].mean()
    rows = comparison[comparison["labeling"] != ""].set_index(METHOD)[list(METRICS)]
    pd.testing.assert_frame_equal(
        rows.sort_index(), means.sort_index(), check_exact=False, atol=2e-6, rtol=0
    )


def test_no_description_is_above_the_label_oracle_or_below_chance(comparison: pd.DataFrame) -> None:
    for _, rows in comparison.groupby(["query", "k"]):
        accuracy = rows.set_index("backbone")["accuracy"]
        assert (accuracy <= accuracy["label oracle"]).all()
        assert (accuracy >= accuracy["random"]).all()
        assert accuracy["random"] < accuracy["scene oracle"] < accuracy["label oracle"]
        assert accuracy[BACKBONE].max() > accuracy["random"] + 0.1
        assert accuracy[BACKBONE].max() > accuracy[[*HANDCRAFTED]].max()


def test_scenes_add_up_to_the_comparison(
    small: Project, archive: pd.DataFrame, comparison: pd.DataFrame
) -> None:
    by_scene = read_tables(small, "by_scene.csv")
    assert list(by_scene.columns) == [*METHOD, "scene", "queries", *METRICS]
    assert len(by_scene) == METHODS * SETTINGS * 21
    assert set(by_scene["scene"]) == set(archive["scene"])
    assert (by_scene["queries"] == 2).all()
    sums = by_scene[list(METRICS)].mul(by_scene["queries"], axis=0)
    means = sums.groupby([by_scene[name] for name in METHOD]).sum() / QUERIES
    pd.testing.assert_frame_equal(
        means,
        comparison.set_index(METHOD)[list(METRICS)].sort_index(),
        check_exact=False,
        atol=2e-6,
        rtol=0,
    )


@pytest.mark.parametrize(
    ("backbone", "model", "descriptor"),
    [(BACKBONE, "multi_label-seed0", "pool"), ("bovw_sift", "off_the_shelf", "histogram")],
)
def test_labels_follow_from_the_rankings(
    small: Project, archive: pd.DataFrame, backbone: str, model: str, descriptor: str
) -> None:
    k = 5
    table = read_tables(small, "by_label.csv")
    labeling = model.partition("-seed")[0]
    method = {"backbone": backbone, "labeling": labeling, "descriptor": descriptor}
    table = table[(table[[*method]] == pd.Series(method)).all(axis=1)]
    table = table[(table["query"] == "excluded") & (table["k"] == k)].set_index("label")
    with open_array(small, "rankings", model, backbone) as file:
        queries = list(file["query"].asstr())
        position = file[f"descriptors/{descriptor}/position"][:]
    for label in label_columns(archive):
        has = archive[label] == 1
        shares: dict[bool, list[float]] = {True: [], False: []}
        recalls = []
        for query, places in zip(queries, position, strict=True):
            neighbours = [queries[place] for place in places if queries[place] != query][:k]
            hits = sum(has[image] for image in neighbours)
            there = sum(has[image] for image in queries if image != query)
            shares[has[query]].append(hits / k)
            if has[query] and there:
                recalls.append(hits / min(there, k))
        row = table.loc[label]
        assert row["queries"] == row["database"] == len(shares[True])
        expected = {"precision": shares[True], "recall": recalls, "false_alarm": shares[False]}
        for metric, values in expected.items():
            mean = np.mean(values) if values else np.nan
            assert row[metric] == pytest.approx(mean, abs=1e-6, nan_ok=True), (label, metric)


def test_labels_have_a_row_per_method(small: Project, archive: pd.DataFrame) -> None:
    table = read_tables(small, "by_label.csv")
    assert list(table.columns) == [
        *(*METHOD, "label", "queries", "database", "precision", "recall", "false_alarm")
    ]
    assert len(table) == METHODS * SETTINGS * LABELS
    for _, rows in table.groupby(METHOD):
        assert rows["label"].tolist() == label_columns(archive)
