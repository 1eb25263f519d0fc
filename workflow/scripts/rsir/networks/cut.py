"""The cut of a traced network into trunk, tail and classifier.

Fine-tuning freezes the trunk and trains the tail; the classifier is the network's head, from the
last feature map to the class scores. The three are parts of one traced graph, so any model that
torch.fx can trace can be cut, and every parameter keeps its name in the whole network.
"""

import torch
from timm.models import get_notrace_functions, get_notrace_modules
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp
from torchvision.models.feature_extraction import NodePathTracer

from rsir.core.errors import InputError
from rsir.networks.backbone import Backbone
from rsir.networks.preprocessing import Preprocessing

# The first module of the tail. The thesis fine-tunes block 5 of VGG16, blocks 9-11 of
# the 11 of InceptionV3, and the last 2 of the 16 residual blocks of ResNet50.
CUTS = {
    "vgg16": "features.24",
    "inception_v3": "Mixed_7a",
    "resnet50": "layer4.1",
    "tf_efficientnet_lite0": "blocks.6",
}


def cut_network(model: nn.Module, cut: str, preprocessing: Preprocessing) -> Backbone:
    """Cut a network before the module named `cut` and after its last feature map.

    The last feature map is the last value of shape B×D×H×W in the graph, with H = W > 1, before any
    pooling of the classifier and such that the class scores depend on it alone. Trunk and
    classifier are frozen; all parts are in evaluation mode, so batch norm uses its running
    statistics.

    Raises
    ------
    InputError
        If there is no such module, more than one tensor crosses the cut, or the network has no
        feature map after it.
    """
    tracer = NodePathTracer(
        leaf_modules=list(get_notrace_modules()), autowrap_functions=list(get_notrace_functions())
    )
    graph = tracer.trace(model)
    traced = fx.GraphModule(model, graph).eval()
    size = preprocessing.size
    with torch.no_grad():
        ShapeProp(traced).propagate(torch.zeros(1, len(preprocessing.mean), size, size))
    nodes = list(traced.graph.nodes)
    paths = [tracer.node_to_qualname.get(node, "") for node in graph.nodes]

    start = next((i for i, p in enumerate(paths) if p == cut or p.startswith(f"{cut}.")), None)
    if start is None:
        names = ", ".join(name for name, _ in model.named_children())
        raise InputError(f"cut {cut}: the network has no module of this name; it has {names}, …")
    crossing = [
        node
        for node in nodes[:start]
        if node.op != "get_attr" and any(user in nodes[start:] for user in node.users)
    ]
    output = next(node for node in nodes if node.op == "output")
    image, scores = nodes[0], output.all_input_nodes[0]
    maps = [
        node
        for node in nodes[start:]
        if _is_feature_map(node, traced) and image not in _ancestors(scores, node)
    ]
    if len(crossing) != 1 or not maps:
        raise InputError(
            f"cut {cut}: {len(crossing)} tensors cross it and {len(maps)} feature maps follow; "
            "name a module that one tensor enters and whose output has height and width"
        )
    trunk = _part(traced, nodes, image, crossing[0]).requires_grad_(False)
    tail = _part(traced, nodes, crossing[0], maps[-1])
    classifier = _part(traced, nodes, maps[-1], scores).requires_grad_(False)
    return Backbone(
        trunk=trunk,
        tail=tail,
        classifier=classifier,
        preprocessing=preprocessing,
        activation_shape=_shape(crossing[0])[1:],
        dimension=_shape(maps[-1])[1],
    )


def _shape(node: fx.Node) -> tuple[int, ...]:
    value = node.meta.get("tensor_meta")
    return tuple(getattr(value, "shape", ()))


def _is_feature_map(node: fx.Node, model: fx.GraphModule) -> bool:
    if node.op == "call_module" and isinstance(
        model.get_submodule(str(node.target)), nn.AdaptiveAvgPool2d
    ):
        return False  # VGG pools its last map to 7×7 before the classifier
    shape = _shape(node)
    return len(shape) == 4 and shape[2] == shape[3] > 1


def _part(
    model: fx.GraphModule, nodes: list[fx.Node], start: fx.Node, end: fx.Node
) -> fx.GraphModule:
    """Return the part of a graph that computes `end` from `start`."""
    graph = fx.Graph()
    copies = {start: graph.placeholder("x")}
    needed = _ancestors(end, start)
    for node in nodes:
        if node in needed:
            copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output(copies[end])
    return fx.GraphModule(model, graph).eval()


def _ancestors(end: fx.Node, start: fx.Node) -> set[fx.Node]:
    """Return `end` and all nodes that it depends on, back to `start` and without it."""
    ancestors: set[fx.Node] = set()
    waiting = [end]
    while waiting:
        node = waiting.pop()
        if node is not start and node not in ancestors:
            ancestors.add(node)
            waiting.extend(node.all_input_nodes)
    return ancestors
