"""Folding of batch norm with fixed statistics into the preceding convolution."""

import math
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

SAME = "same"
"""TensorFlow's padding, with the odd pixel below and to the right."""

OPTIONS = ("stride", "padding", "dilation", "groups")


def fold_batch_norm(network: fx.GraphModule) -> fx.GraphModule:
    """Return a network that computes each convolution and the batch norm after it in one pass.

    With fixed statistics, batch norm scales and shifts each channel, which can be folded into the
    weights and the bias of the convolution (Jacob et al., Quantization and
    Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, 2018, section 3.2).
    They are recomputed in each forward pass, so all parameters remain trainable. Parameters and
    statistics are shared with the given network, under the same names.
    """
    modules = dict(network.named_modules())
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    result: Any = None
    for node in network.graph.nodes:
        if node.op == "output":
            result = fx.map_arg(node.args[0], copies.__getitem__)
        elif _is_folded(node, modules):
            copies[node] = _folded(graph, node, modules, copies)
        elif not any(_is_folded(user, modules) for user in node.users):
            copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output(result)
    return fx.GraphModule(network, graph).train(network.training)


def for_inference(network: fx.GraphModule, dtype: torch.dtype) -> fx.GraphModule:
    """Return a network that computes the same with constant weights, faster than the given one.

    Batch norms are folded, and the weights of convolutions and linear layers are converted to
    `dtype`, once instead of in each forward pass. Compute it with autocast to `dtype`. The given
    network is not modified.
    """
    constant = fold_batch_norm(network)
    for number, node in enumerate(list(constant.graph.nodes)):
        layer = constant.get_submodule(str(node.target)) if node.op == "call_module" else None
        function: Callable[..., Tensor] = convolution
        options: dict[str, Any] = {}
        bias: Tensor | None
        if node.target is normalised_convolution:
            options = {name: node.kwargs[name] for name in OPTIONS}
            weight, bias = folded_weight(**_folded_values(constant, node.kwargs))
        elif type(layer) is nn.Conv2d and layer.padding_mode == "zeros":
            options = {name: getattr(layer, name) for name in OPTIONS}
            weight, bias = layer.weight, layer.bias
        elif type(layer) is nn.Linear:
            function, weight, bias = functional.linear, layer.weight, layer.bias
        else:
            continue
        with constant.graph.inserting_before(node):
            tensors = [
                _add_constant(constant, f"{name}_{number}", value, dtype)
                for name, value in (("weight", weight), ("bias", bias))
            ]
            arguments = (node.all_input_nodes[0], *tensors)
            node.replace_all_uses_with(constant.graph.call_function(function, arguments, options))
        unused = [node, *(value for value in node.kwargs.values() if isinstance(value, fx.Node))]
        for each in unused:
            constant.graph.erase_node(each)
    constant.delete_all_unused_submodules()
    constant.recompile()
    return constant


