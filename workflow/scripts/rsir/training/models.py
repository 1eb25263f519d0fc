"""Fine-tuned models: tail, pooling and head per task, in one safetensors file with metadata."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, fx, nn

from rsir.core.errors import InputError
from rsir.core.files import written_whole
from rsir.core.origin import circumstances
from rsir.networks.backbone import Backbone, pooled
from rsir.networks.parts import copy_part

ACTIVATIONS = ("softmax", "sigmoid")


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
class TaskModel:
    """The fine-tuned tail, pooling and head of one task.

    `outputs` holds the names of the output units; `activation` is ``softmax`` or ``sigmoid``.
    """

    name: str
    outputs: list[str]
    activation: str
    tail: fx.GraphModule
    pooling: nn.Module
    head: Head

    def describe(self, features: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """Return pooled features B×D and outputs B×K, float32, of the features of the tail."""
        vectors = pooled(self.pooling, features)
        return vectors, activate(self.head(vectors), self.activation)

    def parts(self) -> dict[str, nn.Module]:
        """Return the parts with parameters, by the name that their tensors have in files."""
        return {"tail": self.tail, "pooling": self.pooling, "head": self.head}


def activate(logits: Tensor, activation: str) -> Tensor:
    """Return the outputs B×K, in [0, 1], of logits B×K."""
    return logits.softmax(1) if activation == "softmax" else logits.sigmoid()


def save_models(path: Path, models: Sequence[TaskModel], metadata: Mapping[str, Any]) -> None:
    """Write the models of all tasks of a labeling, and the metadata to load them, to one file."""
    tensors = {
        f"{number}.{part}.{name}": tensor.detach().cpu().contiguous()
        for number, model in enumerate(models)
        for part, module in model.parts().items()
        for name, tensor in module.state_dict().items()
    }
    tasks = [
        {"name": model.name, "outputs": model.outputs, "activation": model.activation}
        for model in models
    ]
    entries = {**metadata, **circumstances(), "tasks": tasks}
    encoded = {key: json.dumps(value) for key, value in entries.items()}
    with written_whole(path) as partial:
        partial.write_bytes(save(tensors, encoded))


def read_metadata(path: Path) -> dict[str, Any]:
    """Read the metadata passed to `save_models`, and the date, code and device of saving."""
    with _opened(path) as file:
        metadata = _metadata(file)
    return {key: value for key, value in metadata.items() if key != "tasks"}


def read_tasks(path: Path) -> list[dict[str, Any]]:
    """Read `name`, `outputs` and `activation` of the tasks of a file, in the order of its outputs.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    with _opened(path) as file:
        tasks: list[dict[str, Any]] = _metadata(file)["tasks"]
        return tasks


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
            if task["activation"] not in ACTIVATIONS:
                raise ValueError(f"{task['activation']!r} is not an activation")
            head = Head(backbone.dimension, len(task["outputs"]))
            tail, pooling = copy_part(backbone.tail), copy_part(backbone.pooling)
            model = TaskModel(**task, tail=tail, pooling=pooling, head=head)
            for part, module in model.parts().items():
                names = module.state_dict()
                module.load_state_dict(
                    {name: file.get_tensor(f"{number}.{part}.{name}") for name in names}
                )
                module.eval()
            yield model


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
