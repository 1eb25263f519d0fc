"""Audit an archive and its split, and write the findings as a table and as a page."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rsir.archives.archive_table import read_archive
from rsir.archives.attributes import places, read_attributes
from rsir.archives.containers.opened import located
from rsir.archives.duplicates_table import read_duplicates
from rsir.archives.pixels import read_pixel_format
from rsir.archives.split_file import read_split
from rsir.audit.audit_table import audit_table, write_audit
from rsir.audit.checks import Evidence, findings
from rsir.audit.duplicate_checks import identical_files
from rsir.audit.file_modes import file_modes
from rsir.audit.neighbour_checks import nearest
from rsir.audit.pixel_checks import grouping_attributes
from rsir.audit.pixel_statistics import pixel_statistics
from rsir.audit.thresholds import NEIGHBOURS
from rsir.core.files import optional, written_whole
from rsir.core.job import job
from rsir.descriptors.descriptor_files import open_descriptors
from rsir.metrics.arrays import Floats, Ints
from rsir.networks.processor import prepare_processor
from rsir.reports.audit_page import audit_page
from rsir.search.exact import rank


def main(
    name: str,
    archive: Path,
    attributes: Path,
    pixels: Path,
    root: Path,
    split: Path,
    thumbnails: Path,
    duplicates: Path | None,
    descriptors: Path | None,
    threads: int,
    template: Path,
    database: str,
    fractions: Mapping[str, float],
    exclusive: Sequence[Sequence[str]],
    minimum_positives: int,
    minimum_distance_km: float,
    table: Path,
    page: Path,
) -> None:
    """Check all that is known of the archive."""
    images = read_archive(archive)
    names = list(images["image"])
    subset = read_split(split, images)
    known = read_attributes(attributes, names)
    evidence = Evidence(
        archive=images,
        subset=subset,
        database=database,
        duplicates=read_duplicates(duplicates, names) if duplicates else identical_files(images),
        pixels=pixel_statistics(thumbnails, np.array(names)),
        modes=(
            file_modes(located(root), list(images["path"]), threads)
            if read_pixel_format(pixels).of_pictures
            else ()
        ),
        place=places(known),
        groups=grouping_attributes(known),
        neighbours=neighbours(descriptors, names, threads),
        fractions=fractions,
        exclusive=exclusive,
        minimum_positives=minimum_positives,
        minimum_distance_km=minimum_distance_km,
    )
    found = findings(evidence)
    write_audit(table, audit_table(found, names))
    text = audit_page(
        template, name, images, subset, found, unchecked(evidence, duplicates), thumbnails
    )
    with written_whole(page) as partial:
        partial.write_text(text, encoding="utf-8")


def neighbours(
    descriptors: Path | None, images: list[str], threads: int
) -> tuple[Ints, Floats] | None:
    """Return the images that look most like each, by the pooled features off the shelf."""
    if descriptors is None or len(images) <= NEIGHBOURS:
        return None
    device = prepare_processor(threads, use_gpu=False).device
    rows = np.arange(len(images))
    with open_descriptors(descriptors, images) as available:
        return nearest(*rank(available["pool"], rows, rows, NEIGHBOURS + 1, device))


def unchecked(evidence: Evidence, duplicates: Path | None) -> list[str]:
    """Return what could not be looked for, in sentences."""
    reasons = {
        "Near duplicates: audit.duplicates is false. Only the digests of the files are compared.": (
            duplicates is None
        ),
        "Labels that contradict images of the same look: the run has no network (run.backbones), "
        "or too few images.": evidence.neighbours is None,
        "Test images close to training images: the places of the images are not known.": bool(
            np.isnan(evidence.place).all()
        ),
    }
    return [text for text, applies in reasons.items() if applies]


if __name__ == "__main__":
    with job(snakemake):
        main(
            name=snakemake.wildcards.archive,
            archive=Path(snakemake.input.archive),
            attributes=Path(snakemake.input.attributes),
            pixels=Path(snakemake.input.pixels),
            root=Path(snakemake.params.root),
            split=Path(snakemake.input.split),
            thumbnails=Path(snakemake.input.thumbnails),
            duplicates=optional(snakemake.input.duplicates),
            descriptors=optional(snakemake.input.descriptors),
            threads=snakemake.threads,
            template=Path(snakemake.input.page[0]),
            table=Path(snakemake.output.table),
            page=Path(snakemake.output.page),
            database=snakemake.params.database,
            fractions=snakemake.params.fractions,
            exclusive=snakemake.params.exclusive,
            minimum_positives=snakemake.params.minimum_positives,
            minimum_distance_km=snakemake.params.minimum_distance_km,
        )
