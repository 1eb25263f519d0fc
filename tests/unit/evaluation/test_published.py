"""The metrics of published protocols on an archive of 30 images, worked out from definitions."""

import ir_measures
import numpy as np
import pandas as pd
import pytest
from ir_measures import AP, P

from rsir.core.errors import InputError
from rsir.evaluation.published import PublishedMetrics, published_rows, published_table
from rsir.search.protocol import Search

IMAGES, QUERIES = 30, np.array([0, 4, 9, 13, 22])
LABELS = ("sea", "grass", "car", "dock")
OF_IR_MEASURES = {
    AP: ("map_scene", 29),
    P @ 5: ("precision_scene", 5),
    P @ 10: ("precision_scene", 10),
}


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    columns = {
        "image": [f"i{number:02}" for number in range(IMAGES)],
        "path": "",
        "scene": np.repeat(["port", "farm", "city"], 10),
        "width": 1,
        "height": 1,
        "sha256": "0",
    }
    return pd.DataFrame(columns | {name: rng.integers(0, 2, IMAGES) for name in LABELS})


def ranked(queries):
    """Each query finds the images in the order of its own random permutation, itself included."""
    return np.stack([np.random.default_rng(int(q)).permutation(IMAGES) for q in queries])


def by_hand(table, query):
    """Return label sets and scenes of what a query finds, itself left out, in plain Python."""
    rows = [row for row in ranked([query])[0] if row != query]
    sets = [{name for name in LABELS if table[name][row]} for row in [query, *rows]]
    return sets[0], sets[1:], [table["scene"][row] == table["scene"][query] for row in rows]


def jaccard(one, other):
    return len(one & other) / len(one | other) if one | other else 1.0


def precisions(relevant):
    return [sum(relevant[: rank + 1]) / (rank + 1) for rank in range(len(relevant))]


def plain(values, relevant):
    hits = [value for value, is_hit in zip(values, relevant, strict=True) if is_hit]
    return sum(hits) / len(hits) if hits else np.nan


def trapezoid(relevant):
    before = [1.0, *precisions(relevant)[:-1]]
    both = [(a + b) / 2 for a, b in zip(before, precisions(relevant), strict=True)]
    return plain(both, relevant)


def scores_of(protocol, table, cutoffs):
    metrics = PublishedMetrics(protocol, table, Search(QUERIES, np.arange(IMAGES)), cutoffs)
    return metrics.of(np.arange(len(QUERIES)), ranked(QUERIES))


def test_single_label(made):
    scores = scores_of("single_label", made, [5, 10])
    found = [by_hand(made, query)[2] for query in QUERIES]
    expected = [plain(precisions(relevant), relevant) for relevant in found]
    assert scores["map_scene", IMAGES - 1] == pytest.approx(expected)
    for cutoff in (5, 10):
        shares = [sum(relevant[:cutoff]) / cutoff for relevant in found]
        assert scores["precision_scene", cutoff] == pytest.approx(shares)
    # NG = 9 others of the scene, K = min(4 NG, 2 max NG) = 18; ranks beyond count 1.25 K.
    for relevant, nmrr in zip(found, scores["anmrr", IMAGES - 1], strict=True):
        ranks = [rank for rank, is_hit in enumerate(relevant, start=1) if is_hit]
        mean = sum(rank if rank <= 18 else 22.5 for rank in ranks) / 9
        assert nmrr == pytest.approx((mean - 5) / (22.5 - 5))


def test_single_label_agrees_with_ir_measures(made):
    scores = scores_of("single_label", made, [5, 10])
    judged, run = [], []
    for query in QUERIES:
        for rank, row in enumerate(row for row in ranked([query])[0] if row != query):
            same = int(made["scene"][row] == made["scene"][query])
            judged.append(ir_measures.Qrel(str(query), str(row), same))
            run.append(ir_measures.ScoredDoc(str(query), str(row), float(-rank)))
    expected = ir_measures.calc_aggregate([*OF_IR_MEASURES], judged, run)
    for measure, key in OF_IR_MEASURES.items():
        assert scores[key].mean() == pytest.approx(expected[measure])


def test_oml2021(made):
    scores = scores_of("oml2021", made, [20])
    for level in (0.6, 0.4, 0.2):
        expected = []
        for query in QUERIES:
            own, others, _ = by_hand(made, query)
            expected.append(trapezoid([jaccard(own, other) > level for other in others]))
        assert scores[f"map_jaccard_{level}", IMAGES - 1] == pytest.approx(expected, nan_ok=True)
    for place, query in enumerate(QUERIES):
        own, others, _ = by_hand(made, query)
        shared = [len(own & other) for other in others[:20]]
        gains = [(2**one - 1) / np.log2(rank + 2) for rank, one in enumerate(shared)]
        ordered = enumerate(sorted(shared, reverse=True))
        best = sum((2**one - 1) / np.log2(rank + 2) for rank, one in ordered)
        assert scores["ndcg_of_list", 20][place] == pytest.approx(sum(gains) / (best + 1e-6))
        acg = [sum(shared[: rank + 1]) / (rank + 1) for rank in range(20)]
        assert scores["acg", 20][place] == pytest.approx(acg[-1])
        assert scores["wap", 20][place] == pytest.approx(plain(acg, [one > 0 for one in shared]))


def test_ibm2024(made):
    scores = scores_of("ibm2024", made, [20])
    for name, is_relevant in (
        ("map_any_label", lambda one, other: bool(one & other)),
        ("map_equal_labels", lambda one, other: one == other),
    ):
        expected = []
        for query in QUERIES:
            own, others, _ = by_hand(made, query)
            relevant = [is_relevant(own, other) for other in others]
            total = sum(
                p for p, hit in zip(precisions(relevant[:20]), relevant, strict=False) if hit
            )
            expected.append(total / min(20, sum(relevant)) if any(relevant) else 0)
        assert scores[name, 20] == pytest.approx(expected)


def test_the_table_averages_queries_and_seeds():
    model = {"backbone": "net", "labeling": "multi_label", "trained_on": "mine"}
    scores = [{("map_scene", 29): np.array(values)} for values in ([0.2, np.nan], [0.4, np.nan])]
    rows = [row for one in scores for row in published_rows(model, {"pool": one})]
    (row,) = published_table(rows).to_dict("records")
    assert row["value"] == pytest.approx(0.3)
    assert (row["queries"], row["seeds"], row["k"]) == (1, 2, 29)


def test_scenes_are_needed_for_the_metrics_of_scenes(made):
    with pytest.raises(InputError, match="protocol: single_label needs scenes"):
        scores_of("single_label", made.assign(scene=""), [5])
