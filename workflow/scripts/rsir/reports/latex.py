"""The main comparison as a LaTeX table, for a paper."""

import re
from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

import pandas as pd

from rsir.evaluation.methods import Method, headline_rows, method_name, method_of
from rsir.evaluation.planned import is_bound
from rsir.metrics.scoring import LOWER_IS_BETTER
from rsir.reports.phrases import LEVEL, METRIC
from rsir.reports.verdict_table import OWN_SHELF, pair_verdicts, verdict_against

SHOWN = ("accuracy", "precision", "recall", "ndcg", "map_jaccard", "anmrr")
_SIGNS = {"better": "^{+}", "worse": "^{-}"}
_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}

Column = tuple[str, str, str]
"""Heading, archive and metric."""


def latex_table(comparison: pd.DataFrame, contrasts: pd.DataFrame, reference: str | None) -> str:
    r"""Return a table for the packages booktabs.

    A column per metric that has values for one archive, a column per archive for several; a row per
    method, the bounds last. The best mean of a column is bold; `+` and `-` are better and worse
    than the reference after Holm's correction; an em dash stands for what does not exist.

    Parameters
    ----------
    comparison, contrasts, reference
        As for `rsir.reports.verdict_table.verdict_table`.
    """
    rows = headline_rows(comparison).to_dict("records")
    means = {(row["archive"], method_of(row)): row for row in rows}
    archives = list(dict.fromkeys(archive for archive, _ in means))
    columns = (
        [
            (metric.replace("_", " "), archives[0], metric)
            for metric in SHOWN
            if not all(isnan(row[metric]) for row in rows)
        ]
        if len(archives) == 1
        else [(archive, archive, METRIC) for archive in archives]
    )
    methods = list(dict.fromkeys(method for _, method in means))
    learned = [method for method in methods if not is_bound(method)]
    bounds = [method for method in methods if is_bound(method)]
    signs = {
        metric: pair_verdicts(headline_rows(contrasts[contrasts["metric"] == metric]))
        for _, _, metric in columns
    }

    def cells(method: Method) -> str:
        named = [escaped(method_name(method))]
        for _, archive, metric in columns:
            of_method = (reference or OWN_SHELF, archive, method, learned, signs[metric])
            said = "" if is_bound(method) else verdict_against(*of_method)
            best = _best(means, archive, metric, learned)
            named.append(_cell(means.get((archive, method)), metric, said, best))
        return f"{' & '.join(named)} \\\\"

    first = rows[0]
    against = escaped(reference) if reference else "the pooled features off the shelf"
    of_metric = "" if len(archives) == 1 else f", mean {METRIC}"
    caption = (
        f"Retrieval on {escaped(', '.join(archives))}{of_metric}: the first {first['k']} images, "
        f"query excluded, mean and half of the 95\\,\\% interval. $+$ and $-$: better and worse "
        f"than {against} ($p \\le {LEVEL}$ after Holm's correction)."
    )
    heading = " & ".join(["method", *(escaped(name) for name, _, _ in columns)])
    return "\n".join(
        [
            "% \\usepackage{booktabs}",
            "\\begin{table}",
            f"  \\caption{{{caption}}}",
            f"  \\begin{{tabular}}{{l{'r' * len(columns)}}}",
            "    \\toprule",
            f"    {heading} \\\\",
            "    \\midrule",
            *(f"    {cells(method)}" for method in learned),
            "    \\midrule",
            *(f"    {cells(method)}" for method in bounds),
            "    \\bottomrule",
            "  \\end{tabular}",
            "\\end{table}\n",
        ]
    )


def escaped(text: str) -> str:
    """Return a text whose characters LaTeX prints as they are."""
    return re.sub(r"[\\~^&%$#_{}]", lambda sign: _SPECIAL.get(sign[0], f"\\{sign[0]}"), text)


def _best(
    means: Mapping[tuple[str, Method], Mapping[Any, Any]],
    archive: str,
    metric: str,
    methods: Sequence[Method],
) -> float:
    values = [means[archive, one][metric] for one in methods if (archive, one) in means]
    defined = [value for value in values if not isnan(value)]
    choose = min if metric in LOWER_IS_BETTER else max
    return choose(defined, default=float("nan"))


def _cell(row: Mapping[Any, Any] | None, metric: str, said: str, best: float) -> str:
    if row is None or isnan(row[metric]):
        return "---"
    half = (row[f"{metric}_high"] - row[f"{metric}_low"]) / 2
    mean = f"{row[metric]:.3f}"
    bold = f"\\mathbf{{{mean}}}" if row[metric] == best else mean
    return f"${bold}{_SIGNS.get(said, '')} \\pm {half:.3f}$"
