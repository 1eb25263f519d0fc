"""Columns of lists of labels: how a cell is split into labels."""

import ast
import json
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from rsir.archives.label_flags import WORDS
from rsir.core.errors import first_few

SEPARATORS = (";", "|", ",")
"""What separates labels unless `label_separator` says otherwise."""

_STRING = r"""(?:'[^'\\]*'|"[^"\\]*")"""
_PYTHON_LIST = re.compile(rf"\[\s*(?:{_STRING}(?:\s*,\s*{_STRING})*\s*,?)?\s*\]")
_NOTHING = {"nan", "none", "null", "n/a", "na", "<na>", "-"}


class ListError(ValueError):
    """Cells that cannot be split into labels; the message says what is wrong and what to do."""


def parse_lists(
    cells: Sequence[Any], separator: str | None = None, long: bool = False
) -> tuple[list[list[str]], str]:
    """Return the labels of each cell, and the form of the cells in words.

    Parameters
    ----------
    cells
        Lists, or text: names with a separator between them, or a list in JSON or Python.
    separator
        What separates names; None to find it.
    long
        Whether each cell has at most one label, because an image has a row for each.

    Raises
    ------
    ListError
        If the cells have several forms, or may be read in several ways.
    """
    if any(isinstance(cell, list) for cell in cells):
        lists = [cell if isinstance(cell, list) else [cell] * bool(cell) for cell in cells]
        labels, form = [_names(items) for items in lists], "lists"
    elif separator is not None:
        labels = [[name.strip() for name in cell.split(separator)] for cell in cells]
        form = f"names separated by {separator!r}"
    elif any(cell.startswith(("[", "{", "(")) for cell in cells):
        labels, form = [_bracketed(cell) for cell in cells], "lists in JSON or Python"
    else:
        labels, form = _separated(cells, long)
    if _are_vectors(labels):
        raise ListError("lists of 0 and 1 do not name labels; write a column for each label")
    labels = [list(dict.fromkeys(name for name in names if name)) for names in labels]
    _check(labels, explicit=separator is not None)
    return labels, form


def seems_list(cell: Any) -> bool:
    """Return whether a cell seems to hold several names."""
    if isinstance(cell, list):
        return True
    if re.match(r"\[\s*['\"]", cell):
        return True
    parts = [part.strip() for part in re.split("[;|,]", cell)]
    return len(parts) > 1 and not any(re.fullmatch(r"[-+(\[]*[\d.]*[)\]]*", part) for part in parts)


def _names(items: list[Any]) -> list[str]:
    """Return the items of a list as names; numbers are names, too."""
    if wrong := [
        item for item in items if not isinstance(item, str | int) or isinstance(item, bool)
    ]:
        raise ListError(
            f"{first_few(map(str, wrong))} in a list is no name of a label; write names"
        )
    return [str(item).strip() for item in items]


def _bracketed(cell: str) -> list[str]:
    """Return the items of a list in JSON or Python.

    Python joins strings without a comma between them, so the form is checked before.
    """
    if not cell:
        return []
    try:
        items = json.loads(cell)
    except ValueError:
        items = ast.literal_eval(cell) if _PYTHON_LIST.fullmatch(cell) else None
    if not isinstance(items, list):
        raise ListError(f'{_shortened(cell)} is not a list in JSON; write ["sea", "grass"]')
    return _names(items)


def _separated(cells: Sequence[str], long: bool) -> tuple[list[list[str]], str]:
    """Split cells at the one separator that occurs in them."""
    used = [one for one in SEPARATORS if any(one in cell for cell in cells)]
    example = next((cell for cell in cells if any(one in cell for one in used)), "")
    if len(used) > 1:
        raise ListError(
            f"labels may be separated by {first_few(used)}, as in {_shortened(example)}; "
            "set label_separator"
        )
    if used and long:
        raise ListError(
            f"several rows of one image, and {_shortened(example)}, which may be several labels; "
            "set label_separator, or keep one row for each image"
        )
    if not used:
        if not long:
            _check_spaces(cells)
        return [[cell] for cell in cells], "one name"
    lists = [[name.strip() for name in cell.split(used[0])] for cell in cells]
    if used == [","] and (pair := _inseparable(lists, cells)):
        raise ListError(
            f"{pair[0]!r} and {pair[1]!r} always stand together, so {', '.join(pair)!r} may be one "
            "label; set label_separator to ',' if it is two, to ';' if it is one"
        )
    return lists, f"names separated by {used[0]!r}"


def _inseparable(lists: list[list[str]], cells: Sequence[str]) -> tuple[str, str] | None:
    """Return two names that occur side by side alone, with a space after the comma."""
    if not any(", " in cell for cell in cells):
        return None
    counts = Counter(name for names in lists for name in names if name)
    pairs = Counter(pair for names in lists for pair in pairwise(names) if all(pair))
    return next(
        (pair for pair, count in pairs.items() if counts[pair[0]] == counts[pair[1]] == count), None
    )


def _check_spaces(cells: Sequence[str]) -> None:
    """Raise ListError if spaces (or `/`, `+`, `&`) may separate labels: words recur."""
    distinct = set(cells) - {""}
    for separator in (" ", "/", "+", "&"):
        several = [cell.split(separator) for cell in distinct if separator in cell]
        words = Counter(word.strip() for cell in several for word in set(cell))
        whole = distinct | {word for word, count in words.items() if count > 1}
        if several and any(word.strip() in whole for cell in several for word in cell):
            example = next(cell for cell in cells if separator in cell)
            raise ListError(
                f"{_shortened(example)} may be one label or several; set label_separator to "
                f"{separator!r} if it is several, to ';' if it is one"
            )


def _are_vectors(labels: list[list[str]]) -> bool:
    lengths = {len(own) for own in labels}
    items = {name for own in labels for name in own}
    return len(lengths) == 1 and max(lengths) > 1 and items <= {"0", "1"}


def _check(labels: list[list[str]], explicit: bool) -> None:
    """Raise ListError if the names of labels are no names."""
    names = sorted({name for own in labels for name in own})
    if not names:
        raise ListError("no image has a label; name some")
    if words := [name for name in names if name.casefold() in _NOTHING]:
        raise ListError(
            f"{words[0]!r} is no name of a label; leave the cell of an image without labels empty"
        )
    single = max(map(len, labels)) == 1
    if single and not explicit and (words := [name for name in names if name.casefold() in WORDS]):
        raise ListError(
            f"{words[0]!r} among names of labels; write 0 and 1 alone, or set label_separator if "
            "the column holds names"
        )
    alike: dict[str, str] = {}
    for name in names:
        other = alike.setdefault(" ".join(name.casefold().split()), name)
        if other != name:
            raise ListError(f"labels {other!r} and {name!r} differ in case alone; write them alike")


def _shortened(text: str, length: int = 60) -> str:
    return repr(text if len(text) <= length else f"{text[:length]}…")
