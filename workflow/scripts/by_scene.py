"""Average the scores of each scene's queries."""

from pathlib import Path

import pandas as pd

from rsir.archives.archive_table import read_archive
from rsir.core.job import job
from rsir.evaluation.by_scene import by_scene
from rsir.evaluation.tables import read_results, write_table


def main(archive: Path, scores: list[Path], table: Path) -> None:
    """Average over seeds and the queries of a scene."""
    scenes = read_archive(archive).set_index("image")["scene"]
    rows = pd.concat(map(read_results, scores), ignore_index=True)
    write_table(table, by_scene(rows, scenes))


if __name__ == "__main__":
    with job(snakemake):
        main(
            archive=Path(snakemake.input.archive),
            scores=[Path(path) for path in (*snakemake.input.scores, snakemake.input.bounds)],
            table=Path(snakemake.output[0]),
        )
