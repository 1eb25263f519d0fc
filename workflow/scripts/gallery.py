"""Write the gallery, a page of the retrieved images of each query."""

from pathlib import Path

import numpy as np

from rsir.archives.archive_table import read_archive
from rsir.archives.attributes import places, read_attributes
from rsir.core.job import job
from rsir.reports.gallery import gallery_data, read_run, write_gallery


def main(
    name: str,
    archive: Path,
    attributes: Path,
    thumbnails: Path,
    rankings: list[Path],
    scores: list[Path],
    template: Path,
    page: Path,
) -> None:
    """Include all models of the run."""
    table = read_archive(archive)
    search, retrievals = read_run(table, rankings, scores)
    place = places(read_attributes(attributes, list(table["image"])))
    known = None if np.isnan(place).all() else place
    write_gallery(page, template, gallery_data(name, table, search, retrievals, thumbnails, known))


if __name__ == "__main__":
    with job(snakemake):
        main(
            name=snakemake.wildcards.archive,
            archive=Path(snakemake.input.archive),
            attributes=Path(snakemake.input.attributes),
            thumbnails=Path(snakemake.input.thumbnails),
            rankings=[Path(path) for path in snakemake.input.rankings],
            scores=[Path(path) for path in snakemake.input.scores],
            template=Path(snakemake.input.page[0]),
            page=Path(snakemake.output[0]),
        )
