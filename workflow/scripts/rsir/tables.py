"""Tables of scores: a row per query, and a row per method."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rsir.bounds import score_bounds
from rsir.files import written_whole
from rsir.metrics import METRICS, PROTOCOLS, score_rankings, under_protocol
from rsir.ranking import Search
from rsir.statistics import mean_interval

METHOD = ["backbone", "labeling", "descriptor", "query", "k"]
SCORE_COLUMNS = [*METHOD[:2], "seed", *METHOD[2:], "image", *METRICS]


def query_scores(
    archive: pd.DataFrame,
    search: Search,
    rankings: dict[str, np.ndarray],
    cutoffs: Sequence[int],
    backbone: str,
    labeling: str,
    seed: int | None,
) -> pd.DataFrame:
    """Score a model: a row per descriptor, protocol, cutoff and query, a column per metric.

    Where no query is in the database there is one protocol, `excluded`.
    """
    labels, images = search.labels(archive), archive["image"].to_numpy()[search.queries]
    rows = []
    for descriptor, positions in rankings.items():
        for protocol in _protocols(search):
            ranked, left_out = under_protocol(protocol, positions, search.own_rows)
            for cutoff in cutoffs:
                scores = score_rankings(ranked, *labels, left_out, cutoff)
                method = (backbone, labeling, seed, descriptor, protocol, cutoff)
                rows.append(_score_rows(method, images, scores))
    return pd.concat(rows, ignore_index=True)


def bound_scores(archive: pd.DataFrame, search: Search, cutoffs: Sequence[int]) -> pd.DataFrame:
    """Score the bounds that labels alone give, in rows like those of `query_scores`."""
    labels, images = search.labels(archive), archive["image"].to_numpy()[search.queries]
    rows = []
    for protocol in _protocols(search):
        bounds = score_bounds(protocol, cutoffs, *labels, search.own_rows)
        for bound, by_cutoff in bounds.items():
            for cutoff, scores in by_cutoff.items():
                method = (bound, "", None, "", protocol, cutoff)
                rows.append(_score_rows(method, images, scores))
    return pd.concat(rows, ignore_index=True)


def _protocols(search: Search) -> Sequence[str]:
    return PROTOCOLS if (search.own_rows >= 0).any() else PROTOCOLS[:1]


def _score_rows(
    method: tuple[object, ...], images: np.ndarray, scores: dict[str, np.ndarray]
) -> pd.DataFrame:
    constants = dict(zip(SCORE_COLUMNS, method, strict=False))
    return pd.DataFrame({**constants, "image": images, **scores}, columns=SCORE_COLUMNS)


def comparison(archive: str, scores: pd.DataFrame, database: int) -> pd.DataFrame:
    """Compare methods: a row per backbone, labeling, descriptor, protocol and cutoff.

    Parameters
    ----------
    archive : str
        Its name.
    scores : DataFrame
        Rows of `query_scores` and `bound_scores`; every seed of a method scores the same queries.
    database : int
        Number of images that are searched.

    Returns
    -------
    DataFrame
        The method, the numbers of seeds, queries and searched images, then each metric's mean and
        95 % interval (`<metric>`, `<metric>_low`, `<metric>_high`), in the order of the scores.
    """
    methods, blocks = [], []
    for method, rows in scores.groupby(METHOD, sort=False, dropna=False):
        methods.append(method)
        by_seed = [one[list(METRICS)].to_numpy() for _, one in rows.groupby("seed", dropna=False)]
        blocks.append(np.stack(by_seed))
    values = np.empty((len(methods), len(METRICS), 3))
    for seeds in {len(block) for block in blocks}:  # alike in seeds: resampled alike
        chosen = [number for number, block in enumerate(blocks) if len(block) == seeds]
        columns = np.concatenate([blocks[number] for number in chosen], axis=2)
        values[chosen] = np.stack(mean_interval(columns), 1).reshape(-1, len(METRICS), 3)
    table = pd.DataFrame(methods, columns=METHOD)
    table.insert(0, "archive", archive)
    table["seeds"], table["queries"] = zip(*(block.shape[:2] for block in blocks), strict=True)
    table["database"] = database
    names = [f"{metric}{end}" for metric in METRICS for end in ("", "_low", "_high")]
    return table.join(pd.DataFrame(values.reshape(len(methods), -1), columns=names))


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, numbers with six decimals."""
    with written_whole(path) as partial:
        table.to_csv(partial, index=False, float_format="%.6f", lineterminator="\n")


def read_scores(path: Path) -> pd.DataFrame:
    """Read a table of `query_scores` or `bound_scores`."""
    texts = ["backbone", "labeling", "descriptor", "query", "image"]
    return pd.read_csv(
        path,
        dtype=dict.fromkeys(texts, str),
        keep_default_na=False,
        na_values={"seed": "", **dict.fromkeys(METRICS, "")},
    )


def as_text(comparison: pd.DataFrame) -> str:
    """Return the main columns of a comparison, for a terminal: query excluded, first cutoff."""
    rows = comparison[comparison["query"] == PROTOCOLS[0]]
    rows = rows[rows["k"] == rows["k"].iloc[0]]
    shown = rows[METHOD[:3]].fillna("")
    shown["accuracy [95 %]"] = [
        f"{mean:.3f} [{low:.3f}, {high:.3f}]"
        for mean, low, high in rows[["accuracy", "accuracy_low", "accuracy_high"]].to_numpy()
    ]
    for metric in ("precision", "recall", "hamming_loss", "ndcg", "map_jaccard", "anmrr"):
        shown[metric] = rows[metric].map("{:.3f}".format)
    return str(shown.to_string(index=False))
