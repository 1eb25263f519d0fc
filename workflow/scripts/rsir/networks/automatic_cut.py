"""Where a network is cut unless its entry says so, found from its modules and their results.

A staged network, whose maps get smaller, is cut at the start of its last stage; one of equal blocks
at the start of the last sixth of them.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import takewhile
from statistics import median

from torch import fx, nn

from rsir.networks.pooling import position_dimensions
from rsir.networks.tracing import Trace, shape

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)

MAIN_PART = 0.8
"""Part of the operations of a module from which a child holds its blocks."""

MOST_STAGES = 6
"""Number of stages of a network; more modules in a row are blocks, several of which are a stage."""

NEGLIGIBLE = 0.02
"""Part of the operations of a module with which a child is not a stage."""

LEAST_STAGE = 0.25
"""Operations of a stage, relative to the median; a network's stem and last layers have fewer."""


def automatic_cuts(trace: Trace, nodes: Sequence[fx.Node]) -> list[str]:
    """Return the modules before which a network can be cut, the best first.

    `nodes` are those of the graph that compute the features and depend on the pixels, in order.
    """
    work, first, last = _operations(nodes)
    parent = ""
    while True:
        children = _children(trace.network, parent, work)
        if not children:
            return [parent] if parent else []
        kinds = {name: type(trace.network.get_submodule(name)) for name in children}
        main = max(children, key=lambda name: work[name])
        alike = sum(
            kinds[name] is kinds[main]
            and work[name] > NEGLIGIBLE * work[parent]
            and (name == main or last[name] < first[main] or first[name] > last[main])
            for name in children
        )
        if work[main] < MAIN_PART * work[parent] or alike > 2:
            break
        parent = main
    units = _stages(trace.network, children, work)
    shapes = [shape(nodes[last[name]]) for name in units]
    count = max(1, len(units) // 6)
    if len(set(shapes)) > 1 and (kinds[units[-1]] in CONTAINERS or len(units) <= MOST_STAGES):
        count = 1
    elif len(set(shapes)) > 1:
        sizes = [_positions(each) for each in shapes]
        blocks = len(list(takewhile(lambda size: size == sizes[-1], reversed(sizes))))
        count = blocks if blocks < len(units) else count
    best = len(units) - count
    return [*units[best::-1], *units[best + 1 :]]


def _operations(
    nodes: Sequence[fx.Node],
) -> tuple[Counter[str], dict[str, int], dict[str, int]]:
    """Return the number, the first and the last of the operations of each module, as used."""
    work: Counter[str] = Counter()
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for index, node in enumerate(nodes):
        names = str(node.meta["path"]).split(".") if node.meta["path"] else []
        for length in range(len(names) + 1):
            name = ".".join(names[:length])
            work[name] += 1
            first.setdefault(name, index)
            last[name] = index
    return work, first, last


def _children(network: nn.Module, parent: str, work: Counter[str]) -> list[str]:
    """Return the used children of a module, in the order in which they are used."""
    prefix = f"{parent}." if parent else ""
    children = {prefix + name for name, _ in network.get_submodule(parent).named_children()}
    return [name for name in work if name in children]


def _stages(network: nn.Module, children: list[str], work: Counter[str]) -> list[str]:
    """Return the children that are stages or blocks, or the layers with weights."""
    modules = {name: network.get_submodule(name) for name in children}
    inner = [name for name in children if next(modules[name].children(), None) is not None]
    units = (
        inner
        if len(inner) > 1
        else [name for name in children if next(modules[name].parameters(), None) is not None]
    ) or children
    least = LEAST_STAGE * median(work[name] for name in units)
    return [name for name in units if work[name] >= least]


def _positions(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(shape[dimension] for dimension in position_dimensions(shape))
