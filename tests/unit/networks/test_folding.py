"""Networks with folded batch norms, compared with the original networks."""

from collections.abc import Iterable

import pytest
import torch
from timm.layers import BatchNormAct2d, Conv2dSame
from torch import fx, nn
from torchvision.models.feature_extraction import NodePathTracer

from rsir.networks.folding import fold_batch_norm, for_inference
from rsir.networks.load import load_backbone


class Network(nn.Module):
    """Convolutions with and without bias, groups, stride and dilation; two norms stay separate."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(8, eps=0.1)
        self.grouped = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=4)
        self.grouped_norm = nn.BatchNorm2d(8)
        self.shared = nn.Conv2d(8, 8, 1)
        self.shared_norm = nn.BatchNorm2d(8)
        self.last_norm = nn.BatchNorm2d(8)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.first_norm(self.first(images)).relu()
        features = self.grouped_norm(self.grouped(features)).relu()
        both = self.shared(features)
        return self.last_norm(self.shared_norm(both) + both)


def with_random_norms(network: nn.Module) -> fx.GraphModule:
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias)
    return network


@pytest.fixture
def network() -> fx.GraphModule:
    return with_random_norms(fx.symbolic_trace(Network())).eval()


def norms(network: fx.GraphModule) -> list[str]:
    """Return the batch norms that are computed separately."""
    modules = dict(network.named_modules())
    called = [str(node.target) for node in network.graph.nodes if node.op == "call_module"]
    return [name for name in called if isinstance(modules[name], nn.BatchNorm2d)]


def gradients(parameters: Iterable[nn.Parameter]) -> list[torch.Tensor]:
    return [parameter.grad.clone() for parameter in parameters if parameter.grad is not None]


def test_only_norms_right_after_a_convolution_are_folded(network):
    assert norms(fold_batch_norm(network)) == ["shared_norm", "last_norm"]


def test_outputs_and_gradients_are_the_same(network):
    images = torch.randn(4, 3, 16, 16)
    results = []
    for variant in (network, fold_batch_norm(network)):
        network.zero_grad()
        output = variant(images)
        output.square().sum().backward()
        results.append([output, *gradients(network.parameters())])
    assert len(results[0]) == 1 + len(list(network.parameters()))
    for expected, actual in zip(*results, strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-3)


def test_changed_parameters_take_effect(network):
    folded = fold_batch_norm(network)
    images = torch.randn(2, 3, 8, 8)
    before = folded(images)
    with torch.no_grad():
        network.first.weight *= 2
        network.grouped_norm.bias += 1
    assert not torch.allclose(folded(images), before)
    torch.testing.assert_close(folded(images), network(images), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("library", "network", "cut"),
    [
        ("timm", "tf_efficientnet_lite0", "blocks.6"),
        ("timm", "resnet18", "layer4"),
        ("torchvision", "resnet18", "layer4"),
        ("torchvision", "vgg11", "features.16"),
    ],
)
def test_parts_of_real_networks(library, network, cut):
    backbone = load_backbone(None, library, network, "random", cut=cut)
    values = torch.rand(1, 3, 64, 64)
    for part in (backbone.trunk, backbone.tail):
        folded = fold_batch_norm(with_random_norms(part))
        assert not norms(folded)
        with torch.inference_mode():
            expected = part(values)
            for variant in (folded, for_inference(part, torch.float32)):
                tolerance = 1e-4 * float(expected.max())
                torch.testing.assert_close(variant(values), expected, rtol=1e-4, atol=tolerance)
        values = expected


@pytest.mark.parametrize("size", [(7, 8), (9, 10), (12, 11)])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (5, 2), (2, 1), (3, 4), (4, (2, 1))])
def test_padding_as_in_tensorflow(kernel, stride, size):
    layers = nn.Sequential(Conv2dSame(2, 3, kernel, stride, bias=False), BatchNormAct2d(3)).eval()
    graph = NodePathTracer(leaf_modules=[Conv2dSame, BatchNormAct2d]).trace(
        with_random_norms(layers)
    )
    network = fx.GraphModule(layers, graph).eval()
    images = torch.randn(2, 2, *size)
    assert not norms(fold_batch_norm(network))
    with torch.no_grad():
        for variant in (fold_batch_norm(network), for_inference(network, torch.float32)):
            torch.testing.assert_close(variant(images), layers(images))


def test_a_network_for_inference_has_constant_weights(network):
    images = torch.randn(2, 3, 8, 8)
    constant = for_inference(network, torch.float32)
    before = constant(images)
    with torch.no_grad():
        network.first.weight *= 2
    assert torch.equal(constant(images), before)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_weights_are_converted_once_as_autocast_converts_them(dtype):
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5))
    network = fx.symbolic_trace(layers).eval()
    constant = for_inference(network, dtype)
    assert {buffer.dtype for buffer in constant.buffers()} == {dtype}
    images = torch.randn(2, 3, 8, 8)
    with torch.inference_mode(), torch.autocast("cpu", dtype):
        assert torch.equal(constant(images), network(images))
