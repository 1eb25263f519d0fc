"""Label transfer: how well the nearest training images predict the labels of a query."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from rsir.core.errors import InputError
from rsir.evaluation.methods import METHOD
from rsir.metrics.label_transfer import label_shares, macro_map, micro_map, sample_f1
from rsir.search.protocol import Condition, Rankings, Search, most_excluded

MEASURES = {"micro_map": micro_map, "macro_map": macro_map, "f1": sample_f1}
"""Functions of the shares of neighbours with each label (Q, L) and of the labels (Q, L)."""


def neighbour_depth(
    search: Search, conditions: Sequence[Condition], neighbours: Sequence[int]
) -> int:
    """Return how many training images are ranked for each query.

    Raises
    ------
    InputError
        If there are fewer training images than neighbours.
    """
    images = len(search.database)
    if max(neighbours) > images:
        raise InputError(
            f"retrieval.cutoffs: {max(neighbours)} is more than the {images} training images, from "
            "which labels are transferred; give smaller cutoffs"
        )
    return min(max(neighbours) + most_excluded(conditions), images)


def label_transfer_rows(
    archive: pd.DataFrame,
    search: Search,
    conditions: Sequence[Condition],
    rankings: Mapping[str, Rankings],
    neighbours: Sequence[int],
    model: Mapping[str, object],
) -> Iterator[dict[str, object]]:
    """Yield a row per descriptor, condition and number of neighbours.

    Parameters
    ----------
    archive
        The images and their labels.
    search
        The queries, and the training images as the database.
    conditions
        Those of the search.
    rankings
        The rankings of each descriptor, at least as deep as `neighbour_depth`.
    neighbours
        The numbers of nearest images, in column `k`.
    model
        The columns of METHOD that identify the model, and `seed`.

    Yields
    ------
    dict
        METHOD, `seed`, the numbers of `queries` and of training images (`database`), and MEASURES.
    """
    query_labels, labels, _, _ = search.labels_and_scenes(archive)
    for descriptor, ranked in rankings.items():
        for condition in conditions:
            retrieved, own = condition.of(ranked), query_labels[condition.counted]
            for number in neighbours:
                shares = label_shares(retrieved[:, :number], labels)
                yield {
                    **model,
                    "descriptor": descriptor,
                    "query": condition.query,
                    "duplicates": condition.duplicates,
                    "k": number,
                    "queries": len(own),
                    "database": len(labels),
                    **{name: measure(shares, own) for name, measure in MEASURES.items()},
                }


def label_transfer_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Average `label_transfer_rows` over seeds.

    Returns
    -------
    DataFrame
        METHOD, the numbers of `seeds`, `queries` and training images (`database`), then the mean of
        each of MEASURES and its standard deviation over seeds (`…_sd`, NaN for a single seed).
    """
    by_method = rows.groupby(METHOD, sort=False)
    table = pd.DataFrame({"seeds": by_method.size()})
    table[["queries", "database"]] = by_method[["queries", "database"]].first()
    for name in MEASURES:
        table[name], table[f"{name}_sd"] = by_method[name].mean(), by_method[name].std()
    return table.reset_index()
