"""Ask a finished run about a picture of your own, and check that its files are what they were.

python -m rsir query PHOTO --archive ucmerced --backbone resnet50 --model multi_label-seed0
python -m rsir check ucmerced
"""

import argparse
import os
import sys
from pathlib import Path

from rsir.core.errors import InputError

TEMPLATE = Path(__file__).parents[2] / "pages" / "query.html"


def main() -> None:
    """Read the command line, and answer; an `InputError` is one line and exit status 1."""
    parser = argparse.ArgumentParser("rsir", description="Ask a finished run.")
    commands = parser.add_subparsers(required=True, metavar="command")
    query = commands.add_parser("query", help="find what is like a picture of your own")
    query.add_argument("photo", type=Path, metavar="PHOTO", help="an image file")
    query.add_argument("--archive", required=True, help="the archive that is searched")
    query.add_argument("--backbone", required=True, help="what describes, such as resnet50")
    query.add_argument(
        "--model",
        default="off_the_shelf",
        help="off_the_shelf (the default), or a fine-tuning, such as multi_label-seed0",
    )
    query.add_argument(
        "--descriptor", help="pool (the default) or output; without learning, histogram"
    )
    query.add_argument("--top", type=_positive, default=20, help="how many to find (20)")
    query.add_argument(
        "--results", type=Path, default=Path("results"), help="the folder of results (results)"
    )
    query.set_defaults(command=_query)
    check = commands.add_parser("check", help="say which results are altered or stale")
    check.add_argument("archive", metavar="ARCHIVE", help="the archive whose results are checked")
    check.set_defaults(command=_check)
    arguments = parser.parse_args()
    try:
        arguments.command(arguments)
    except (InputError, OSError) as error:
        sys.exit(f"rsir: {error}")


def _query(arguments: argparse.Namespace) -> None:
    from rsir.reports.query_report import as_text, write_query_report

    own = arguments.results / arguments.archive
    name = Path(arguments.backbone) / arguments.model
    learnt = arguments.model != "off_the_shelf"
    files = {
        "archive": own / "archive.csv",
        "thumbnails": own / "thumbnails.h5",
        "descriptors": own / "descriptors" / name.with_suffix(".h5"),
        "weights": own / "weights" / f"{arguments.backbone}.json",
        "models": own / "models" / name.with_suffix(".safetensors") if learnt else None,
    }
    chosen = f"-{arguments.descriptor}" if arguments.descriptor else ""
    made = own / "adhoc" / arguments.photo.stem / f"{name}{chosen}"
    result = write_query_report(
        query_image=arguments.photo,
        **files,
        descriptor=arguments.descriptor,
        top=arguments.top,
        threads=os.cpu_count() or 1,
        template=TEMPLATE,
        table=made.with_suffix(".csv"),
        sheet=made.with_suffix(".png"),
        page=made.with_suffix(".html"),
    )
    sys.stdout.write(f"{as_text(result)}\n\n")
    sys.stdout.write(f"To look at: {made}.html, {made}.png\n")


def _check(arguments: argparse.Namespace) -> None:
    from rsir.core.job_record import read_record
    from rsir.reports.results_check import BAD, as_text, check

    folder = Path("results", arguments.archive)
    record = read_record(folder)
    findings = check(folder, record)
    sys.stdout.write(f"{as_text(folder, record, findings)}\n")
    sys.exit(any(finding.state in BAD for finding in findings))


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: give a number of 1 or more")
    return int(text)


if __name__ == "__main__":
    main()
