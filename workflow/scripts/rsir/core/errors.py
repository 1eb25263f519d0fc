"""The one kind of error that is the user's to mend."""

from collections.abc import Iterable


class InputError(Exception):
    """What was given cannot be used.

    The message is one line: the file or config key, what is wrong with it, and what to do.
    """


class MachineError(InputError):
    """What was given is good; the machine lacks the room for it, or the right to write."""


def first_few(names: Iterable[str]) -> str:
    """Return the first three names, quoted, and an ellipsis for more."""
    names = list(names)
    return ", ".join(map(repr, names[:3])) + (", …" if len(names) > 3 else "")
