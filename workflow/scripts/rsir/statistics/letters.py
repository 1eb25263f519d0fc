"""Letters for methods that no test tells apart."""

import numpy as np
from numpy.typing import NDArray


def letter_display(differs: NDArray[np.bool_]) -> list[str]:
    """Return letters for each method; two methods share one exactly if they do not differ.

    The insert-and-absorb algorithm (Piepho, 2004). Methods come from the best to the worst, which
    is the order of the letters.

    Parameters
    ----------
    differs
        (M, M) whether two methods differ significantly; symmetric.

    Returns
    -------
    list of str
        The letters of each method, such as `ab`; after `z` come `aa`, `bb`, …, then `aaa`, …
    """
    count = len(differs)
    groups = [set(range(count))] if count else []
    for first, second in zip(*np.nonzero(np.triu(differs)), strict=True):
        split: list[set[int]] = []
        for group in groups:
            if first in group and second in group:
                split += [group - {int(first)}, group - {int(second)}]
            else:
                split.append(group)
        groups = []
        for group in sorted(split, key=len, reverse=True):
            if not any(group <= other for other in groups):
                groups.append(group)
    groups.sort(key=lambda group: sorted(group))
    names = [chr(ord("a") + number % 26) * (1 + number // 26) for number in range(len(groups))]
    return [
        "".join(name for name, group in zip(names, groups, strict=True) if method in group)
        for method in range(count)
    ]
