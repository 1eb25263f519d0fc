"""Label transfer from training images, with near duplicates, and over seeds."""

import numpy as np
import pandas as pd
import pytest
from five_images import LABELS, five_images

from rsir.core.errors import InputError
from rsir.evaluation.label_transfer import (
    label_transfer_rows,
    label_transfer_table,
    neighbour_depth,
)
from rsir.search.protocol import find_search, search_conditions

SUBSETS = np.array(["test", "test", "train", "train", "train"])
MODEL = {"backbone": "net", "labeling": "multi_label", "trained_on": "mine", "seed": 0}
# Images v {all} and w {all, some} search x {some, other}, y {all, rare} and z {all}.
RANKED = np.array([[1, 2, 0], [0, 1, 2]])


def rows_of(pairs=None, neighbours=(1, 2)) -> pd.DataFrame:
    search = find_search(SUBSETS, "train", pairs)
    conditions = search_conditions(search, neighbours)
    return pd.DataFrame(
        label_transfer_rows(
            five_images(), search, conditions, {"pool": RANKED}, list(neighbours), MODEL
        )
    )


def test_labels_of_training_images_by_hand():
    rows = rows_of()
    assert rows[["query", "duplicates", "k", "queries", "database"]].to_numpy().tolist() == [
        ["excluded", "kept", 1, 2, 3],
        ["excluded", "kept", 2, 2, 3],
    ]
    # k = 1: {all, rare} for {all}, {some, other} for {all, some}: 2/3 and 1/2.
    # k = 2: {all, rare} for {all}; all four at a half for {all, some}: 2/3 and 4/6.
    assert rows["f1"].tolist() == pytest.approx([(2 / 3 + 1 / 2) / 2, 2 / 3])
    # k = 1: `all` scores 1, 0 and both queries have it; `some` 0, 1 and the second has it.
    assert rows["macro_map"][0] == 1
    # Of four pairs with the score 1 two are right, of ten in all three.
    assert rows["micro_map"][0] == pytest.approx((2 * 2 / 4 + 3 / (2 * len(LABELS))) / 3)


def test_a_query_with_a_near_duplicate_that_trained_is_left_out():
    rows = rows_of(np.array([[1, 2]])).set_index(["duplicates", "k"])  # image w and image x
    assert rows["queries"].to_dict() == {
        **dict.fromkeys([("kept", 1), ("kept", 2)], 2),
        **{(name, k): 1 for name in ("removed", "kept, same queries") for k in (1, 2)},
    }
    assert rows.loc[("removed", 1), "f1"] == pytest.approx(2 / 3)


def test_more_neighbours_than_training_images_are_refused():
    search = find_search(SUBSETS, "train")
    assert neighbour_depth(search, search_conditions(search, [3]), [1, 3]) == 3
    with pytest.raises(InputError, match=r"retrieval\.cutoffs: 4 is more than the 3 training"):
        neighbour_depth(search, search_conditions(search, [4]), [4])


def test_the_table_averages_seeds():
    rows = rows_of(neighbours=(1,))
    other = rows.assign(seed=1, f1=rows["f1"] + 0.2)
    (row,) = label_transfer_table(pd.concat([rows, other])).to_dict("records")
    assert row["f1"] == pytest.approx(rows["f1"][0] + 0.1)
    assert row["f1_sd"] == pytest.approx(0.2 / np.sqrt(2))
    assert (row["seeds"], row["queries"], row["database"]) == (2, 2, 3)
    assert np.isnan(label_transfer_table(rows)["f1_sd"][0])
