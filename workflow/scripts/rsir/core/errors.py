"""Errors that the user can fix, and the one-line messages of others."""

from collections.abc import Iterable

OUT_OF_MEMORY = (
    "cuda error: out of memory",
    "hip error: out of memory",
    "cublas_status_alloc_failed",
    "cudnn_status_alloc_failed",
    "unable to find an engine",  # cuDNN, without memory for the workspace of a convolution
    "can't allocate memory",  # of a CPU
)
"""Messages of torch's libraries when memory is exhausted, in lower case."""


class InputError(Exception):
    """An input that cannot be used.

    The message is one line: the file or config key, what is wrong with it, and what to do.
    """


class MachineError(InputError):
    """A valid input that the machine has no memory, disk space or write permission for."""


def one_line(error: BaseException) -> str | None:
    """Return the message of an error in one line, or None for an unexpected error.

    Expected are `InputError` and failures of the machine, which no other input would prevent: a
    failed GPU, a killed worker process, exhausted memory.
    """
    if isinstance(error, InputError):
        return str(error)
    if is_out_of_memory(error):
        return "out of memory; run fewer jobs at the same time, or request more memory"
    first = str(error).split("\n")[0]
    # torch.AcceleratorError since torch 2.8, a RuntimeError before
    if type(error).__name__ == "AcceleratorError" or first.startswith("CUDA error"):
        return f"the GPU failed ({first}); run again, on another GPU if it keeps failing"
    if first.startswith("DataLoader worker") or type(error).__name__ == "BrokenProcessPool":
        return "a process that reads images was killed, probably for lack of memory; run again"
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether the memory of the machine or of its GPU is exhausted.

    torch reports it as an `OutOfMemoryError` of its own, and the libraries that it calls as errors
    of other kinds.
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    message = str(error).lower()
    return isinstance(error, RuntimeError) and any(text in message for text in OUT_OF_MEMORY)


def first_few(names: Iterable[str]) -> str:
    """Return the first three names, quoted, followed by an ellipsis if there are more."""
    names = list(names)
    return ", ".join(map(repr, names[:3])) + (", …" if len(names) > 3 else "")
