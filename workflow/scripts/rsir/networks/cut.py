"""The cut of a network into trunk, tail, pooling and classifier.

Fine-tuning freezes the trunk and trains tail and pooling. The tail ends with the network's
features, the last map or tokens before its own pooling; the classifier leads from these to the
class scores. All are parts of one traced graph, so every parameter keeps its name in the whole
network, and any network that can be traced can be cut.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor, fx, nn

from rsir.core.errors import InputError
from rsir.networks.automatic_cut import automatic_cuts
from rsir.networks.backbone import Backbone
from rsir.networks.parts import NotSeparableError, ancestors, part
from rsir.networks.pooling import Pooling, count_prefix_tokens, position_dimensions
from rsir.networks.preprocessing import Preprocessing
from rsir.networks.tracing import Trace, batch_first, shape, trace_network

# The first module of the tail. The thesis fine-tunes block 5 of VGG16, blocks 9-11 of
# the 11 of InceptionV3, and the last 2 of the 16 residual blocks of ResNet50.
CUTS = {
    "vgg16": "features.24",
    "inception_v3": "Mixed_7a",
    "resnet50": "layer4.1",
    "tf_efficientnet_lite0": "blocks.6",
}

START = "start"
"""The cut before all modules: the trunk returns the images, and the tail is the whole network."""

MEAN_POOLED = ("AlexNet", "VGG")
"""Networks described by the mean of their last map, not by what their dense layers make of it."""

EMBEDDING_WIDTH = 64
"""Embeddings of images and texts have a multiple of it as their width, lists of classes do not."""


def cut_network(
    model: nn.Module,
    cut: str | None,
    preprocessing: Preprocessing,
    pooling: str = "native",
    end: str | None = None,
) -> Backbone:
    """Cut a network before a module and after its features.

    Parameters
    ----------
    model : Module
        A classifier of torchvision or timm, in evaluation mode; so is each part of it.
    cut : str or None
        The first module of the tail, or `START`. None finds it, see `automatic_cuts`.
    preprocessing : Preprocessing
        Its `size` and the number of its means are those of the images.
    pooling : str
        ``native``: what the network hands to its classifier, except for `MEAN_POOLED`; or a kind of
        `Pooling`.
    end : str, optional
        The last module of the network, which then has no classifier; its result is pooled, with the
        mean as the native pooling.

    Raises
    ------
    InputError
        If the network cannot be traced, there is no such module, it cannot be cut there, or its
        features cannot be pooled in this way.
    """
    trace = _traced(model, len(preprocessing.mean), preprocessing.size)
    if end is None:
        features, pool, scores = _ends(trace)
    else:
        features, pool, scores = [_result(trace, end)], None, None
    if type(model).__name__ in MEAN_POOLED:
        pool = None
    cut, trunk, tail, crossing = _trunk_and_tail(trace, cut, features)
    pooled = _pooling(trace, pooling, features, pool)
    classifier = part(trace, features, scores) if scores is not None else None
    for module, trained in ((classifier, False), (tail, True), (pooled, True), (trunk, False)):
        if module is not None:  # what the trunk shares with another part is frozen there, too
            module.requires_grad_(trained)
    with torch.no_grad():
        example = pooled(*(torch.zeros(shape(node)) for node in features))
    return Backbone(
        trunk=trunk,
        tail=tail,
        pooling=pooled,
        classifier=classifier,
        preprocessing=preprocessing,
        activation_shapes=tuple(shape(node)[1:] for node in crossing),
        dimension=example.shape[1],
        cut=cut,
        projection=scores is not None and shape(scores)[1] % EMBEDDING_WIDTH == 0,
    )


def _traced(model: nn.Module, channels: int, size: int) -> Trace:
    try:
        return trace_network(model, channels, size)
    except Exception as error:  # a network without values may raise any
        reason = " ".join(str(error).split())
        raise InputError(
            f"network {type(model).__name__}: cannot be traced ({reason:.200}); use another network"
        ) from error


def _ends(trace: Trace) -> tuple[list[fx.Node], fx.Node, fx.Node | None]:
    """Return the features, what the network hands to its classifier, and the class scores."""
    output = next(node for node in trace.graph.nodes if node.op == "output")
    scores = output.args[0]
    if not isinstance(scores, fx.Node):
        raise InputError(f"network {type(trace.network).__name__}: is not a classifier")
    marked = _nodes(trace.marks.get("features"))
    if marked:
        pool: fx.Node = trace.marks["pool"]
        return marked, pool, scores if getattr(trace.network, "num_classes", 1) else None
    needed = ancestors([scores])
    order = [node for node in trace.graph.nodes if node in needed and node.meta.get("depends")]
    layers = [node for node in order if _is_classifier(node, trace.network)]
    if not layers:
        raise InputError(f"network {type(trace.network).__name__}: has no classifier")
    pool = layers[-1].all_input_nodes[0]
    before = ancestors([pool])
    for node in reversed(order):
        is_last = node in before and _is_map(node, trace.network)
        if is_last and trace.image not in ancestors([scores], [node]):
            return [node], pool, scores
    raise InputError(
        f"network {type(trace.network).__name__}: has no map or tokens that alone determine its "
        "class scores; set the backbone's key 'end' to the name of its last module"
    )


def _nodes(value: Any) -> list[fx.Node]:
    """Return the nodes of tensors in a value."""
    if isinstance(value, fx.Node):
        return [value]
    items = value.values() if isinstance(value, dict) else value or ()
    return [node for item in items for node in _nodes(item)] if not isinstance(value, str) else []


def _is_classifier(node: fx.Node, network: nn.Module) -> bool:
    return node.op == "call_module" and isinstance(
        network.get_submodule(str(node.target)), (nn.Linear, nn.Conv2d)
    )


def _is_map(node: fx.Node, network: nn.Module) -> bool:
    """Return whether a value is a square map or tokens."""
    if node.op == "call_module" and isinstance(
        network.get_submodule(str(node.target)), nn.AdaptiveAvgPool2d
    ):
        return False  # VGG pools its last map to 7×7 before the classifier
    sizes = shape(node)
    square = len(sizes) == 4 and (sizes[2] == sizes[3] > 1 or sizes[1] == sizes[2] > 1)
    return batch_first(node) and (square or (len(sizes) == 3 and sizes[1] > 1))


def _result(trace: Trace, module: str) -> fx.Node:
    """Return the result of a module."""
    inside = {node for node in trace.graph.nodes if _within(node, module)}
    results: list[fx.Node] = [
        node
        for node in trace.graph.nodes
        if node in inside and node.meta.get("depends") and not inside.issuperset(node.users)
    ]
    if not inside:
        raise InputError(f"end {module}: {_no_module(trace.network, module)}")
    if len(results) != 1 or not batch_first(results[0]) or len(shape(results[0])) not in (2, 3, 4):
        found = ", ".join("×".join(map(str, ("B", *shape(node)[1:]))) for node in results)
        raise InputError(
            f"end {module}: its result is {found or 'not used'}; "
            "name a module that returns one map or tokens with one row per image"
        )
    return results[0]


def _within(node: fx.Node, module: str) -> bool:
    path = str(node.meta["path"])
    return path == module or path.startswith(f"{module}.")


def _no_module(network: nn.Module, name: str) -> str:
    names = ", ".join(child for child, _ in network.named_children())
    close = get_close_matches(name, [module for module, _ in network.named_modules()], 1)
    hint = f"did you mean {close[0]}?" if close else f"it has {names}, …"
    return f"the network has no module of this name; {hint}"


def _trunk_and_tail(
    trace: Trace, cut: str | None, features: Sequence[fx.Node]
) -> tuple[str, fx.GraphModule, fx.GraphModule, list[fx.Node]]:
    """Return the cut, trunk, tail, and the nodes that cross from one to the other."""
    needed = ancestors(features)
    order = [node for node in trace.graph.nodes if node in needed and node.meta["depends"]]
    if cut == START:
        image = [trace.image]
        return (
            START,
            part(trace, image, trace.image),
            part(trace, image, _result_of(features)),
            image,
        )
    if cut is not None:
        return cut, *_cut_before(trace, cut, features, order)
    for name in automatic_cuts(trace, order):
        try:
            return name, *_cut_before(trace, name, features, order)
        except InputError:
            continue
    raise InputError(
        f"network {type(trace.network).__name__}: no module was found at which it can be cut; "
        "set the backbone's key 'cut' to the name of the first module to train"
    )


def _cut_before(
    trace: Trace, cut: str, features: Sequence[fx.Node], order: Sequence[fx.Node]
) -> tuple[fx.GraphModule, fx.GraphModule, list[fx.Node]]:
    start = next((i for i, node in enumerate(order) if _within(node, cut)), None)
    if start is None:
        if not any(name == cut for name, _ in trace.network.named_modules()):
            raise InputError(f"cut {cut}: {_no_module(trace.network, cut)}")
        raise InputError(f"cut {cut}: comes after the features, or is not used")
    before, after = order[:start], set(order[start:])
    crossing = [node for node in before if node in features or after.intersection(node.users)]
    if not crossing or not all(batch_first(node) and _is_real(node) for node in crossing):
        found = ", ".join("×".join(map(str, shape(node))) or "no tensor" for node in crossing)
        raise InputError(
            f"cut {cut}: what crosses it has not one row per image ({found or 'nothing'} for 2 "
            "images); name another module"
        )
    try:
        trunk = part(trace, [trace.image], _result_of(crossing))
        tail = part(trace, crossing, _result_of(features))
    except NotSeparableError:
        raise InputError(f"cut {cut}: the network cannot be separated there") from None
    if next(tail.parameters(), None) is None:
        raise InputError(f"cut {cut}: no parameters follow it; name an earlier module")
    return trunk, tail, crossing


def _result_of(nodes: Sequence[fx.Node]) -> fx.Node | tuple[fx.Node, ...]:
    return nodes[0] if len(nodes) == 1 else tuple(nodes)


def _is_real(node: fx.Node) -> bool:
    return all(
        isinstance(value, Tensor) and value.is_floating_point() for value in node.meta["values"]
    )


def _pooling(
    trace: Trace, kind: str, features: Sequence[fx.Node], pool: fx.Node | None
) -> nn.Module:
    """Return the pooling of features."""
    if kind == "native" and pool is not None:
        return part(trace, features, _vector(trace, pool))
    if len(features) != 1 or len(shape(features[0])) not in (2, 3, 4):
        raise InputError(
            f"pooling {kind}: the network has no single map or tokens; use pooling: native"
        )
    prefix = count_prefix_tokens(trace.network)
    return Pooling("mean" if kind == "native" else kind, shape(features[0]), prefix)


def _vector(trace: Trace, pool: fx.Node) -> fx.Node:
    """Return a value as one vector per image: the mean over the positions of a map."""
    positions = position_dimensions(shape(pool))
    if not positions:
        return pool
    with trace.graph.inserting_after(pool):
        mean = trace.graph.call_method("mean", (pool, positions))
    values = tuple(value.mean(positions) for value in pool.meta["values"])
    mean.meta.update(values=values, depends=True, path="")
    return mean
