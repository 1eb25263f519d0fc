"""Audit an archive and its split, and write the findings as a table and as a page."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rsir.archives.archive_table import read_archive
from rsir.archives.attributes import places, read_attributes
from rsir.archives.split_file import read_split
from rsir.audit.audit_table import audit_table, write_audit
from rsir.audit.checks import Evidence, findings
from rsir.audit.duplicate_checks import identical_files
from rsir.core.files import written_whole
from rsir.core.job import job
from rsir.reports.audit_page import audit_page


def main(
    name: str,
    archive: Path,
    attributes: Path,
    split: Path,
    thumbnails: Path,
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
    subset = read_split(split, images)
    evidence = Evidence(
        archive=images,
        subset=subset,
        database=database,
        duplicates=identical_files(images),
        place=places(read_attributes(attributes, list(images["image"]))),
        fractions=fractions,
        exclusive=exclusive,
        minimum_positives=minimum_positives,
        minimum_distance_km=minimum_distance_km,
    )
    found = findings(evidence)
    write_audit(table, audit_table(found, list(images["image"])))
    text = audit_page(template, name, images, subset, found, [], thumbnails)
    with written_whole(page) as partial:
        partial.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    with job(snakemake):
        main(
            name=snakemake.wildcards.archive,
            archive=Path(snakemake.input.archive),
            attributes=Path(snakemake.input.attributes),
            split=Path(snakemake.input.split),
            thumbnails=Path(snakemake.input.thumbnails),
            template=Path(snakemake.input.page[0]),
            table=Path(snakemake.output.table),
            page=Path(snakemake.output.page),
            **dict(snakemake.params.items()),
        )
