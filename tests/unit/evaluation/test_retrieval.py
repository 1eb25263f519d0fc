"""What is kept of rankings, and the scores of whole ones that are computed beside them."""

import numpy as np
import pandas as pd
import pytest
import torch

from rsir.evaluation.condition_nmrr import ConditionNmrr
from rsir.evaluation.published import PublishedMetrics
from rsir.evaluation.retrieval import retrieve
from rsir.metrics import arrays
from rsir.metrics.scoring import kept_depth, ranking_depth
from rsir.search.expansion import Expansion
from rsir.search.protocol import find_search, most_excluded, search_conditions
from rsir.search.ranking_file import read_published, read_rankings, write_rankings

IMAGES, CUTOFFS = 60, [3, 5]


@pytest.fixture
def archive() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    fixed = {
        "image": [f"i{number:02}" for number in range(IMAGES)],
        "path": "",
        "scene": np.repeat(["port", "farm", "city"], IMAGES // 3),
        "width": 1,
        "height": 1,
        "sha256": "0",
    }
    return pd.DataFrame(fixed | {name: rng.integers(0, 2, IMAGES) for name in "abcd"})


def retrieved(archive, protocol, similarity="cosine", expansion=None):
    search = find_search(np.where(np.arange(IMAGES) % 4, "test", "train"), "test")
    conditions = search_conditions(search, CUTOFFS)
    _, _, *scenes = search.labels_and_scenes(archive)
    excluded = most_excluded(conditions)
    depth = ranking_depth(CUTOFFS, len(search.database), *scenes, excluded)
    descriptors = np.random.default_rng(4).random((IMAGES, 6)).astype(np.float32)
    found = retrieve(
        descriptors,
        search,
        conditions,
        (depth, kept_depth(CUTOFFS, depth, excluded)),
        ConditionNmrr(conditions, *scenes),
        PublishedMetrics(protocol, archive, search, CUTOFFS) if protocol else None,
        similarity,
        expansion,
        torch.device("cpu"),
    )
    return found, search


@pytest.mark.parametrize(
    ("similarity", "expansion"),
    [
        ("cosine", None),
        ("soft_jaccard", None),
        ("cosine", Expansion(augmentation=2, neighbours=2, alpha=3)),
    ],
)
def test_metrics_of_whole_rankings_change_nothing_else(monkeypatch, archive, similarity, expansion):
    plain, search = retrieved(archive, None, similarity, expansion)
    assert plain.published == {}
    monkeypatch.setattr(arrays, "_BLOCK_ELEMENTS", 200)  # some queries at a time
    found, _ = retrieved(archive, "single_label", similarity, expansion)
    of_plain, of_found = plain.rankings, found.rankings
    if expansion:
        of_plain, of_found = of_plain["excluded, kept"], of_found["excluded, kept"]
    for actual, expected in zip(of_found, of_plain, strict=True):
        np.testing.assert_array_equal(actual, expected)
    np.testing.assert_array_equal(found.nmrr, plain.nmrr)
    # The first ranks of the whole ranking are those that are kept.
    scenes = archive["scene"].to_numpy()
    hits = scenes[search.database[of_found[0]]] == scenes[search.queries, None]
    itself = of_found[0] == search.own_rows[:, None]
    shares = [row[~own][:5].mean() for row, own in zip(hits, itself, strict=True)]
    assert found.published["precision_scene", 5] == pytest.approx(shares)
    others = len(search.database) - 1
    assert found.published["anmrr", others] == pytest.approx(found.nmrr[0])
    assert not np.isnan(found.published["map_scene", others]).any()


def test_scores_of_whole_rankings_stand_beside_the_rankings(tmp_path, archive):
    found, search = retrieved(archive, "oml2021")
    path, images = tmp_path / "rankings.h5", archive["image"].to_numpy(str)
    published = {"pool": found.published}
    write_rankings(path, images, search, {"pool": found.rankings}, {"pool": 24}, {}, {}, published)
    actual = read_published(path)["pool"]
    assert actual.keys() == found.published.keys()
    for key, values in found.published.items():
        np.testing.assert_array_equal(actual[key], values)
    _, ranked, _ = read_rankings(path, images)
    np.testing.assert_array_equal(ranked["pool"], found.rankings[0])
