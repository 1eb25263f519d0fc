"""The comparison table: a row per method."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rsir.evaluation.methods import METHOD, MODEL, NAME, by_method, headline_rows, named
from rsir.metrics.scoring import METRICS
from rsir.statistics.bootstrap import mean_interval, seed_deviation

_ENDS = ("", "_low", "_high", "_sd")


def comparison(
    archive: str, scores: pd.DataFrame, database: int, sizes: Mapping[tuple[str, ...], int]
) -> pd.DataFrame:
    """Compare methods: a row per model, descriptor, condition and cutoff.

    Parameters
    ----------
    archive : str
        Name of the archive.
    scores : DataFrame
        Rows of `rsir.evaluation.scores.query_scores` and `bound_scores`; every seed of a method
        scores the same queries, and every method under a condition.
    database : int
        Number of images in the database.
    sizes : mapping
        Bytes that the descriptor of an image takes, by the values of MODEL.

    Returns
    -------
    DataFrame
        The method, the numbers of seeds, queries and database images, then each metric's mean, 95 %
        confidence interval and standard deviation over seeds (`<metric>`, `<metric>_low`,
        `<metric>_high`, `<metric>_sd`, NaN for a single seed), and `bytes_per_image`, missing for
        bounds; in the order of the scores.
    """
    methods = by_method(scores)
    blocks = list(methods.values())
    values = np.empty((len(blocks), len(METRICS), len(_ENDS)))
    for shape in {block.shape for block in blocks}:  # one bootstrap for as many seeds and queries
        chosen = [number for number, block in enumerate(blocks) if block.shape == shape]
        columns = np.concatenate([blocks[number] for number in chosen], axis=2)
        statistics = np.stack([*mean_interval(columns), seed_deviation(columns)], axis=1)
        values[chosen] = statistics.reshape(-1, len(METRICS), len(_ENDS))
    table = pd.DataFrame(list(methods), columns=METHOD)
    table.insert(0, "archive", archive)
    table["seeds"], table["queries"] = zip(*(block.shape[:2] for block in blocks), strict=True)
    table["database"] = database
    names = [f"{metric}{end}" for metric in METRICS for end in _ENDS]
    table = table.join(pd.DataFrame(values.reshape(len(methods), -1), columns=names))
    known = [sizes.get(model) for model in table[MODEL].itertuples(index=False, name=None)]
    return table.assign(bytes_per_image=pd.array(known, dtype="Int64"))


def as_text(comparison: pd.DataFrame) -> str:
    """Return the main columns of the headline rows of a comparison, for a terminal."""
    rows = headline_rows(named(comparison, comparison["archive"].iloc[0]))
    text = rows[NAME].copy()
    text["accuracy [95 %]"] = [
        f"{mean:.3f} [{low:.3f}, {high:.3f}]"
        for mean, low, high in rows[["accuracy", "accuracy_low", "accuracy_high"]].to_numpy()
    ]
    for metric in ("precision", "recall", "hamming_loss", "ndcg", "map_jaccard", "anmrr"):
        text[metric] = rows[metric].map("{:.3f}".format).replace("nan", "–")
    return str(text.to_string(index=False))
