"""The pairs of methods that are compared, by default or as patterns say."""

from collections.abc import Iterable, Iterator, Sequence

from rsir.core.errors import InputError
from rsir.evaluation.bounds import BOUNDS
from rsir.evaluation.methods import (
    ENSEMBLE,
    HISTOGRAM,
    INDEPENDENT,
    MULTI_LABEL,
    NATIVE,
    OFF_THE_SHELF,
    POOL,
    POWERSET,
    SINGLE_LABEL,
    Method,
    transferred_labeling,
)

BETWEEN = (
    (MULTI_LABEL, SINGLE_LABEL),
    (MULTI_LABEL, INDEPENDENT),
    (POWERSET, INDEPENDENT),
)
"""Pairs of labelings that are compared by default, the first against the second."""

ANY = "*"
"""Stands for every value in a pattern; on both sides, for the same value."""

Pair = tuple[Method, Method]


def planned_pairs(
    patterns: Sequence[Sequence[str]] | None,
    methods: Iterable[Method],
    reference: str | None = None,
    partial: bool = False,
) -> list[Pair]:
    """Return the pairs of methods that are compared, the first against the second.

    Parameters
    ----------
    patterns
        Pairs of sides. A side is the name of a bound, or `backbone/labeling/descriptor`, any of
        which may be `*`. Where both sides have `*`, the values are equal. A method is never
        compared with itself. None: the pairs of `default_pairs`.
    methods
        The methods of the run.
    reference
        A side with which, in addition, each method is compared that is no bound; `*` stands for the
        value of the method.
    partial
        Whether the methods are some of those of the run, as in a search across archives: patterns
        and the reference may match none of them.

    Returns
    -------
    list
        The pairs in the order of the patterns, each once.

    Raises
    ------
    InputError
        If a pattern or the reference matches no method, unless it names what some archives of a
        run lack: `scene oracle`, or a model that another archive fine-tuned.
    """
    methods = list(methods)
    pairs = default_pairs(methods) if patterns is None else _matching(patterns, methods, partial)
    if reference is not None:
        learned = [method for method in methods if not is_bound(method)]
        against = [(one, other) for one in learned for other in references(reference, one, methods)]
        if not against and not partial and not _is_of_some_archives([reference]):
            raise InputError(
                f"config: evaluation.reference: {reference} matches no method of the run; "
                f"{_some(methods)}"
            )
        pairs = [*pairs, *against]
    return list(dict.fromkeys(pairs))


def default_pairs(methods: Iterable[Method]) -> list[Pair]:
    """Return the pairs that are compared by default.

    For each network, against its pooled off-the-shelf features: each descriptor of each labeling,
    and the bounds. For each pair of labelings in `BETWEEN`, the same descriptor of both. Each
    transferred model, against that of the archive itself. Against each handcrafted baseline, each
    descriptor of each network, off the shelf and fine-tuned.
    Derived descriptors and ensembles are not in these pairs, so that adding one changes no adjusted
    p value.
    """
    methods = list(methods)
    bounds = [method for method in methods if is_bound(method)]
    handcrafted = [method for method in methods if method[2] == HISTOGRAM]
    learned = [
        method
        for method in methods
        if method not in [*bounds, *handcrafted] and method[2] in NATIVE and method[1] != ENSEMBLE
    ]
    pairs = [
        *(
            (method, (method[0], OFF_THE_SHELF, POOL))
            for method in learned
            if method[1] != OFF_THE_SHELF
        ),
        *(
            (method, (method[0], second, method[2]))
            for first, second in BETWEEN
            for method in learned
            if method[1] == first
        ),
        *(
            (method, (method[0], own, method[2]))
            for method in learned
            if (own := transferred_labeling(method[1]))
        ),
        *((method, baseline) for method in learned for baseline in handcrafted),
        *(
            (bound, method)
            for method in learned
            if method[1:] == (OFF_THE_SHELF, POOL)
            for bound in bounds
        ),
    ]
    return [pair for pair in pairs if pair[1] in methods]


def references(reference: str, method: Method, methods: Iterable[Method]) -> list[Method]:
    """Return the methods other than `method` that a reference names for it."""
    return [
        other
        for other in methods
        if other != method and _is_pair(("/".join([ANY] * 3), reference), method, other)
    ]


def is_bound(method: Method) -> bool:
    """Return whether a method is a bound."""
    return method[0] in BOUNDS and not method[1]


def _matching(
    patterns: Sequence[Sequence[str]], methods: list[Method], partial: bool
) -> Iterator[Pair]:
    for number, pattern in enumerate(patterns):
        pairs = [
            (first, second)
            for first in methods
            for second in methods
            if first != second and _is_pair(pattern, first, second)
        ]
        if not pairs and not partial and not _is_of_some_archives(pattern):
            raise InputError(
                f"config: evaluation.contrasts.{number}: no pair of methods of the run matches "
                f"[{', '.join(pattern)}]; {_some(methods)}"
            )
        yield from pairs


def _is_of_some_archives(sides: Iterable[str]) -> bool:
    return any(side == "scene oracle" or "-from-" in side for side in sides)


def _is_pair(pattern: Sequence[str], first: Method, second: Method) -> bool:
    """Return whether the sides of a pattern match methods, with equal values for `*` on both."""
    parts = [_parts(side) for side in pattern]
    if not all(map(_matches, parts, (first, second))):
        return False
    return all(
        one == other
        for mine, its, one, other in zip(*parts, first, second, strict=True)
        if mine == its == ANY
    )


def _parts(side: str) -> tuple[str, ...]:
    """Return backbone, labeling and descriptor of a side; a bound has neither of the latter."""
    return (side, "", "") if side in BOUNDS else tuple(side.split("/"))


def _matches(parts: Sequence[str], method: Method) -> bool:
    if is_bound(method) and parts[1:] != ("", ""):
        return False  # `*` stands for methods
    return len(parts) == 3 and all(
        part in (ANY, value) for part, value in zip(parts, method, strict=True)
    )


def _some(methods: Iterable[Method]) -> str:
    names = ["/".join(method) for method in methods if not is_bound(method)]
    return f"write backbone/labeling/descriptor, as in {', '.join(names[:3])}"
