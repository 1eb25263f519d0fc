"""The k largest values of each row, with ties in column order."""

from torch import Tensor

Neighbours = tuple[Tensor, Tensor]  # similarities (Q, k), best first, and database positions


def stable_top_k(values: Tensor, count: int) -> Neighbours:
    """Return the `count` largest values of each row, best first, and their columns.

    Equal values are ordered by column. `torch.topk` breaks ties for the last rank arbitrarily, so
    rows with such ties are sorted in full.
    """
    best, columns = values.topk(count, dim=1, sorted=False)
    tied = (values >= best.amin(1, keepdim=True)).sum(1) > count
    if tied.any():
        order = values[tied].sort(dim=1, descending=True, stable=True).indices[:, :count]
        columns[tied] = order
    columns = columns.sort(dim=1).values
    best, order = values.gather(1, columns).sort(dim=1, descending=True, stable=True)
    return best, columns.gather(1, order)
