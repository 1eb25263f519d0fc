"""The one kind of error that is the user's to mend."""


class InputError(Exception):
    """What was given cannot be used.

    The message is one line: the file or config key, what is wrong with it, and what to do.
    """


class MachineError(InputError):
    """What was given is good; the machine lacks the room for it, or the right to write."""
