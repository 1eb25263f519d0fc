"""The k largest values of each row, ties in the order of the columns."""

from torch import Tensor

Found = tuple[Tensor, Tensor]  # similarities, best first, and places in the database


def stable_top_k(values: Tensor, count: int) -> Found:
    """Return the `count` largest values of each row, best first, and their columns.

    Equal values stand by column. `torch.topk` alone may take any of the values that tie at the
    end, so a row where they do is sorted whole.
    """
    best, columns = values.topk(count, dim=1)
    tied = (values >= best[:, -1:]).sum(1) > count
    if tied.any():
        order = values[tied].sort(dim=1, descending=True, stable=True).indices[:, :count]
        columns[tied] = order
    columns = columns.sort(dim=1).values
    best, order = values.gather(1, columns).sort(dim=1, descending=True, stable=True)
    return best, columns.gather(1, order)
