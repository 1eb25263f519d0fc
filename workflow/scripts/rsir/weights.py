"""Files of weights: where they are, and how they are read."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torchvision
from safetensors.torch import load_file

from rsir.errors import InputError
from rsir.files import sha256, written_whole

FILE_ENDINGS = (".pth", ".pt", ".safetensors")

StateDict = dict[str, torch.Tensor]


@dataclass(frozen=True)
class WeightFile:
    """A file of weights on this machine: its path, where it is from, and its digest."""

    path: str
    source: str
    sha256: str


def check_torchvision(network: str) -> None:
    """Raise InputError if torchvision has no such classifier of images."""
    if network not in torchvision.models.list_models(module=torchvision.models):
        raise InputError(f"network {network}: torchvision has no classifier of this name")


def write_record(path: Path, file: WeightFile | None) -> None:
    """Write down where the weights are, to be read by later jobs."""
    with written_whole(path) as partial:
        partial.write_text(json.dumps(asdict(file) if file else None) + "\n")


def read_record(path: Path) -> WeightFile | None:
    """Read what `write_record` wrote; the file of weights must still be there, and the same.

    Raises
    ------
    InputError
        If it is not, or the record cannot be read.
    """
    try:
        record = json.loads(path.read_text())
        file = None if record is None else WeightFile(**record)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: is damaged; delete it and run again") from error
    if file is None:
        return None
    if not Path(file.path).is_file():
        raise InputError(f"{file.path}: the weights are gone; delete {path} and run again")
    if sha256(Path(file.path)) != file.sha256:
        raise InputError(f"{file.path}: the weights have changed; delete {path} and run again")
    return file


def weight_facts(file: WeightFile | None) -> dict[str, str]:
    """Return what is told of weights by what is made with them."""
    return {
        "weights": file.source if file else "random",
        "weights_sha256": file.sha256 if file else "",
    }


def read_state_dict(path: Path) -> StateDict:
    """Read a file of weights: parameter name → tensor on the CPU.

    ``.safetensors``, or a file of ``torch.save`` that holds tensors and plain containers only;
    nothing in it is ever run. A dict nested under ``state_dict`` or ``model`` is unwrapped, and
    the prefix ``module.`` of parallel training removed.

    Raises
    ------
    InputError
        If the file cannot be read, or holds anything but named tensors.
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
        raise InputError(f"{path}: holds no state dict (names → tensors); save one and give that")
    return {name.removeprefix("module."): value for name, value in state.items()}


def wheel_state_dict(path: Path, network: torch.nn.Module) -> StateDict:
    """Read the wheel's EfficientNet-Lite0 under timm's names.

    Both list the same tensors in the same order, the order of the layers, under names of their own.
    """
    values = read_state_dict(path).values()
    return dict(zip(network.state_dict(), values, strict=True))
