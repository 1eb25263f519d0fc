"""Make the table of an archive: one row per image."""

from pathlib import Path

from rsir.archive import describe_images, read_table, write_archive
from rsir.reporting import job
from rsir.ucmerced import read_ucmerced


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
