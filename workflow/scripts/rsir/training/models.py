"""Fine-tuned models: tail, pooling and head per task, in one safetensors file with metadata."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, fx, nn
from torch.nn import functional

from rsir.core.errors import InputError
from rsir.core.files import written_whole
from rsir.core.origin import circumstances
from rsir.networks.backbone import Backbone, pooled
from rsir.networks.parts import copy_part

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "softmax": partial(functional.softmax, dim=1),
    "sigmoid": torch.sigmoid,
    "embedding": functional.normalize,
}

OUTPUT = "output"
DESCRIPTORS = {"embedding": "embedding"}
"""The descriptor of units with an activation; that of all others is `OUTPUT`."""


class Head(nn.Module):
    """The new classifier of the thesis: batch norm, then a dense layer, on pooled features."""

    def __init__(self, dimension: int, outputs: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(dimension)
        self.dense = nn.Linear(dimension, outputs)

    def forward(self, pooled: Tensor) -> Tensor:
        """Return the logits B×K of pooled features B×D."""
        logits: Tensor = self.dense(self.norm(pooled))
        return logits


@dataclass(frozen=True)
class Outputs:
    """A group of output units.

    Attributes
    ----------
    names
        The names of the units: classes, labels or dimensions.
    activation
        A key of `ACTIVATIONS`: ``softmax`` and ``sigmoid`` give probabilities, ``embedding`` a
        vector of length 1.
    """

    names: list[str]
    activation: str

    @property
    def descriptor(self) -> str:
        """The name of the descriptor that the units belong to."""
        return DESCRIPTORS.get(self.activation, OUTPUT)


@dataclass(frozen=True)
class TaskModel:
    """The fine-tuned tail, pooling and head of one task, and the outputs of the head, in order."""

    name: str
    outputs: list[Outputs]
    tail: fx.GraphModule
    pooling: nn.Module
    head: Head

    def describe(self, features: Tensor | tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Return the descriptors of the features of the tail, float32 B×D by name.

        They are `pool`, the pooled features, `output`, the probabilities of classes and labels side
        by side, and `embedding`, each if there is one.
        """
        vectors = pooled(self.pooling, features)
        logits = divided(self.head(vectors), [len(each.names) for each in self.outputs])
        groups: dict[str, list[Tensor]] = {}
        for outputs, part in zip(self.outputs, logits, strict=True):
            groups.setdefault(outputs.descriptor, []).append(activate(part, outputs.activation))
        return {"pool": vectors, **{name: torch.cat(part, 1) for name, part in groups.items()}}

    def parts(self) -> dict[str, nn.Module]:
        """Return the parts with parameters, by the name that their tensors have in files."""
        return {"tail": self.tail, "pooling": self.pooling, "head": self.head}


def activate(logits: Tensor, activation: str) -> Tensor:
    """Return the outputs B×K of logits B×K by an entry of `ACTIVATIONS`."""
    return ACTIVATIONS[activation](logits)


def divided(logits: Tensor, sizes: Sequence[int]) -> tuple[Tensor, ...]:
    """Divide logits B×K into consecutive columns of these sizes."""
    parts: tuple[Tensor, ...] = torch.split(logits, list(sizes), 1)
    return parts


def save_models(path: Path, models: Sequence[TaskModel], metadata: Mapping[str, Any]) -> None:
    """Write the models of all tasks of a labeling, and the metadata to load them, to one file."""
    tensors = {
        f"{number}.{part}.{name}": tensor.detach().cpu().contiguous()
        for number, model in enumerate(models)
        for part, module in model.parts().items()
        for name, tensor in module.state_dict().items()
    }
    tasks = [
        {"name": model.name, "outputs": [vars(outputs) for outputs in model.outputs]}
        for model in models
    ]
    entries = {**metadata, **circumstances(), "tasks": tasks}
    encoded = {key: json.dumps(value) for key, value in entries.items()}
    with written_whole(path) as unfinished:
        unfinished.write_bytes(save(tensors, encoded))


def read_metadata(path: Path) -> dict[str, Any]:
    """Read the metadata passed to `save_models`, and the date, code and device of saving."""
    with _opened(path) as file:
        metadata = _metadata(file)
    return {key: value for key, value in metadata.items() if key != "tasks"}


def read_outputs(path: Path) -> list[Outputs]:
    """Read the groups of units that the descriptor `output` of a models file has, in order.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    with _opened(path) as file:
        groups = [_outputs(group) for task in _metadata(file)["tasks"] for group in task["outputs"]]
    return [group for group in groups if group.descriptor == OUTPUT]


def label_probabilities(
    output: NDArray[np.float32], groups: Sequence[Outputs]
) -> NDArray[np.float32]:
    """Return the columns (N, L) of an `output` (N, K) that are probabilities of labels.

    `groups` are those of `read_outputs`; the labels are the units with a sigmoid.
    """
    is_label = [group.activation == "sigmoid" for group in groups for _ in group.names]
    return output[:, is_label]


def output_groups(models: Sequence[TaskModel]) -> list[Outputs]:
    """Return the groups of units that the descriptor `output` of models has, in order."""
    groups = [group for model in models for group in model.outputs]
    return [group for group in groups if group.descriptor == OUTPUT]


def load_models(path: Path, backbone: Backbone) -> Iterator[TaskModel]:
    """Yield the models of a file, in evaluation mode.

    Parameters
    ----------
    path : Path
        File written by `save_models`.
    backbone : Backbone
        Its tail and pooling are copied for their architecture and not modified.

    Raises
    ------
    InputError
        If the file cannot be read or belongs to another backbone.
    """
    with _opened(path) as file:
        for number, task in enumerate(_metadata(file)["tasks"]):
            outputs = [_outputs(group) for group in task["outputs"]]
            head = Head(backbone.dimension, sum(len(group.names) for group in outputs))
            tail, pooling = copy_part(backbone.tail), copy_part(backbone.pooling)
            model = TaskModel(task["name"], outputs, tail, pooling, head)
            for part, module in model.parts().items():
                names = module.state_dict()
                module.load_state_dict(
                    {name: file.get_tensor(f"{number}.{part}.{name}") for name in names}
                )
                module.eval()
            yield model


def _outputs(group: Mapping[str, Any]) -> Outputs:
    outputs = Outputs(**group)
    if outputs.activation not in ACTIVATIONS:
        raise ValueError(f"{outputs.activation!r} is not an activation")
    return outputs


def _metadata(file: Any) -> dict[str, Any]:
    return {key: json.loads(value) for key, value in (file.metadata() or {}).items()}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, RuntimeError, KeyError, OSError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: is damaged or of another backbone; delete it and run again"
        ) from error
