"""A sweep over the networks of timm and torchvision: where each is cut, and whether it is the same.

python benchmarks/networks.py FILE.csv              the smallest classifier of each module of timm,
                                                    and all classifiers of torchvision
python benchmarks/networks.py FILE.csv NAME …       these networks; `torchvision:NAME` for those

Networks that have a row in the file are skipped, so that an interrupted sweep continues; delete
rows to repeat them.

Weights are random. Each row has the cut that is found, the shapes of what crosses it, of the
features and of `pool`, and the largest errors, relative to the largest value: of the classifier on
tail on trunk against the whole network, and of `pool` against `forward_head(…, pre_logits=True)`
of timm. A network that fails has the reason in one line.
"""

import csv
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import timm
import torch
import torchvision
from torch import Tensor, nn

from rsir.core.errors import InputError
from rsir.networks.backbone import Activations, Backbone, classified, pooled
from rsir.networks.build import BUILD_ARGUMENTS
from rsir.networks.cut import MEAN_POOLED, cut_network
from rsir.networks.preprocessing import Preprocessing

LIMIT_SECONDS = 400
TOLERANCE = 1e-5
COLUMNS = (
    *("library", "module", "network", "cut", "crossing", "features", "dimension"),
    *("output_error", "pool_error", "reason"),
)


def smallest_of_each_module() -> Iterator[str]:
    """Yield the classifier of timm with the fewest parameters of each module."""
    for module in timm.list_modules():
        sizes = {}
        for name in timm.list_models(module=module):
            with torch.device("meta"):
                model = timm.create_model(name)
            sizes[name] = sum(parameter.numel() for parameter in model.parameters())
        yield min(sizes, key=lambda name: sizes[name])


def build(name: str) -> tuple[str, str, nn.Module, int, int]:
    """Return the library, the module, the network, and the channels and the size of its images."""
    if name.startswith("torchvision:"):
        name = name.removeprefix("torchvision:")
        network = torchvision.models.get_model(name, weights=None, **BUILD_ARGUMENTS.get(name, {}))
        preset = torchvision.models.get_model_weights(name).DEFAULT.transforms()
        size = getattr(network, "image_size", preset.crop_size[0])  # that of other weights differs
        return "torchvision", module_of(network), network.eval(), 3, size
    network = timm.create_model(name).eval()
    channels, _, size = timm.data.resolve_model_data_config(network)["input_size"]
    return "timm", module_of(network), network, channels, size


def module_of(network: nn.Module) -> str:
    """Return the name of the module that defines a network."""
    return type(network).__module__.rpartition(".")[2]


def error(actual: Tensor, expected: Tensor) -> float:
    """Return the largest difference, relative to the largest value."""
    return ((actual - expected).abs().max() / expected.abs().max()).item()


def row(name: str) -> dict[str, Any]:
    """Cut a network and compare it with the whole."""
    library, module, network, channels, size = build(name)
    result = {"library": library, "module": module}
    statistics = ((0.5,) * channels,) * 2
    preprocessing = Preprocessing("squash", size, size, *statistics, "bilinear")
    for parameter in network.parameters():
        if not parameter.any():  # as some classifiers are at first
            nn.init.normal_(parameter, std=0.02)
    backbone = cut_network(network, None, preprocessing)
    with torch.inference_mode():
        return result | compared(network, backbone, torch.randn(2, channels, size, size))


def compared(network: nn.Module, backbone: Backbone, images: Tensor) -> dict[str, Any]:
    """Return the columns of a cut network, with its errors against the whole."""
    activations = Activations.of(backbone.trunk(images))
    features = backbone.tail(*activations)
    vectors = pooled(backbone.pooling, features)
    result: dict[str, Any] = {
        "cut": backbone.cut,
        "crossing": shapes(activations),
        "features": shapes(Activations.of(features)),
        "dimension": backbone.dimension,
    }
    if backbone.classifier is not None:
        scores = classified(backbone.classifier, features)
        result["output_error"] = error(scores, network(images))
    head: Any = getattr(network, "forward_head", None)
    if head is not None and type(network).__name__ not in MEAN_POOLED:
        forward_features: Any = network.forward_features
        expected = head(forward_features(images), pre_logits=True)
        result["pool_error"] = error(vectors, expected.reshape(vectors.shape))
    return result


def shapes(tensors: Activations) -> str:
    """Return the shapes of tensors without the batch."""
    return " ".join("×".join(map(str, tensor.shape[1:])) for tensor in tensors)


def stop(*_signal: object) -> None:
    """Raise TimeoutError."""
    raise TimeoutError(f"took more than {LIMIT_SECONDS} s")


def main(path: Path, names: list[str]) -> None:
    """Write the row of each network as soon as there is one."""
    torch.manual_seed(0)
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, stop)
    if not names:
        classifiers = torchvision.models.list_models(module=torchvision.models)
        names = [*smallest_of_each_module(), *(f"torchvision:{name}" for name in classifiers)]
    finished = read_rows(path)
    with path.open("a", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if not finished:
            table.writeheader()
        for name in names:
            if name in finished:
                continue
            signal.alarm(LIMIT_SECONDS)
            try:
                result = row(name)
            except (InputError, RuntimeError, TimeoutError, TypeError, ValueError) as failure:
                result = {"reason": " ".join(str(failure).split())[:200]}
            signal.alarm(0)
            table.writerow({**result, **key(name)})
            file.flush()
    rows = read_rows(path)
    agree = sum(agrees(rows[name]) for name in names)
    sys.stdout.write(f"{agree} of {len(names)} networks are cut and agree within {TOLERANCE}\n")


def key(name: str) -> dict[str, str]:
    """Return the columns that identify a network."""
    library, _, network = name.rpartition(":")
    return {"library": library or "timm", "network": network}


def read_rows(path: Path) -> dict[str, dict[str, str]]:
    """Return the rows of a table that exists, by the names of their networks."""
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = {(row["library"], row["network"]): row for row in csv.DictReader(file)}
    return {
        network if library == "timm" else f"{library}:{network}": row
        for (library, network), row in rows.items()
    }


def agrees(row: dict[str, str]) -> bool:
    """Return whether a network is cut, and its parts compute what the whole computes."""
    errors = [float(row[column] or 0) for column in ("output_error", "pool_error")]
    return bool(row["cut"]) and max(errors) <= TOLERANCE


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
