"""The rankings and scores of a small run."""

import numpy as np
import pandas as pd
import pytest
from small_results import (
    BACKBONE,
    DESCRIBED,
    LABELS,
    METRICS,
    QUERIES,
    descriptors_of,
    label_columns,
    open_array,
    read_scores,
)

from project import Project


@pytest.mark.parametrize(("backbone", "model"), DESCRIBED)
def test_rankings_are_by_cosine(
    small: Project, archive: pd.DataFrame, backbone: str, model: str
) -> None:
    with (
        open_array(small, "rankings", model, backbone) as file,
        open_array(small, "descriptors", model, backbone) as described,
    ):
        queries = list(file["query"].asstr())
        assert queries == list(file["database"].asstr())  # `database: test`
        rows = archive.index.get_indexer(queries)
        assert [name[-2:] for name in queries] == ["03", "04"] * 21
        assert set(file["descriptors"]) == set(descriptors_of(backbone))
        for descriptor in descriptors_of(backbone):
            vectors = described[descriptor][:].astype(np.float64)[rows]
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            cosine = vectors @ vectors.T
            position = file[f"descriptors/{descriptor}/position"][:]
            similarity = file[f"descriptors/{descriptor}/similarity"][:]
            depth = position.shape[1]
            best = -np.sort(-cosine, axis=1)[:, :depth]
            np.testing.assert_allclose(similarity, best, atol=1e-5)
            np.testing.assert_allclose(
                np.take_along_axis(cosine, position, axis=1), best, atol=1e-5
            )


def test_scores_have_a_row_per_descriptor_protocol_cutoff_and_query(small: Project) -> None:
    for backbone, model in DESCRIBED:
        table = read_scores(small, backbone, model)
        assert list(table.columns) == [
            *("backbone", "labeling", "trained_on", "seed", "descriptor"),
            *("query", "duplicates", "k", "image"),
            *METRICS,
        ]
        counts = table.groupby(["descriptor", "query", "k"]).size()
        assert sorted(counts.index) == [
            (descriptor, query, k)
            for descriptor in descriptors_of(backbone)
            for query in ("excluded", "included")
            for k in (5, 10)
        ]
        assert (counts == QUERIES).all()
        assert table[list(METRICS)].notna().all(axis=None)


@pytest.mark.parametrize("protocol", ["excluded", "included"])
def test_scores_follow_from_the_rankings(
    small: Project, archive: pd.DataFrame, protocol: str
) -> None:
    model, k = "multi_label-seed0", 5
    flags = archive[label_columns(archive)]
    label_sets = {image: set(flags.columns[row == 1]) for image, row in flags.iterrows()}
    with open_array(small, "rankings", model) as file:
        queries, database = (list(file[name].asstr()) for name in ("query", "database"))
        position = file["descriptors/pool/position"][:]
    table = read_scores(small, BACKBONE, model).set_index(["descriptor", "query", "k", "image"])
    table = table.sort_index().loc[("pool", protocol, k)]
    for query, places in zip(queries, position, strict=True):
        neighbours = [database[place] for place in places]
        if protocol == "excluded":
            neighbours = [image for image in neighbours if image != query]
        pairs = [(label_sets[query], label_sets[image]) for image in neighbours[:k]]
        expected = {
            "accuracy": [len(q & r) / len(q | r) for q, r in pairs],
            "precision": [len(q & r) / len(r) for q, r in pairs],
            "recall": [len(q & r) / len(q) for q, r in pairs],
            "f1": [2 * len(q & r) / (len(q) + len(r)) for q, r in pairs],
            "hamming_loss": [len(q ^ r) / LABELS for q, r in pairs],
            "acg": [len(q & r) for q, r in pairs],
        }
        for metric, values in expected.items():
            assert table.loc[query, metric] == pytest.approx(sum(values) / k, abs=1e-6)
