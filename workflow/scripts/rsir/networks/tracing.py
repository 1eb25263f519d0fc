"""Tracing of networks for a fixed input size and any batch size.

torch.fx records a network without values, so it fails wherever the network looks at a size. Here
each value is computed as well, for two batch sizes and without memory (fake tensors). A size that
is the same for both is a constant of the graph; one that differs is a multiple of the batch size.
"""

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.node import map_arg

from rsir.networks.while_traced import (
    batch_norm_of_shapes,
    keeping_marks,
    sizes_in_tuples,
    unchanged_buffers,
)

BATCH_SIZES = (2, 3)
"""The batch sizes for which values are computed; 1 is broadcast, so it would hide errors."""


@dataclass
class Trace:
    """A traced network.

    Attributes
    ----------
    network
        The network, whose modules, parameters and buffers the graph refers to.
    graph
        The graph. Each node has `meta["values"]`, its value for each of `BATCH_SIZES`, tensors
        without memory if they depend on the images; `meta["depends"]`, whether it depends on the
        pixels; and `meta["path"]`, the path of the module that it was recorded in.
    image, batch
        The nodes of the images B×C×S×S and of the batch size B.
    marks
        What the network passed on at the methods that were marked, see `trace_network`.
    """

    network: nn.Module
    graph: fx.Graph
    image: fx.Node
    batch: fx.Node
    marks: dict[str, Any] = field(default_factory=dict)


def shape(node: fx.Node) -> tuple[int, ...]:
    """Return the shape of a tensor for the first of `BATCH_SIZES`; empty for other values."""
    value = node.meta["values"][0]
    return tuple(value.shape) if isinstance(value, Tensor) else ()


def batch_first(node: fx.Node) -> bool:
    """Return whether a value is a tensor with one row per image."""
    values = node.meta["values"]
    return all(
        isinstance(value, Tensor) and value.ndim > 1 and len(value) == batch
        for value, batch in zip(values, BATCH_SIZES, strict=True)
    )


def trace_network(network: nn.Module, channels: int, size: int) -> Trace:
    """Trace a network in evaluation mode for images B×channels×size×size.

    The graph ends with the class scores. Of a network of timm, which computes them in two methods,
    the results of `forward_features` and of `forward_head` without its classifier (`pre_logits`)
    are kept in `marks["features"]` and `marks["pool"]`, as nodes.

    Raises
    ------
    Exception
        Any, if the network decides by pixels what to compute, or torch.fx cannot record it.
    """
    tracer = _Tracer(network, (channels, size, size))
    with keeping_marks(network, tracer.marks), sizes_in_tuples(), unchanged_buffers(network):
        graph = tracer.trace(network)
    marks = {name: tracer.create_arg(value) for name, value in tracer.marks.items()}
    return Trace(network, graph, tracer.image.node, tracer.batch.node, marks)


