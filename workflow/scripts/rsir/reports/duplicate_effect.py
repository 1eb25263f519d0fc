"""The effect of near duplicates on the scores, in words."""

from collections.abc import Iterator

import pandas as pd

from rsir.evaluation.methods import NAME, headline_rows, method_name, method_of
from rsir.search.protocol import REMOVED, SAME_QUERIES


def duplicate_effect(comparison: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return how much of each headline score is due to near duplicates.

    Parameters
    ----------
    comparison : DataFrame
        As `rsir.evaluation.comparison.comparison` returns it, with the methods `named`.
    metric : str
        The metric that is compared.

    Returns
    -------
    DataFrame
        For each method the mean `with` and `without` near duplicates over the same queries, and
        their `difference`; the number of `queries`. Empty if no score is without duplicates.
    """
    rows = [
        headline_rows(comparison, duplicates=value).set_index(NAME)
        for value in (SAME_QUERIES, REMOVED)
    ]
    kept, removed = (table[metric] for table in rows)
    table = pd.DataFrame({"with": kept, "without": removed, "queries": rows[1]["queries"]})
    return table.assign(difference=table["with"] - table["without"]).loc[kept.index].reset_index()


def duplicates_in_words(comparison: pd.DataFrame, metric: str, pairs: int) -> Iterator[str]:
    """Yield the lines of the section of a summary, in Markdown, on `pairs` of near duplicates."""
    yield "## Near duplicates"
    yield ""
    table = duplicate_effect(comparison, metric)
    if pairs == 0:
        yield "No pair of near duplicates was found."
    elif table.empty:
        yield f"Pairs of near duplicates in the archive: {pairs}. They change no score."
    else:
        queries = int(headline_rows(comparison)["queries"].iloc[0])
        remaining = int(table["queries"].iloc[0])
        yield (
            f"Pairs of near duplicates in the archive: {pairs}. Queries that are left out, because "
            "they have a near duplicate among the training images, very many, or too few other "
            f"images to retrieve: {queries - remaining} of {queries}. What near duplicates add to "
            f"the {metric} of the other {remaining} queries:"
        )
        yield ""
        for row in table.to_dict("records"):
            yield (
                f"- {method_name(method_of(row))}: {row['difference']:+.3f} "
                f"({row['with']:.3f} with, {row['without']:.3f} without)."
            )
