"""Precision: reduced number types, the record of their use, and half precision at the cut."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rsir.core.errors import InputError
from rsir.core.files import written_whole
from rsir.core.origin import ORIGIN, check_origin, circumstances
from rsir.networks.backbone import Activations
from rsir.networks.preprocessing import Preprocessing
from rsir.networks.processor import Processor

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class NotFiniteError(InputError):
    """Values that are too large for the data type of a computation."""


@dataclass(frozen=True)
class Precision:
    """The data type of inference by a backbone on the images of an archive.

    Attributes
    ----------
    device_type
        ``cpu`` or ``cuda``, the type of the device that the data type was chosen on
    inference
        ``float32``, ``bfloat16`` or ``float16``
    worst_cosine
        least cosine similarity of a descriptor in the reduced type with the same one in float32;
        None if none were compared, because the hardware computes fastest in float32
    images
        number of images that were compared
    """

    device_type: str
    inference: str
    worst_cosine: float | None
    images: int

    def applied(self, processor: Processor) -> Processor:
        """Return a processor with this data type of inference."""
        return replace(processor, inference=DTYPES[self.inference])


def reduced_precision(processor: Processor) -> Processor:
    """Return the processor with the number types that its hardware computes fastest.

    Training is in bfloat16 if the hardware supports it, else in float32, since float16 gradients
    underflow. Inference is in float16 on a GPU, which is as fast as bfloat16 with an eighth of its
    rounding error, and as in training on a CPU.
    """
    if processor.device.type == "cuda":
        inference = torch.float16
        in_hardware = torch.cuda.is_bf16_supported(including_emulation=False)
        training = torch.bfloat16 if in_hardware else torch.float32
    else:
        inference = training = torch.bfloat16 if _has_bfloat16() else torch.float32
    return replace(processor, inference=inference, training=training)


def write_precision(path: Path, precision: Precision, facts: Mapping[str, Any]) -> None:
    """Write the record of a data type, and its origin, as JSON.

    `facts` are those of `rsir.core.origin.origin_attributes`.
    """
    origin = {name: facts[name] for name in ORIGIN}
    record = {**vars(precision), **origin, **circumstances()}
    with written_whole(path) as partial:
        partial.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def recorded_precision(path: Path, processor: Processor, facts: Mapping[str, Any]) -> Processor:
    """Return the processor with the recorded data type of inference.

    The record holds for devices of the same type that compute fastest in the recorded data type;
    on any other, inference is in float32.

    Raises
    ------
    InputError
        If the record cannot be read or has another origin.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        precision = Precision(**{name: record[name] for name in Precision.__dataclass_fields__})
        recorded = precision.applied(processor)
    except (KeyError, TypeError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path}: is damaged; delete it and run again") from error
    check_origin(path, record, facts)
    if precision.device_type != processor.device.type or recorded.inference != processor.inference:
        recorded = replace(processor, inference=torch.float32)
    logging.info("inference in %s, training in %s", recorded.inference, recorded.training)
    return recorded


def computed_in_float32_if_needed(
    compute: Callable[[Processor], None], processor: Processor
) -> Processor:
    """Run a computation, and repeat it in float32 if values are too large for the inference type.

    Returns
    -------
    Processor
        The one that the computation succeeded with.

    Raises
    ------
    NotFiniteError
        If values are not finite in float32, either.
    """
    try:
        compute(processor)
    except NotFiniteError as error:
        if processor.inference == torch.float32:
            raise
        logging.warning("%s; all images are computed again in float32", error)
        processor = replace(processor, inference=torch.float32)
        compute(processor)
    return processor


@contextmanager
def in_recorded_precision() -> Iterator[None]:
    """Refuse values that are too large for the data type, which other shards use.

    Raises
    ------
    InputError
        If values are too large.
    """
    try:
        yield
    except NotFiniteError as error:
        raise InputError(f"{error}, or set extraction.shards to 1, which tries float32") from error


def check_finite(descriptors: Mapping[str, np.ndarray], dtype: torch.dtype) -> None:
    """Check the descriptors of a batch, computed in a data type.

    Raises
    ------
    NotFiniteError
        If one of them is not finite.
    """
    for name, values in descriptors.items():
        if not np.isfinite(values).all():
            raise NotFiniteError(
                f"descriptor {name!r} of an image is not finite in {dtype}; "
                "use other weights, or fine-tune at a lower learning rate"
            )


@torch.inference_mode()
def activations_at_cut(
    trunk: nn.Module, preprocessing: Preprocessing, processor: Processor, pixels: Tensor
) -> Activations:
    """Compute the activations at the cut, rounded to half precision.

    `pixels` are uint8 B×H×W×3 or, of bands, float32 B×H×W×C; the trunk is on the processor.
    Activations that are too large for half precision are infinite, see `check_activations`.
    """
    images = preprocessing.normalise(processor.move(pixels))
    with processor.precision(processor.inference):
        exact = Activations.of(trunk(images))
    return Activations(tuple(tensor.half() for tensor in exact))


@torch.no_grad()
def normalised_images(
    preprocessing: Preprocessing, processor: Processor, pixels: Tensor
) -> Activations:
    """Return images, as for `activations_at_cut`, as the activations of a network without trunk."""
    return Activations((preprocessing.normalise(processor.move(pixels)),))


@torch.inference_mode()
def all_finite(activations: Activations) -> Tensor:
    """Return whether all activations are finite, as a tensor on their device."""
    return torch.stack([torch.isfinite(tensor).all() for tensor in activations]).all()


def check_activations(finite: Tensor) -> None:
    """Check what `all_finite` returns.

    Raises
    ------
    NotFiniteError
        If an activation is too large for half precision.
    """
    if not finite:
        raise NotFiniteError(
            "activations at the cut exceed the range of half precision (65,504); "
            "use another cut or other weights for the backbone"
        )


def _has_bfloat16() -> bool:
    """Return whether the CPU has bfloat16 products; emulated, they are slower than float32."""
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16"))
