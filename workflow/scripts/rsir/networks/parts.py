"""Parts of a traced network: what computes some of its values from others."""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from operator import getitem
from typing import Any, TypeVar

import torch
from torch import fx, nn
from torch.fx.node import map_aggregate

from rsir.networks.tracing import Trace

Part = TypeVar("Part", bound=nn.Module)


class NotSeparableError(Exception):
    """Values that depend on the images by another way than through the given values."""


def part(trace: Trace, inputs: Sequence[fx.Node], outputs: Any) -> fx.GraphModule:
    """Return the part of a network that computes `outputs` from `inputs`.

    `outputs` is a node, or a tuple of nodes if the part is to return a tuple.

    What does not depend on the pixels, such as tables of positions, is computed in each part that
    needs it. Parameters and buffers are shared with the network, under the same names; constants
    that are not in its state dict are not in that of the part.

    Raises
    ------
    NotSeparableError
        If an output does not depend on the images through the inputs alone.
    """
    needed = ancestors([outputs] if isinstance(outputs, fx.Node) else outputs, inputs)
    if trace.image in needed:
        raise NotSeparableError
    graph = fx.Graph()
    copies = {node: graph.placeholder(f"x{number}") for number, node in enumerate(inputs)}
    first = copies[inputs[0]]
    if trace.batch in needed:
        shape = graph.call_function(getattr, (first, "shape"))
        copies[trace.batch] = graph.call_function(getitem, (shape, 0))
    nodes = [node for node in trace.graph.nodes if node in needed and node is not trace.batch]
    device = None
    if any(_has_device(node) for node in nodes):
        device = graph.call_function(getattr, (first, "device"))
    for node in nodes:
        copies[node] = graph.node_copy(node, copies.__getitem__)
        if _has_device(node):
            copies[node].args, copies[node].kwargs = _at_device(copies[node], device)
    graph.output(fx.map_arg(outputs, copies.__getitem__))
    return _without_constants(fx.GraphModule(trace.network, graph), trace).eval()


def copy_part(source: Part) -> Part:
    """Return a copy of a part with parameters of its own."""
    copied = deepcopy(source)
    for name, module in source.named_modules():
        constants = copied.get_submodule(name)._non_persistent_buffers_set
        constants.update(module._non_persistent_buffers_set)
    return copied


def ancestors(ends: Iterable[fx.Node], starts: Iterable[fx.Node] = ()) -> set[fx.Node]:
    """Return all nodes that `ends` depend on, themselves included, back to `starts`, which are not.

    The way back ends at the batch size, which any tensor has.
    """
    fixed, found = set(starts), set()
    waiting = list(ends)
    while waiting:
        node = waiting.pop()
        if node not in fixed and node not in found:
            found.add(node)
            if not node.meta.get("is_batch"):
                waiting.extend(node.all_input_nodes)
    return found


def _has_device(node: fx.Node) -> bool:
    found: list[Any] = []
    map_aggregate((node.args, node.kwargs), lambda a: found.append(a) if _is_device(a) else None)
    return bool(found)


def _at_device(node: fx.Node, device: fx.Node | None) -> Any:
    """Return the arguments of a node with the device of the inputs instead of that of the trace."""
    return map_aggregate((node.args, node.kwargs), lambda a: device if _is_device(a) else a)


def _is_device(argument: Any) -> bool:
    return isinstance(argument, torch.device)


def _without_constants(module: fx.GraphModule, trace: Trace) -> fx.GraphModule:
    """Leave the tensors that the network's state dict has not out of that of the part."""
    stored = set(trace.network.state_dict())
    for name, _ in list(module.named_buffers()):
        if name not in stored:
            owner, _, own = name.rpartition(".")
            module.get_submodule(owner)._non_persistent_buffers_set.add(own)
    return module
