"""What tests over queries, scenes, groups and seeds can find, in words."""

from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from statistics import median
from typing import Any

from rsir.evaluation.units import CLUSTERS

UNITS = {
    "": "queries",
    **{f"{unit}_": number for unit, number in CLUSTERS.items()},
    "seed_": "seeds",
}
"""Units by the prefix of their columns."""


def units_in_words(rows: Sequence[Mapping[Any, Any]], level: float) -> Iterator[str]:
    """Yield the lines of a section of a summary, in Markdown.

    Parameters
    ----------
    rows
        Rows of `rsir.evaluation.contrasts.contrasts` of one metric, condition and cutoff.
    level
        The significance level.
    """
    detectable = {
        of_unit: median(values)
        for prefix, of_unit in UNITS.items()
        if (values := [v for row in rows if not isnan(v := row[f"{prefix}detectable"])])
    }
    if not detectable:
        return
    listed = ", ".join(f"{value:.3f} over {of_unit}" for of_unit, value in detectable.items())
    yield (
        "Detectable differences, which a test finds with a probability of 0.8 (median of the "
        f"contrasts): {listed}."
    )
    for unit, number in CLUSTERS.items():
        clusters = max((int(row[number]) for row in rows if row[f"{unit}_p"] >= 0), default=0)
        least = 2.0 ** (1 - clusters)
        if clusters and least * len(rows) > level:
            yield ""
            yield (
                f"With {clusters} {number} the smallest p value of a test over {number} is "
                f"{least:.2g}; corrected for {len(rows)} contrasts it cannot reach {level}."
            )
