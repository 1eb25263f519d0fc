"""The results in words: bounds, and the planned contrasts with their significance."""

from collections.abc import Iterator, Mapping

import pandas as pd

from rsir.evaluation.bounds import BOUNDS
from rsir.evaluation.methods import (
    AGAINST,
    HISTOGRAM,
    OFF_THE_SHELF,
    POOL,
    Method,
    headline_rows,
    method_name,
    method_of,
)
from rsir.evaluation.planned import is_bound
from rsir.reports.duplicate_effect import duplicates_in_words
from rsir.reports.phrases import (
    LEVEL,
    METRIC,
    Contrast,
    Row,
    all_against,
    each,
    extremes,
    name_within,
    result,
    verdict,
    with_interval,
)
from rsir.reports.units_in_words import units_in_words

Contrasts = Mapping[tuple[Method, Method], Contrast]


def summary(
    comparison: pd.DataFrame,
    contrasts: pd.DataFrame,
    by_scene: pd.DataFrame,
    by_label: pd.DataFrame,
    pairs: int | None = None,
) -> str:
    """Return a report in Markdown of the headline rows of the tables.

    The arguments are the tables of these names in `rsir.evaluation`, with the methods `named`, and
    the number of pairs of near duplicates in the archive, None if they were not searched for. A
    method is called better or worse than another only if the adjusted p value of their contrast is
    at most `LEVEL`.
    """
    methods = {method_of(row): row for row in _headline(comparison)}
    tested: dict[tuple[Method, Method], Contrast] = {}
    for row in _headline(contrasts):
        pair = method_of(row), method_of(row, AGAINST)
        tested.setdefault(pair, {})[row["metric"]] = row
    sections = [
        _introduction(methods),
        *(
            [
                _rules(methods, len(tested)),
                units_in_words([contrast[METRIC] for contrast in tested.values()], LEVEL),
                _verdicts(methods, tested),
            ]
            if tested
            else []
        ),
        _levels(methods, _headline(by_scene), _headline(by_label)),
        *([] if pairs is None else [duplicates_in_words(comparison, METRIC, pairs)]),
        *(_network(shelf, methods, tested) for shelf in _shelves(methods)),
        _others(methods, tested),
    ]
    texts = ["\n".join(section) for section in sections]
    return "\n\n".join(filter(None, texts)) + "\n"


def _introduction(methods: Mapping[Method, Row]) -> Iterator[str]:
    first = next(iter(methods.values()))
    yield f"# Retrieval results on {first['archive']}"
    yield ""
    yield (
        f"{first['queries']} queries, database of {first['database']} images; the first "
        f"{first['k']} retrieved images per query, query excluded; metric: {METRIC} (mean Jaccard "
        "index of the label sets of the query and each retrieved image). Brackets: 95 % confidence "
        "intervals."
    )


def _rules(methods: Mapping[Method, Row], contrasts: int) -> Iterator[str]:
    """State the test, and the variation between seeds."""
    yield (
        'A difference is called "better" or "worse" if it is significant: paired sign-flip '
        f"permutation test over queries, Holm correction for {contrasts} planned contrasts, "
        f"adjusted p ≤ {LEVEL}. What is not significant is not shown to be equal."
    )
    trained = [row for method, row in methods.items() if method[1] not in ("", OFF_THE_SHELF)]
    if not trained:
        return
    yield ""
    seeds = max(row["seeds"] for row in trained)
    if seeds == 1:
        yield (
            "Each fine-tuning was run with one seed, so the variation between seeds is unknown; "
            "estimating it requires several seeds."
        )
        return
    spread = {method: row[f"{METRIC}_sd"] for method, row in methods.items() if row["seeds"] > 1}
    least, most = min(spread, key=spread.__getitem__), max(spread, key=spread.__getitem__)
    yield (
        f"Each fine-tuning was run with {seeds} seeds; the scores of a query are averaged over "
        f"seeds. The standard deviation over seeds of the mean {METRIC} ranges from "
        f"{spread[least]:.3f} ({method_name(least)}) to {spread[most]:.3f} ({method_name(most)})."
    )


def _verdicts(methods: Mapping[Method, Row], tested: Contrasts) -> Iterator[str]:
    """List the verdicts on each network, without numbers other than the differences."""
    lines = []
    for shelf in _shelves(methods):
        against_shelf = {
            f"{name_within(first)} {contrast[METRIC]['difference']:+.3f}": verdict(contrast[METRIC])
            for (first, second), contrast in tested.items()
            if second == shelf and first[0] == shelf[0]
        }
        if against_shelf:
            lines.append(
                f"- {shelf[0]}, against its off-the-shelf features: {each(against_shelf)}."
            )
        between = {
            f"{name_within(first)} against {name_within(second)}": verdict(contrast[METRIC])
            for (first, second), contrast in tested.items()
            if _is_between(first, second) and first[0] == shelf[0]
        }
        if between:
            lines.append(f"- {shelf[0]}, between labelings: {each(between)}.")
    others = {
        f"{method_name(first)} against {method_name(second)}": verdict(contrast[METRIC])
        for (first, second), contrast in _of_no_network(methods, tested).items()
    }
    if others:
        lines.append(f"- Other contrasts: {each(others)}.")
    if lines:
        yield from ("## Summary", "", *lines)


