"""Batch norm with fixed statistics, folded into the convolution before it."""

from typing import Any

import torch
from timm.layers import BatchNormAct2d
from torch import Tensor, fx, nn


def fold_batch_norm(network: fx.GraphModule) -> fx.GraphModule:
    """Return a network that computes a convolution and the batch norm after it in one pass.

    With its statistics fixed, batch norm multiplies each channel by a number and adds another,
    which the convolution can do by its own weights and bias (Jacob et al., Quantization and
    Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, 2018, section 3.2).
    These are computed anew whenever the network is run, so all parameters can be trained.
    Parameters and statistics are the given network's own, under the same names.
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
    """Tell whether a node is a batch norm that alone gets what a convolution gives."""
    if node.op != "call_module" or not isinstance(modules[str(node.target)], nn.BatchNorm2d):
        return False
    before = node.all_input_nodes[0]
    return (
        before.op == "call_module"
        and type(modules[str(before.target)]) is nn.Conv2d  # a kind of it may pad in its own way
        and len(before.users) == 1
    )


def _folded(
    graph: fx.Graph,
    node: fx.Node,
    modules: dict[str, Any],
    copies: dict[fx.Node, fx.Node],
) -> fx.Node:
    """Add a batch norm and the convolution before it to a graph, and return their result."""
    before = node.all_input_nodes[0]
    convolution, norm = modules[str(before.target)], modules[str(node.target)]
    arguments: dict[str, Any] = {
        "weight": graph.get_attr(f"{before.target}.weight"),
        "bias": graph.get_attr(f"{before.target}.bias") if convolution.bias is not None else None,
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
    inputs = copies[before.all_input_nodes[0]]
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
    """Convolve B×C×H×W and normalise, in one pass."""
    factor = scale * torch.rsqrt(variance + epsilon)
    offset = shift - (mean if bias is None else mean - bias) * factor
    return nn.functional.conv2d(inputs, weight * factor[:, None, None, None], offset, **convolution)
