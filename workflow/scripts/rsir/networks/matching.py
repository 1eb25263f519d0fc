"""The tensors of a checkpoint that belong to a network."""

import logging
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from rsir.core.errors import InputError
from rsir.networks.state_dict import StateDict

PREFERRED = (
    "state_dict_ema",
    "model_ema",
    "state_dict",
    "model",
    "teacher",
    "student",
    "encoder_q",
    "base_encoder",
    "online_encoder",
)
"""Parts of a checkpoint that hold the network itself, before other parts that fit as well.

Averaged weights come first, as in timm; a teacher's are averaged, too.
"""


def network_tensors(state: StateDict, model: nn.Module) -> StateDict:
    """Return the tensors of a checkpoint under the names of a network, with those it lacks.

    A prefix is removed where more tensors match without it, such as ``module.`` of parallel
    training or ``teacher.backbone.`` of a self-supervised one. For a network of timm, the
    checkpoint is converted by timm's function for its architecture where more tensors match
    then: it renames those of the original authors, and resamples position embeddings to the
    network's input size.

    Raises
    ------
    InputError
        If several parts of the checkpoint fit equally, and none of them is in `PREFERRED`.
    """
    target = model.state_dict()
    prefix = _best_prefix(state, target)
    stripped = {
        name.removeprefix(prefix): tensor
        for name, tensor in state.items()
        if name.startswith(prefix)
    }
    matching = matching_names(stripped, target)
    if prefix:
        logging.info("weights: %d tensors are taken from below %r", len(matching), prefix)
    convert = getattr(sys.modules[type(model).__module__], "checkpoint_filter_fn", None)
    if convert is None or len(matching) == len(target):
        return stripped
    best = stripped
    for source in (stripped, state):
        converted = _converted(convert, source, model)
        names = matching_names(converted, target)
        if len(names) > len(matching):
            logging.info(
                "weights: %d instead of %d tensors match after timm's conversion",
                len(names),
                len(matching),
            )
            best, matching = converted, names
    return best


def matching_names(state: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> set[str]:
    """Return the names of the tensors that two networks have in the same shape."""
    return {
        name
        for name, tensor in state.items()
        if name in target and tensor.shape == target[name].shape
    }


def surplus_block(
    features: Iterable[str], state: StateDict, target: Mapping[str, Tensor]
) -> str | None:
    """Return a tensor of a block that a deeper network has, and this one lacks; None if none.

    Parameters
    ----------
    features
        The names of the tensors before the classifier.
    state
        The tensors of the checkpoint, from `network_tensors`.
    target
        All tensors of the network.
    """
    lists = {series for name in features for series, _ in _blocks(name)}
    blocks = {block for name in target for block in _blocks(name)}
    for name in state:
        if any(block[0] in lists and block not in blocks for block in _blocks(name)):
            return name
    return None


def misfit(
    features: Mapping[str, Tensor],
    missing: Sequence[str],
    state: StateDict,
    loaded: Iterable[str],
    network: str,
) -> str:
    """Return in one line which tensors of a network a checkpoint lacks.

    Parameters
    ----------
    features
        The tensors that the network needs, by name.
    missing
        The names of those that the checkpoint lacks, at least one.
    state
        The tensors of the checkpoint.
    loaded
        The names of those of the network that the checkpoint has, classifiers included.
    network
        The name of the network.
    """
    needed = [name for name in features if not name.endswith("num_batches_tracked")]
    fitting = len(needed) - len(missing)
    share = f"{fitting} of {len(needed)} tensors ({fitting / len(needed):.1%})"
    name = missing[0]
    shapes = {tuple(state[n].shape) for n in state if n == name or n.endswith(f".{name}")}
    if shapes:
        shape = min(shapes)
        expected = tuple(features[name].shape)
        if (
            len(missing) == 1
            and len(shape) == len(expected) == 4
            and shape[:1] + shape[2:] == expected[:1] + expected[2:]
        ):
            return (
                f"does not fit {network}: {name} takes {shape[1]} channels in the file and "
                f"{expected[1]} in the network; use weights that were trained on these bands"
            )
        first = f"first {name}, {_text(expected)} in the network and {_text(shape)} in the file"
    else:
        known = tuple(loaded)
        unknown = [n for n in state if not any(n == k or n.endswith(f".{k}") for k in known)]
        other = f", and of the file {unknown[0]}" if unknown else ""
        first = f"first without a match {name}{other}"
    verdict = f"fits {network} in part" if fitting else f"does not fit {network}"
    return f"{verdict}: {share}, {first}; use weights of this network"


def _best_prefix(state: StateDict, target: Mapping[str, Tensor]) -> str:
    """Return the prefix without which most tensors match; empty if none does."""
    counts: Counter[str] = Counter()
    for name, tensor in state.items():
        parts = name.split(".")
        for start in range(len(parts)):
            suffix = ".".join(parts[start:])
            if suffix in target and target[suffix].shape == tensor.shape:
                counts[name.removesuffix(suffix)] += 1
    if not counts:
        return ""
    most = max(counts.values())
    best = sorted((prefix for prefix in counts if counts[prefix] == most), key=_preference)
    if len(best) > 1 and 2 * most > len(target) and _rank(best[0]) == _rank(best[1]):
        raise InputError(
            f"the tensors below {best[0]!r} and {best[1]!r} fit equally; "
            "save those of one network as a state dict"
        )
    return best[0]


def _blocks(name: str) -> Iterator[tuple[str, str]]:
    """Yield the series of modules that a tensor is in, such as `layer`, and its number in each."""
    parts = name.split(".")[:-1]
    for place, part in enumerate(parts):
        if number := re.search(r"\d+$", part):
            series = ".".join([*parts[:place], part[: number.start()]])
            yield series, number[0]


def _rank(prefix: str) -> list[int]:
    parts = prefix.split(".")[:-1]
    return [PREFERRED.index(p) if p in PREFERRED else len(PREFERRED) for p in parts]


def _preference(prefix: str) -> tuple[list[int], str]:
    return _rank(prefix), prefix


def _converted(convert: Callable[..., Any], state: StateDict, model: nn.Module) -> StateDict:
    """Return a checkpoint as timm converts it, without convolutions of a resampled size.

    timm would turn the patches of one size into those of another.
    """
    try:
        converted = convert(dict(state), model)
    except Exception:  # made for other checkpoints, of which each has its own contents
        return {}
    return {
        name: tensor
        for name, tensor in converted.items()
        if isinstance(tensor, Tensor)
        and not (name in state and _is_resampled_convolution(state[name], tensor))
    }


def _is_resampled_convolution(before: Tensor, after: Tensor) -> bool:
    return before.ndim == after.ndim == 4 and before.shape[2:] != after.shape[2:]


def _text(shape: Iterable[int]) -> str:
    return "×".join(map(str, shape)) or "a scalar"
