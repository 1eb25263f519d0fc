"""A network in four parts: trunk, tail, pooling and classifier."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn

from rsir.networks.preprocessing import Preprocessing


@dataclass(frozen=True)
class Backbone:
    """A network in four parts.

    A part that returns several tensors returns a tuple; the next one takes these as its arguments.

    Attributes
    ----------
    trunk
        images B×C×S×S → activations at the cut, one or more tensors B×…
    tail
        activations at the cut → features: a map B×D×H×W or B×H×W×D, tokens B×T×D, or several
    pooling
        features, in float32 → descriptor `pool` B×D, see `pooled`
    classifier
        features → class scores (logits) B×K; None if the weights have no classifier
    preprocessing
        preprocessing of the images
    activation_shapes
        shape of each activation of an image
    dimension
        D, the number of pooled features
    cut
        the first module of the tail
    projection
        whether `classifier` is a projection into a space of images and texts, without classes
    views
        number of views of an image whose descriptors are averaged, see `rsir.networks.views`
    """

    trunk: fx.GraphModule
    tail: fx.GraphModule
    pooling: nn.Module
    classifier: fx.GraphModule | None
    preprocessing: Preprocessing
    activation_shapes: tuple[tuple[int, ...], ...]
    dimension: int
    cut: str = ""
    projection: bool = False
    views: int = 1


@dataclass(frozen=True)
class Activations:
    """Activations of images at the cut: a tensor B×… for each that crosses it."""

    tensors: tuple[Tensor, ...]

    @classmethod
    def of(cls, results: Tensor | tuple[Tensor, ...]) -> "Activations":
        """Return the results of a trunk as activations."""
        return cls(results if isinstance(results, tuple) else (results,))

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, rows: slice) -> "Activations":
        return Activations(tuple(tensor[rows] for tensor in self.tensors))

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.tensors)


def concatenated(batches: Iterable[Activations]) -> Activations:
    """Return the rows of all batches, in order."""
    return Activations(tuple(torch.cat(tensors) for tensors in zip(*batches, strict=True)))


def pooled(pooling: nn.Module, features: Tensor | tuple[Tensor, ...]) -> Tensor:
    """Pool the features of a tail into B×D, in float32 and without reduced precision."""
    several = features if isinstance(features, tuple) else (features,)
    with torch.autocast(several[0].device.type, enabled=False):
        vectors: Tensor = pooling(*(feature.float() for feature in several))
    return vectors


def classified(classifier: nn.Module, features: Tensor | tuple[Tensor, ...]) -> Tensor:
    """Return the class scores of the features of a tail."""
    scores: Tensor = classifier(*(features if isinstance(features, tuple) else (features,)))
    return scores