def _folded_values(network: fx.GraphModule, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `folded_weight` among those of `normalised_convolution`."""
    values = {name: value for name, value in arguments.items() if name not in OPTIONS}
    return {
        name: attrgetter(str(value.target))(network) if isinstance(value, fx.Node) else value
        for name, value in values.items()
    }


def _add_constant(
    network: fx.GraphModule, name: str, value: Tensor | None, dtype: torch.dtype
) -> fx.Node | None:
    """Add a tensor to a network, and return its node."""
    if value is None:
        return None
    network.register_buffer(name, value.detach().to(dtype))
    return network.graph.get_attr(name)


def _is_folded(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    """Return whether a node is a batch norm that is the only user of a convolution."""
    if node.op != "call_module" or not _has_fixed_statistics(modules[str(node.target)]):
        return False
    source = node.all_input_nodes[0]
    return (
        source.op == "call_module"
        and _can_be_scaled(modules[str(source.target)])
        and len(source.users) == 1
    )


def _has_fixed_statistics(module: nn.Module) -> bool:
    return (
        isinstance(module, nn.BatchNorm2d)
        and (type(module) is nn.BatchNorm2d or _is_of_timm(module, "BatchNormAct2d"))
        and module.affine
        and module.track_running_stats
    )


def _can_be_scaled(module: nn.Module) -> bool:
    if not isinstance(module, nn.Conv2d):
        return False
    if _is_of_timm(module, "Conv2dSame"):
        return module.dilation == (1, 1)
    return type(module) is nn.Conv2d and module.padding_mode == "zeros"


def _is_of_timm(module: nn.Module, name: str) -> bool:
    """Return whether a module is of this class of timm, without importing timm."""
    kind = type(module)
    return kind.__name__ == name and kind.__module__.startswith("timm.layers.")


def _folded(
    graph: fx.Graph,
    node: fx.Node,
    modules: dict[str, Any],
    copies: dict[fx.Node, fx.Node],
) -> fx.Node:
    """Add a batch norm and the convolution before it to a graph, and return the result node."""
    source = node.all_input_nodes[0]
    layer, norm = modules[str(source.target)], modules[str(node.target)]
    arguments: dict[str, Any] = {
        "weight": graph.get_attr(f"{source.target}.weight"),
        "bias": graph.get_attr(f"{source.target}.bias") if layer.bias is not None else None,
        "scale": graph.get_attr(f"{node.target}.weight"),
        "shift": graph.get_attr(f"{node.target}.bias"),
        "mean": graph.get_attr(f"{node.target}.running_mean"),
        "variance": graph.get_attr(f"{node.target}.running_var"),
        "epsilon": norm.eps,
        "stride": layer.stride,
        "padding": layer.padding if type(layer) is nn.Conv2d else SAME,
        "dilation": layer.dilation,
        "groups": layer.groups,
    }
    inputs = copies[source.all_input_nodes[0]]
    result = graph.call_function(normalised_convolution, (inputs,), arguments)
    if type(norm) is not nn.BatchNorm2d:
        result = graph.call_module(f"{node.target}.act", (result,))
    return result


def normalised_convolution(
    inputs: Tensor,
    weight: Tensor,
    scale: Tensor,
    shift: Tensor,
    mean: Tensor,
    variance: Tensor,
    epsilon: float,
    bias: Tensor | None,
    **options: Any,
) -> Tensor:
    """Convolve B×C×H×W and apply batch norm in one pass; `options` are those of `convolution`."""
    folded = folded_weight(weight, scale, shift, mean, variance, epsilon, bias)
    return convolution(inputs, *folded, **options)


def folded_weight(
    weight: Tensor,
    scale: Tensor,
    shift: Tensor,
    mean: Tensor,
    variance: Tensor,
    epsilon: float,
    bias: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Return the weight and the bias of a convolution that includes the batch norm after it."""
    factor = scale * torch.rsqrt(variance + epsilon)
    offset = shift - (mean if bias is None else mean - bias) * factor
    return weight * factor[:, None, None, None], offset


def convolution(
    inputs: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: tuple[int, int],
    padding: tuple[int, int] | str,
    dilation: tuple[int, int],
    groups: int,
) -> Tensor:
    """Convolve B×C×H×W, with TensorFlow's padding if it is `SAME` and there is no dilation.

    That padding may be one pixel larger at one end. Both ends are then padded by the larger number,
    and the kernel is extended by a zero at the other end: this is faster than a padded copy of the
    inputs.
    """
    if padding == SAME and dilation == (1, 1):
        sides = zip(inputs.shape[2:], weight.shape[2:], stride, strict=True)
        total = [max(0, (math.ceil(size / s) - 1) * s + k - size) for size, k, s in sides]
        padding = (-(-total[0] // 2), -(-total[1] // 2))
        weight = functional.pad(weight, (total[1] % 2, 0, total[0] % 2, 0))
    return functional.conv2d(inputs, weight, bias, stride, padding, dilation, groups)
