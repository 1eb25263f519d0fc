"""Query a finished run with an image of your own, and check its files against their record.

python -m rsir query IMAGE --archive ucmerced --backbone resnet50 --model multi_label-seed0
python -m rsir check ucmerced
"""

import argparse
import gc
import re
import sys
from pathlib import Path

from rsir.core.errors import InputError

TEMPLATE = Path(__file__).parents[2] / "pages" / "query.html"


def main() -> None:
    """Run the command line; an `InputError` becomes one line and exit status 1."""
    parser = argparse.ArgumentParser("rsir", description="Query or check a finished run.")
    commands = parser.add_subparsers(required=True, metavar="command")
    query = commands.add_parser("query", help="retrieve the images most similar to a query image")
    query.add_argument("image", type=Path, metavar="IMAGE", help="the image file of the query")
    query.add_argument("--archive", required=True, help="the archive to search")
    query.add_argument("--backbone", required=True, help="the backbone or the ensemble")
    query.add_argument(
        "--model",
        default="off_the_shelf",
        help="off_the_shelf (the default), a fine-tuned model, such as multi_label-seed0, or that "
        "of a derived descriptor, such as multi_label-seed0+codes",
    )
    query.add_argument(
        "--descriptor",
        help="pool (the default), output or another one that the model has",
    )
    query.add_argument("--top", type=_positive, default=20, help="number of hits (20)")
    query.add_argument(
        "--results", type=Path, default=Path("results"), help="the folder of results (results)"
    )
    query.set_defaults(command=_query)
    check = commands.add_parser("check", help="list results that are altered or stale")
    check.add_argument("archive", metavar="ARCHIVE", help="the archive whose results to check")
    check.add_argument(
        "--results", type=Path, default=Path("results"), help="the folder of results (results)"
    )
    check.set_defaults(command=_check)
    arguments = parser.parse_args()
    try:
        arguments.command(arguments)
    except (InputError, OSError) as error:
        sys.exit(f"rsir: {error}")


def _query(arguments: argparse.Namespace) -> None:
    gc.disable()  # libraries make objects that last; looking at them again takes a second
    import torch

    from rsir.reports.model_files import ModelFiles
    from rsir.reports.query_report import as_text, write_query_report

    model = arguments.model
    if not re.match(r"off_the_shelf(\+|$)|ensemble(\+|$)|.*-seed\d+", model):
        raise InputError(
            f"--model {model}: the seed is missing; name one, as in {model.partition('+')[0]}-seed0"
        )
    files = ModelFiles(arguments.results, arguments.archive, arguments.backbone, model)
    suffix = f"-{arguments.descriptor}" if arguments.descriptor else ""
    folder = arguments.results / arguments.archive / "adhoc" / arguments.image.stem
    output = folder / arguments.backbone / f"{model}{suffix}"
    result = write_query_report(
        query_image=arguments.image,
        files=files,
        descriptor=arguments.descriptor,
        top=arguments.top,
        threads=torch.get_num_threads(),  # of this process's CPUs, or OMP_NUM_THREADS
        use_index=True,
        template=TEMPLATE,
        table=output.with_name(f"{output.name}.csv"),
        sheet=output.with_name(f"{output.name}.png"),
        page=output.with_name(f"{output.name}.html"),
    )
    sys.stdout.write(f"{as_text(result)}\n\n")
    sys.stdout.write(f"Result pages: {output}.html, {output}.png\n")


def _check(arguments: argparse.Namespace) -> None:
    from rsir.core.job_record import read_record
    from rsir.reports.results_check import BAD, as_text, check

    folder = arguments.results / arguments.archive
    record = read_record(folder)
    findings = check(folder, record)
    sys.stdout.write(f"{as_text(folder, record, findings)}\n")
    sys.exit(any(finding.state in BAD for finding in findings))


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be an integer of 1 or more")
    return int(text)


if __name__ == "__main__":
    main()
