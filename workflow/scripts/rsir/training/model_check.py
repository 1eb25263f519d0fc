"""The check that a fine-tuned model may describe the images of an archive."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rsir.core.errors import InputError
from rsir.core.origin import check_model, digests
from rsir.networks.precision import recorded_precision
from rsir.networks.processor import Processor
from rsir.training.models import read_metadata


def check_describing_model(
    models: Path,
    precision: Path,
    source_archive: Path | None,
    source_precision: Path | None,
    available: Processor,
    facts: Mapping[str, Any],
    inputs: Mapping[str, Path],
) -> tuple[Processor, dict[str, Any]]:
    """Check a model against the archive that it describes, and the archive that it was trained on.

    Parameters
    ----------
    models, precision : Path
        The file of the model, and the record of the data type of the archive that it describes.
    source_archive, source_precision : Path or None
        The table and the record of the archive that it was trained on, if it is another.
    available : Processor
        What computes, in the data type that it has by itself.
    facts : mapping
        The origin of the descriptors.
    inputs : mapping
        Their input files, by name.

    Returns
    -------
    processor, attributes
        The processor in the recorded data type, and the attributes of the descriptors.

    Raises
    ------
    InputError
        If it is another model, or if the two archives are described in different data types.
    """
    metadata, origin = read_metadata(models), digests(inputs)
    processor = recorded_precision(precision, available, facts)
    if source_archive and source_precision:
        origin |= digests({"trained_on": source_archive})
        trained = recorded_precision(source_precision, available, metadata)
        if trained.inference != processor.inference:
            raise InputError(
                f"{models}: its archive is described in {trained.inference}, this one in "
                f"{processor.inference}; leave out this transfer, or extract both archives again "
                "on a device where the two agree"
            )
    check_model(models, metadata, {**facts, **origin})
    return processor, metadata | origin