class _Value(fx.Proxy):
    """A value of the graph; attributes other than methods are those of the computed values."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)  # what the values cannot do by themselves
        value = self.node.meta["values"][0]
        if callable(getattr(value, name)):
            return super().__getattr__(name)
        return self.tracer.create_proxy("call_function", getattr, (self, name), {})

    def __len__(self) -> int:
        return len(self.node.meta["values"][0])

    def __setitem__(self, index: Any, value: Any) -> None:
        """Become the value with these elements replaced."""
        tracer: Any = self.tracer
        self.node = tracer.create_proxy("call_function", replaced, (self, index, value), {}).node


def replaced(tensor: Tensor, index: Any, value: Tensor) -> Tensor:
    """Return a tensor with these elements replaced."""
    result = tensor.clone()
    result[index] = value
    return result


class _Tracer(fx.Tracer):
    """A tracer that computes the values of the nodes."""

    proxy_buffer_attributes = True

    def __init__(self, network: nn.Module, image_shape: tuple[int, ...]) -> None:
        super().__init__()
        self._leaf_modules = _recorded_whole(network)
        self._tensors = {
            id(tensor): name
            for tensors in (network.named_parameters, network.named_buffers)
            for name, tensor in tensors(remove_duplicate=False)
        }
        self._fake = FakeTensorMode(allow_non_fake_inputs=True)
        self._image_shape = image_shape
        self._computing = False
        self.marks: dict[str, Any] = {}

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, self._leaf_modules) or super().is_leaf_module(m, module_qualified_name)

    def call_module(self, m: nn.Module, forward: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        if self._computing:
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def getattr(
        self,
        attr: str,  # noqa: ARG002
        attr_val: Any,
        parameter_proxy_cache: dict[str, Any],
    ) -> Any:
        name = None if self._computing else self._tensors.get(id(attr_val))
        if name is None:
            return attr_val
        if name not in parameter_proxy_cache:
            parameter_proxy_cache[name] = self.create_proxy("get_attr", name, (), {})
        return parameter_proxy_cache[name]

    def proxy(self, node: fx.Node) -> fx.Proxy:
        return _Value(node, self)

    def to_bool(self, obj: fx.Proxy) -> bool:
        values = obj.node.meta["values"]
        if not obj.node.meta["depends"] and len(set(map(bool, values))) == 1:
            return bool(values[0])
        return super().to_bool(obj)

    def iter(self, obj: fx.Proxy) -> Iterator[Any]:
        value: Any = obj
        return iter([value[index] for index in range(len(value))])

    def create_node(self, *args: Any, **kwargs: Any) -> fx.Node:
        node = super().create_node(*args, **kwargs)
        stack = node.meta.get("nn_module_stack") or {}
        node.meta["path"] = next(reversed(stack.values()))[0] if stack else ""
        if node.op == "get_attr":  # a constant, too, which has no proxy
            with self._paused():
                value = operator.attrgetter(str(node.target))(self.root)
            node.meta.update(values=(value, value), depends=False)
        return node

    def create_proxy(self, kind: str, *args: Any, **kwargs: Any) -> Any:
        proxy = super().create_proxy(kind, *args, **kwargs)
        node = proxy.node
        if kind == "placeholder":
            default = args[1]
            return default[0] if default else self._start(proxy)
        if kind in ("get_attr", "output"):
            return proxy
        node.meta["depends"] = any(source.meta["depends"] for source in node.all_input_nodes)
        node.meta["values"] = tuple(self._compute(node, i) for i in range(len(BATCH_SIZES)))
        return self._plain(proxy, node.meta["values"])

    def _start(self, proxy: fx.Proxy) -> fx.Proxy:
        node = proxy.node
        with self._fake:
            values = tuple(torch.empty(batch, *self._image_shape) for batch in BATCH_SIZES)
        node.meta.update(values=values, depends=True)
        if hasattr(self, "image"):
            raise TypeError("the network has several inputs")
        self.image = proxy
        sizes = self.create_node("call_function", getattr, (node, "shape"), {})
        batch = self.create_node("call_function", operator.getitem, (sizes, 0), {})
        sizes.meta.update(values=tuple(value.shape for value in values), depends=False)
        batch.meta.update(values=BATCH_SIZES, depends=False, is_batch=True)
        self.batch: Any = self.proxy(batch)
        return proxy

    def _plain(self, proxy: Any, values: tuple[Any, ...]) -> Any:
        """Return a value as the network takes it: constants and tuples as such."""
        first, second = values
        if type(first) in (tuple, list, torch.Size) and len(first) == len(second):
            items = []
            for index, pair in enumerate(zip(first, second, strict=True)):
                constant = not isinstance(pair[0], (Tensor, tuple, list)) and pair[0] == pair[1]
                items.append(pair[0] if constant else proxy[index])
            return items if type(first) is list else tuple(items)
        if isinstance(first, Tensor) or not (_is_constant(first) and type(first) is type(second)):
            return proxy
        if first == second:
            return first
        if type(first) is int and proxy.node.meta["depends"]:
            multiple, rest = divmod(first, BATCH_SIZES[0])
            if rest == 0 and second == multiple * BATCH_SIZES[1]:
                return self.batch if multiple == 1 else self.batch * multiple
        return proxy

    def _compute(self, node: fx.Node, index: int) -> Any:
        """Compute the value of a node for one of `BATCH_SIZES`."""

        def value(source: fx.Node) -> Any:
            return source.meta["values"][index]

        args, kwargs = map_arg((node.args, node.kwargs), value)
        if not node.meta["depends"]:
            with self._paused():
                return _call(self.root, node, args, kwargs)
        with self._paused(), self._fake, batch_norm_of_shapes():
            return _call(self.root, node, args, kwargs)

    @contextmanager
    def _paused(self) -> Iterator[None]:
        """Stop recording, so that modules can be called for values."""
        self._computing = True
        try:
            yield
        finally:
            self._computing = False


def _recorded_whole(network: nn.Module) -> tuple[type, ...]:
    """Return the modules that timm keeps as one operation of a graph."""
    if not type(network).__module__.startswith("timm."):
        return ()
    from timm.models import get_notrace_modules  # slow import

    return tuple(get_notrace_modules())


def _call(network: nn.Module, node: fx.Node, args: Any, kwargs: Any) -> Any:
    if node.op == "call_module":
        return network.get_submodule(str(node.target))(*args, **kwargs)
    if node.op == "call_method":
        return getattr(args[0], str(node.target))(*args[1:], **kwargs)
    return node.target(*args, **kwargs)  # type: ignore[operator]


def _is_constant(value: Any) -> bool:
    return isinstance(value, (bool, int, float, str, torch.dtype, torch.device, type(None)))
