"""Scores and comparisons of a tiny archive, worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from rsir.evaluation.comparison import as_text, comparison
from rsir.evaluation.scores import bound_scores, query_scores
from rsir.evaluation.tables import read_results, write_table
from rsir.metrics.scoring import METRICS
from rsir.search.protocol import Search
from rsir.statistics.bootstrap import mean_interval, seed_deviation

ALL = Search(np.arange(3), np.arange(3))
SEPARATE = Search(np.array([0, 1]), np.array([2, 3]))
RANKINGS = {"pool": np.array([[0, 2, 1], [1, 0, 2], [2, 0, 1]])}


@pytest.fixture
def tiny():
    """Four images; the label sets are a, ab, b and ab."""
    return pd.DataFrame(
        {
            "image": ["w", "x", "y", "z"],
            "path": ["w.png", "x.png", "y.png", "z.png"],
            "scene": ["port", "port", "farm", "farm"],
            "width": 1,
            "height": 1,
            "sha256": "0",
            "a": [1, 1, 0, 1],
            "b": [0, 1, 1, 1],
        }
    )


def scores_of(table: pd.DataFrame, rankings=RANKINGS, search=ALL, cutoffs=(1, 2), seed=0):
    return query_scores(table, search, rankings, cutoffs, "vgg16", "multi_label", seed)


def test_a_row_per_descriptor_protocol_cutoff_and_query(tiny):
    rankings = RANKINGS | {"output": RANKINGS["pool"][:, ::-1]}
    scores = scores_of(tiny, rankings)
    assert list(scores.columns) == [
        *("backbone", "labeling", "trained_on", "seed", "descriptor"),
        *("query", "duplicates", "k", "image"),
        *METRICS,
    ]
    keys = ["descriptor", "query", "k", "image"]
    assert len(scores) == 2 * 2 * 2 * 3
    assert not scores.duplicated(keys).any()
    assert set(scores["backbone"] + scores["labeling"] + scores["seed"].astype(str)) == {
        "vgg16multi_label0"
    }


def test_scores_worked_out_by_hand(tiny):
    scores = scores_of(tiny).set_index(["query", "k", "image"])
    # w (a) finds y (b), then x (ab); x finds w, then y; y finds w, then x.
    expected = {
        ("excluded", 1): {"w": (0, 0, 0), "x": (0.5, 1, 0.5), "y": (0, 0, 0)},
        ("excluded", 2): {"w": (0.25, 0.25, 0.5), "x": (0.5, 1, 0.5), "y": (0.25, 0.25, 0.5)},
        ("included", 1): {"w": (1, 1, 1), "x": (1, 1, 1), "y": (1, 1, 1)},
        ("included", 2): {"w": (0.5, 0.5, 0.5), "x": (0.75, 1, 0.75), "y": (0.5, 0.5, 0.5)},
    }
    for (query, k), by_image in expected.items():
        for image, values in by_image.items():
            row = scores.loc[(query, k, image), ["accuracy", "precision", "recall"]]
            assert tuple(row) == values, (query, k, image)


def test_queries_outside_the_database_have_one_protocol(tiny):
    rankings = {"pool": np.array([[1, 0], [0, 1]])}
    scores = scores_of(tiny, rankings, SEPARATE, [1])
    assert scores["query"].tolist() == ["excluded"] * 2
    assert scores["image"].tolist() == ["w", "x"]
    assert scores["accuracy"].tolist() == [0.5, 0.5]  # a against ab, ab against b
    assert set(bound_scores(tiny, SEPARATE, [1])["query"]) == {"excluded"}


def test_bounds_have_rows_like_those_of_methods(tiny):
    scores, bounds = scores_of(tiny), bound_scores(tiny, ALL, [1, 2])
    assert list(bounds.columns) == list(scores.columns)
    assert set(bounds["backbone"]) == {"random", "scene oracle", "label oracle"}
    assert set(bounds["labeling"]) == set(bounds["descriptor"]) == {""}
    assert bounds["seed"].isna().all()
    assert not bounds.duplicated(["backbone", "query", "k", "image"]).any()
    oracle = bounds[bounds["backbone"] == "label oracle"].set_index(["query", "k", "image"])
    assert oracle.loc[("excluded", 1), "accuracy"].to_dict() == {"w": 0.5, "x": 0.5, "y": 0.5}


def test_without_scenes_there_is_no_scene_oracle_and_no_anmrr(tiny):
    without = tiny.assign(scene="")
    assert set(bound_scores(without, ALL, [1])["backbone"]) == {"random", "label oracle"}
    assert scores_of(without)["anmrr"].isna().all()


def test_scores_are_read_as_they_were_written(tiny, tmp_path):
    tiny.loc[0, "image"] = "001"
    tiny.loc[1, "image"] = "NA"
    for number, scores in enumerate(
        (scores_of(tiny), scores_of(tiny, seed=None), bound_scores(tiny, ALL, [1]))
    ):
        path = tmp_path / "scores" / f"{number}.csv"
        write_table(path, scores)
        read = read_results(path)
        texts = ["backbone", "labeling", "descriptor", "query", "duplicates", "image"]
        pd.testing.assert_frame_equal(read[texts], scores[texts], check_dtype=False)
        numbers = ["seed", "k", *METRICS]
        pd.testing.assert_frame_equal(
            read[numbers].astype(float), scores[numbers].astype(float), atol=5e-7, rtol=0
        )


def test_tables_have_six_decimals(tmp_path):
    path = tmp_path / "table.csv"
    write_table(path, pd.DataFrame({"k": [20], "accuracy": [1 / 3], "anmrr": [np.nan]}))
    assert path.read_bytes() == b"k,accuracy,anmrr\n20,0.333333,\n"


@pytest.fixture
def all_scores(tiny, tmp_path):
    """Two seeds of a method, one off the shelf and the bounds, as the files give them."""
    other = {"pool": np.array([[0, 1, 2], [1, 2, 0], [2, 1, 0]])}
    parts = [
        query_scores(tiny, ALL, other, [1, 2], "vgg16", "off_the_shelf", None),
        scores_of(tiny, seed=0),
        scores_of(tiny, other, seed=1),
        bound_scores(tiny, ALL, [1, 2]),
    ]
    read = []
    for number, part in enumerate(parts):
        write_table(tmp_path / f"{number}.csv", part)
        read.append(read_results(tmp_path / f"{number}.csv"))
    return pd.concat(read, ignore_index=True)


def test_a_row_per_method_protocol_and_cutoff(all_scores):
    sizes = {("vgg16", "off_the_shelf", "", "pool"): 2048}
    table = comparison("tiny", all_scores, 3, sizes)
    method = ["backbone", "labeling", "trained_on", "descriptor", "query", "duplicates", "k"]
    ends = ("", "_low", "_high", "_sd")
    assert list(table.columns) == [
        "archive",
        *method,
        *("seeds", "queries", "database"),
        *(f"{metric}{end}" for metric in METRICS for end in ends),
        "bytes_per_image",
    ]
    known = table.set_index(["labeling", "descriptor"])["bytes_per_image"].dropna()
    assert known.to_dict() == {("off_the_shelf", "pool"): 2048}
    assert not table.duplicated(method).any()
    assert len(table) == (2 + 3) * 2 * 2
    assert table["backbone"].drop_duplicates().tolist() == [
        "vgg16",
        "random",
        "scene oracle",
        "label oracle",
    ]
    assert set(table["archive"]) == {"tiny"}
    assert set(table["queries"]) == set(table["database"]) == {3}
    seeds = table.groupby(["backbone", "labeling"])["seeds"].unique().map(list).to_dict()
    assert seeds == {
        ("vgg16", "off_the_shelf"): [1],
        ("vgg16", "multi_label"): [2],
        ("random", ""): [1],
        ("scene oracle", ""): [1],
        ("label oracle", ""): [1],
    }


def test_seeds_are_averaged(all_scores):
    table = comparison("tiny", all_scores, 3, {})
    table = table[table["labeling"] != ""].set_index(["labeling", "query", "k"])
    # By hand, one seed: 0, 1/2, 0; the other: w finds x, x finds y, y finds x: 1/2 each.
    row = table.loc[("multi_label", "excluded", 1)]
    assert row["accuracy"] == pytest.approx((1 / 6 + 1 / 2) / 2, abs=1e-6)
    assert row["accuracy_low"] < row["accuracy"] < row["accuracy_high"]
    row = table.loc[("off_the_shelf", "excluded", 1)]
    assert row[["accuracy", "accuracy_low", "accuracy_high"]].tolist() == [0.5, 0.5, 0.5]


def test_the_deviation_over_seeds_stands_beside_the_interval(all_scores, tmp_path):
    table = comparison("tiny", all_scores, 3, {})
    methods = table[table["labeling"] != ""].set_index(["labeling", "query", "k"])
    row = methods.loc[("multi_label", "excluded", 1)]
    # The means of the two seeds, 1/6 and 1/2, are 1/3 apart.
    assert row["accuracy_sd"] == pytest.approx(1 / 3 / np.sqrt(2), abs=1e-6)
    several = (table["seeds"] > 1).to_numpy()
    deviations = table[[f"{metric}_sd" for metric in METRICS]].to_numpy()
    assert np.isfinite(deviations[several]).all()
    assert np.isnan(deviations[~several]).all()
    write_table(tmp_path / "comparison.csv", table)
    written = pd.read_csv(tmp_path / "comparison.csv", dtype=str, keep_default_na=False)
    assert written["accuracy_sd"][several].str.fullmatch(r"0\.\d{6}").all()
    assert set(written["accuracy_sd"][~several]) == {""}


def test_the_order_of_methods_is_that_of_the_scores_however_many_seeds(all_scores):
    names = ["backbone", "labeling", "query", "k"]
    for scores in (all_scores, all_scores[::-1]):
        table = comparison("tiny", scores, 3, {})
        expected = scores[names].drop_duplicates().reset_index(drop=True)
        pd.testing.assert_frame_equal(table[names], expected, check_dtype=False)


def test_means_and_intervals_are_those_of_each_method_alone(all_scores):
    table = comparison("tiny", all_scores, 3, {})
    for method, rows in all_scores.groupby(["backbone", "labeling", "query", "k"], sort=False):
        names = dict(zip(["backbone", "labeling", "query", "k"], method, strict=True))
        selected = table[(table[list(names)] == pd.Series(names)).all(axis=1)].iloc[0]
        blocks = [seed[list(METRICS)].to_numpy() for _, seed in rows.groupby("seed", dropna=False)]
        scores = np.stack(blocks)
        expected = (*mean_interval(scores), seed_deviation(scores))
        for values, end in zip(expected, ("", "_low", "_high", "_sd"), strict=True):
            columns = [f"{metric}{end}" for metric in METRICS]
            np.testing.assert_allclose(selected[columns].to_numpy(float), values)


def test_the_text_has_the_excluded_rows_of_the_first_cutoff(all_scores):
    lines = as_text(comparison("tiny", all_scores, 3, {})).splitlines()
    assert len(lines) == 1 + 5
    assert lines[0].split()[:4] == ["backbone", "labeling", "descriptor", "accuracy"]
    (oracle,) = [line for line in lines if "label oracle" in line]
    assert oracle.split()[2:5] == ["0.500", "[0.500,", "0.500]"]
    assert "nan" not in "".join(line for line in lines if "anmrr" not in line).split()
