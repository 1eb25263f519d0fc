"""Write the table of an archive: one row per image."""

from pathlib import Path

from rsir.archives.archive_table import write_archive
from rsir.archives.image_files import describe_images
from rsir.archives.label_table import read_table
from rsir.archives.ucmerced import read_ucmerced
from rsir.core.job import job


def main(kind: str, root: Path, labels: Path, workers: int, archive: Path) -> None:
    """Read images and labels, check them, and write their table."""
    table = read_ucmerced(root) if kind == "ucmerced" else read_table(root, labels)
    write_archive(describe_images(table, root, workers), archive)


if __name__ == "__main__":
    with job(snakemake):
        main(
            kind=snakemake.params.kind,
            root=Path(snakemake.params.root),
            labels=Path(snakemake.params.labels),
            workers=snakemake.threads,
            archive=Path(snakemake.output[0]),
        )
