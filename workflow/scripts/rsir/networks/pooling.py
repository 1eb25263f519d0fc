"""Pooling of feature maps B×D×H×W or B×H×W×D, and of tokens B×T×D, into one vector per image."""

from collections.abc import Callable

from torch import Tensor, nn

from rsir.core.errors import InputError

POOLINGS = ("native", "mean", "cls", "gem", "max")

GEM_POWER = 3
LEAST_FEATURE = 1e-6
"""The least value of a feature in generalised-mean pooling, which needs positive ones."""

CLASS_TOKENS = ("cls_token", "class_token", "dist_token", "reg_token")


class Pooling(nn.Module):
    """Pooling of one kind: features → B×D.

    Parameters
    ----------
    kind : str
        ``mean``, ``max``, or ``gem``, the generalised mean with power 3 (Radenović, Tolias and
        Chum, Fine-tuning CNN Image Retrieval with No Human Annotation, 2019), over the positions of
        a map or the tokens of patches; ``cls``, the first token.
    shape : tuple of int
        Shape of the features, with the batch.
    prefix_tokens : int
        Number of tokens before those of the patches.

    Raises
    ------
    InputError
        If features of this shape cannot be pooled in this way.
    """

    def __init__(self, kind: str, shape: tuple[int, ...], prefix_tokens: int) -> None:
        super().__init__()
        if len(shape) == 3 and shape[1] <= prefix_tokens and kind != "cls":
            raise InputError(f"pooling {kind}: the network ends with no tokens of patches; use cls")
        if kind == "cls" and (len(shape) != 3 or prefix_tokens == 0):
            raise InputError("pooling cls: the network has no class token; use another pooling")
        self._pool = POOL[kind]
        self._positions = position_dimensions(shape)
        self._prefix_tokens = prefix_tokens if len(shape) == 3 and kind != "cls" else 0

    def forward(self, features: Tensor) -> Tensor:
        """Return the pooled features B×D."""
        patches = features[:, self._prefix_tokens :] if self._prefix_tokens else features
        return self._pool(patches, self._positions)


def position_dimensions(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the dimensions of features that are positions: two of a map, one of tokens.

    The two of a map have equal sizes; B×D×H×W is assumed where B×H×W×D would fit, too.
    """
    if len(shape) == 4:
        return (1, 2) if shape[1] == shape[2] != shape[3] else (2, 3)
    return (1,) if len(shape) == 3 else ()


def count_prefix_tokens(network: nn.Module) -> int:
    """Return the number of tokens before those of the patches: class tokens and registers."""
    known = getattr(network, "num_prefix_tokens", None)
    if isinstance(known, int):
        return known
    tokens = [getattr(network, name, None) for name in CLASS_TOKENS]
    return sum(token.shape[1] for token in tokens if isinstance(token, Tensor) and token.ndim == 3)


def _mean(features: Tensor, positions: tuple[int, ...]) -> Tensor:
    return features.mean(positions) if positions else features


def _max(features: Tensor, positions: tuple[int, ...]) -> Tensor:
    return features.amax(positions) if positions else features


def _generalised_mean(features: Tensor, positions: tuple[int, ...]) -> Tensor:
    powers = features.clamp(min=LEAST_FEATURE) ** GEM_POWER
    return _mean(powers, positions) ** (1 / GEM_POWER)


def _first_token(features: Tensor, positions: tuple[int, ...]) -> Tensor:
    return features.select(positions[0], 0)


POOL: dict[str, Callable[[Tensor, tuple[int, ...]], Tensor]] = {
    "mean": _mean,
    "cls": _first_token,
    "gem": _generalised_mean,
    "max": _max,
}