def _levels(
    methods: Mapping[Method, Row], by_scene: list[Row], by_label: list[Row]
) -> Iterator[str]:
    means = {method: row[METRIC] for method, row in methods.items()}
    bounds = {name: means.pop((name, "", "")) for name in BOUNDS if (name, "", "") in means}
    floor, ceiling = bounds["random"], bounds["label oracle"]
    yield "## Between the random floor and the label upper bound"
    yield ""
    yield f"- Random ranking: {floor:.3f}."
    if "scene oracle" in bounds:
        yield f"- Scene oracle, images of the query's scene first: {bounds['scene oracle']:.3f}."
    yield f"- Label oracle, images ranked by their labels: {ceiling:.3f}, the upper bound."
    best = max(means, key=means.__getitem__)
    highest = f"- Highest mean of a method: {with_interval(methods[best])}, by {method_name(best)}"
    if ceiling > floor:
        share = (means[best] - floor) / (ceiling - floor)
        yield f"{highest}; {share:.0%} of the range from the random ranking to the upper bound."
    else:
        yield f"{highest}. The bounds are equal: any ranking has the same {METRIC}."
    scenes = {row["scene"]: row[METRIC] for row in by_scene if method_of(row) == best}
    labels = {row["label"]: row["precision"] for row in by_label if method_of(row) == best}
    if scenes:
        yield f"- By scene, its {METRIC} is {extremes(scenes)}."
    yield (
        "- By label, its precision (share of retrieved images with the label, over the queries "
        f"with the label) is {extremes(labels)}."
    )


def _network(shelf: Method, methods: Mapping[Method, Row], tested: Contrasts) -> Iterator[str]:
    name = shelf[0]
    between = {
        pair: contrast
        for pair, contrast in tested.items()
        if pair[0][0] == name and _is_between(*pair)
    }
    handcrafted: dict[Method, dict[Method, Row]] = {}
    for (first, second), contrast in tested.items():
        if first[0] == name and second[2] == HISTOGRAM:
            handcrafted.setdefault(second, {})[first] = contrast[METRIC]
    against_shelf = {
        first: contrast
        for (first, second), contrast in tested.items()
        if second == shelf and (is_bound(first) or first[0] == name)
    }
    if not (against_shelf or between or handcrafted):
        return
    yield f"## {name}"
    if against_shelf:
        yield ""
        yield f"Against its pooled off-the-shelf features, {with_interval(methods[shelf])}:"
        yield ""
        for first, contrast in against_shelf.items():
            yield f"- **{name_within(first)}**: {result(contrast)}"
    if between:
        yield ""
        yield "Between labelings:"
        yield ""
        for (first, second), contrast in between.items():
            yield f"- **{name_within(first)}** against {name_within(second)}: {result(contrast)}"
    if handcrafted:
        yield ""
        yield "Against handcrafted baselines:"
        yield ""
        for baseline, rows in handcrafted.items():
            yield f"- **{baseline[0]}**, {with_interval(methods[baseline])}: {all_against(rows)}"


def _others(methods: Mapping[Method, Row], tested: Contrasts) -> Iterator[str]:
    """List the contrasts that belong to no section of a network."""
    others = _of_no_network(methods, tested)
    if not others:
        return
    yield "## Other contrasts"
    yield ""
    for (first, second), contrast in others.items():
        yield f"- **{method_name(first)}** against {method_name(second)}: {result(contrast)}"


def _of_no_network(methods: Mapping[Method, Row], tested: Contrasts) -> Contrasts:
    """Return the contrasts that no section of a network lists."""
    shelves = _shelves(methods)
    networks = {shelf[0] for shelf in shelves}
    return {
        (first, second): contrast
        for (first, second), contrast in tested.items()
        if not (second in shelves and (is_bound(first) or first[0] == second[0]))
        and not (first[0] in networks and second[2] == HISTOGRAM)
        and not (first[0] in networks and _is_between(first, second))
    }


def _shelves(methods: Mapping[Method, Row]) -> list[Method]:
    """Return the pooled off-the-shelf features of each network."""
    return [method for method in methods if method[1:] == (OFF_THE_SHELF, POOL)]


def _is_between(first: Method, second: Method) -> bool:
    """Return whether a contrast is of labelings of a network, with the same descriptor."""
    of_network = first[0] == second[0] and first[2] == second[2]
    return of_network and OFF_THE_SHELF not in (first[1], second[1])


def _headline(table: pd.DataFrame) -> list[Row]:
    return list(headline_rows(table).to_dict("records"))
