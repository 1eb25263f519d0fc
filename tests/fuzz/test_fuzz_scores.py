"""Scores of whole archives, and tables of scores."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rsir.archives.archive_table import FIXED_COLUMNS
from rsir.evaluation.by_label import LABEL_METRICS, label_rows
from rsir.evaluation.by_scene import by_scene
from rsir.evaluation.methods import METHOD
from rsir.evaluation.scores import query_scores
from rsir.evaluation.tables import read_results, write_table
from rsir.search.exact import rank
from rsir.search.protocol import Search

pytestmark = pytest.mark.usefixtures("small_blocks")


@settings(deadline=None, max_examples=30, derandomize=True)
@given(st.integers(2, 30), st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_the_order_of_the_archive(images: int, random: Any) -> None:
    rng = np.random.default_rng(images)
    values = rng.normal(size=(images, 8)).astype(np.float32)  # without ties
    archive = archive_of(rng.random((images, 3)) < 0.4, rng.choice(["x", "y"], images))
    order = random.sample(range(images), images)

    def scored(archive: pd.DataFrame, values: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
        search = Search(np.arange(images), np.arange(images))
        ranked, _ = rank(values, search.queries, search.database, images)
        method = (archive, search, {"pool": ranked}, [1, images - 1], "vgg16", "multi_label")
        scores = query_scores(*method, 0).sort_values([*METHOD, "image"], ignore_index=True)
        return scores, label_rows(*method)

    expected, by_label = scored(archive, values)
    moved, moved_by_label = scored(archive.iloc[order].reset_index(drop=True), values[order])
    pd.testing.assert_frame_equal(moved, expected)
    pd.testing.assert_frame_equal(moved_by_label, by_label)
    scenes = archive.set_index("image")["scene"]
    key = [*METHOD, "scene"]
    tables = [
        by_scene(scores, scenes).sort_values(key, ignore_index=True) for scores in (expected, moved)
    ]
    pd.testing.assert_frame_equal(*tables)


def archive_of(labels: np.ndarray, scenes: np.ndarray) -> pd.DataFrame:
    images = [f"image {number:03}" for number in range(len(labels))]
    fixed = pd.DataFrame(dict.fromkeys(FIXED_COLUMNS, images) | {"scene": scenes})
    return pd.concat(
        [fixed, pd.DataFrame(labels.astype("uint8")).rename(columns=str)], axis="columns"
    )


texts = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=5
) | st.sampled_from(["NA", "nan", "1", "01", "1e3", "True", "-", '"', ",", " x"])


@settings(deadline=None, max_examples=100, derandomize=True)
@given(
    st.lists(
        st.tuples(texts, texts, st.none() | st.integers(0, 9), st.integers(1, 99), st.floats(0, 1)),
        min_size=1,
        max_size=4,
    )
)
@example([("NA", "nan", None, 1, float("nan"))])
def test_a_table_of_scores_is_read_back_unchanged(folder: Path, rows: list[Any]) -> None:
    path = folder / "scores.csv"
    table = pd.DataFrame(rows, columns=["image", "label", "seed", "k", LABEL_METRICS[0]])
    write_table(path, table)
    again = read_results(path)
    assert again[["image", "label"]].to_numpy().tolist() == [list(row[:2]) for row in rows]
    assert again["k"].tolist() == table["k"].tolist()
    for name in ("seed", LABEL_METRICS[0]):
        expected = table[name].astype(float)
        np.testing.assert_allclose(again[name].astype(float), expected, atol=5.1e-7)
