"""The one kind of error that is the user's to mend."""


class InputError(Exception):
    """What was given cannot be used.

    The message is one line: the file or config key, what is wrong with it, and what to do.
    """


class StorageError(InputError):
    """There is no room to write to, or no right to."""
