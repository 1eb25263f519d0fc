"""Scores of archives whose images have one label each."""

import numpy as np
import pandas as pd
import pytest
from five_images import DATABASE, LABELS, QUERIES, RANKED, five_images

from rsir.evaluation.scores import bound_scores, query_scores
from rsir.metrics.scoring import METRICS
from rsir.search.protocol import Search

EMPTY = {"recall", "f1", "hamming_loss", "acg", "wap", "map_jaccard"}


def both_scores(archive: pd.DataFrame) -> list[pd.DataFrame]:
    search = Search(QUERIES, np.arange(len(DATABASE)))
    ranked = np.hstack([QUERIES[:, None], RANKED])
    return [
        query_scores(archive, search, {"pool": ranked}, [2], "net", "off_the_shelf", None),
        bound_scores(archive, search, [2]),
    ]


def test_metrics_of_label_sets_are_empty_where_each_image_has_one_label():
    archive = five_images()
    archive[list(LABELS)] = 0
    archive["all"] = (archive["scene"] == "farm").astype(int)
    archive["rare"] = 1 - archive["all"]
    for scores in both_scores(archive):
        empty = {metric for metric in METRICS if scores[metric].isna().all()}
        assert empty == EMPTY
        assert scores[[*set(METRICS) - EMPTY]].notna().all(axis=None)
    scores = both_scores(archive)[0]
    excluded = scores[scores["query"] == "excluded"]
    # Two queries of a port find a port and a farm, the last, of a farm, two ports.
    assert excluded["precision"].tolist() == pytest.approx([0.5, 0.5, 0.0])
    assert excluded["accuracy"].tolist() == excluded["precision"].tolist()


def test_one_image_of_more_labels_gives_them_a_meaning():
    for scores in both_scores(five_images()):
        assert scores[list(EMPTY)].notna().all(axis=None)
