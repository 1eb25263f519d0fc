"""Join descriptors of several models."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rsir.archives.archive_table import read_archive
from rsir.core.errors import InputError
from rsir.core.hdf5 import array_file, read_attributes
from rsir.core.job import job
from rsir.core.origin import check_origin, digests, method_of
from rsir.core.remembered import remembered_sha256
from rsir.descriptors.descriptor_files import blocks, open_descriptors, rows_of
from rsir.descriptors.ensembles import ensemble


def main(
    archive: Path,
    members: list[Path],
    names: list[str],
    are_probabilities: bool,
    method: dict[str, Any],
    descriptors: Path,
) -> None:
    """Read the descriptor of each member, named at its place in `names`, and join them."""
    images = list(read_archive(archive)["image"])
    facts: dict[str, Any] = {**digests({"archive": archive})}
    arrays, origins = [], []
    with ExitStack() as stack:
        for path, name in zip(members, names, strict=True):
            check_origin(path, read_attributes(path), facts, ["archive_sha256"])
            available = stack.enter_context(open_descriptors(path, images))
            if name not in available:
                raise InputError(
                    f"config: ensembles.{method['backbone']}: {path} has no descriptor {name!r}, "
                    f"but {', '.join(available)}; name one of these"
                )
            arrays.append(available[name])
            member = {"backbone": path.parent.name, "model": path.name.removesuffix(".h5")}
            origins.append(member | {"descriptor": name, "sha256": remembered_sha256(path)})
        facts |= {"members": json.dumps(origins), "are_probabilities": are_probabilities}
        file = stack.enter_context(array_file(descriptors, images, method | facts))
        for rows in blocks(len(images)):
            values = [rows_of(array, rows) for array in arrays]
            for name, vectors in ensemble(values, are_probabilities).items():
                file.append(name, vectors)


if __name__ == "__main__":
    with job(snakemake):
        wildcards = snakemake.wildcards
        main(
            archive=Path(snakemake.input.archive),
            members=[Path(path) for path in snakemake.input.members],
            names=snakemake.params.names,
            are_probabilities=snakemake.params.are_probabilities,
            method=method_of(wildcards.archive, wildcards.backbone, wildcards.model),
            descriptors=Path(snakemake.output[0]),
        )
