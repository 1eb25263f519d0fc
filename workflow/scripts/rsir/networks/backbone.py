"""A network in three parts: trunk, tail and classifier."""

from dataclasses import dataclass

from torch import Tensor, fx

from rsir.networks.preprocessing import Preprocessing


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
        last feature map → class scores (logits) B×K; None if the weights have no classifier
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
