"""Folding of batch norm with fixed statistics into the preceding convolution."""

from typing import Any

import torch
from timm.layers import BatchNormAct2d
from torch import Tensor, fx, nn


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
    result = None
    for node in network.graph.nodes:
        if node.op == "output":
            result = copies[node.args[0]]
        elif _is_folded(node, modules):
            copies[node] = _folded(graph, node, modules, copies)
        elif not any(_is_folded(user, modules) for user in node.users):
            copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output(result)
    return fx.GraphModule(network, graph).train(network.training)


def _is_folded(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    """Return whether a node is a batch norm that is the only user of a convolution."""
    if node.op != "call_module" or not isinstance(modules[str(node.target)], nn.BatchNorm2d):
        return False
    source = node.all_input_nodes[0]
    return (
        source.op == "call_module"
        and type(modules[str(source.target)]) is nn.Conv2d  # subclasses may pad differently
        and len(source.users) == 1
    )


def _folded(
    graph: fx.Graph,
    node: fx.Node,
    modules: dict[str, Any],
    copies: dict[fx.Node, fx.Node],
) -> fx.Node:
    """Add a batch norm and the convolution before it to a graph, and return the result node."""
    source = node.all_input_nodes[0]
    convolution, norm = modules[str(source.target)], modules[str(node.target)]
    arguments: dict[str, Any] = {
        "weight": graph.get_attr(f"{source.target}.weight"),
        "bias": graph.get_attr(f"{source.target}.bias") if convolution.bias is not None else None,
        "scale": graph.get_attr(f"{node.target}.weight"),
        "shift": graph.get_attr(f"{node.target}.bias"),
        "mean": graph.get_attr(f"{node.target}.running_mean"),
        "variance": graph.get_attr(f"{node.target}.running_var"),
        "epsilon": norm.eps,
        "stride": convolution.stride,
        "padding": convolution.padding,
        "dilation": convolution.dilation,
        "groups": convolution.groups,
    }
    inputs = copies[source.all_input_nodes[0]]
    result = graph.call_function(normalised_convolution, (inputs,), arguments)
    if isinstance(norm, BatchNormAct2d):
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
    **convolution: Any,
) -> Tensor:
    """Convolve B×C×H×W and apply batch norm in one pass."""
    factor = scale * torch.rsqrt(variance + epsilon)
    offset = shift - (mean if bias is None else mean - bias) * factor
    return nn.functional.conv2d(inputs, weight * factor[:, None, None, None], offset, **convolution)
