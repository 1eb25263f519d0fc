# Checks of the targets. Each error is one line; Snakemake would name only the path.

import os
import re
import sys

from snakemake.cli import get_argument_parser


def targets():
    """Return the targets of the command line, as Snakemake reads them."""
    if not any("results" in argument for argument in sys.argv[1:]):
        return []  # without building the parser, which takes time
    arguments, _ = get_argument_parser().parse_known_args(sys.argv[1:])
    return arguments.targets


def check_targets(paths):
    """Check targets below `results`."""
    for target in paths:
        path = target.removeprefix("./").rstrip("/")
        if path == "results":
            sys.exit(f"{target}: is the folder of all results; give no target for the whole run")
        if path.startswith("results/"):
            check_target(target, path)


def check_target(target, path):
    """Name the part of a target that no rule knows."""
    archive, *folders = path.removeprefix("results/").split("/")
    exists = any(maker.is_producer(path) for maker in workflow.rules)
    if archive == "across" and exists:
        return
    check_name(target, "archive", archive, list(config["archives"]))
    if not exists and (not folders or os.path.isdir(path)):
        sys.exit(
            f"{target}: is a folder; name files in it, as results/README.md lists them, or give "
            "no target for the whole run"
        )
    *folders, file = folders
    name = file.split(".")[0]
    if folders[0:1] == ["queries"] and len(folders) == 3:
        check_name(target, "query", folders[1], list(config["queries"]))
    if folders[0:1] == ["activations"] and len(folders) > 1:
        check_name(target, "backbone", folders[1], list(config["backbones"]))
    elif len(folders) in (2, 3):
        check_name(target, "backbone", folders[-1], [*config["backbones"], *config["ensembles"]])
        name, _, descriptor = name.partition("+")
        if descriptor:
            check_name(target, "derived descriptor", descriptor, list(config["descriptors"]))
            if missing := lacks(folders[-1], name, descriptor):
                sys.exit(f"{target}: {name} has no {missing}; name another model")
        labeling, seed, source = re.fullmatch(r"(.*?)(-seed\d+)?(?:-from-(.*))?", name).groups()
        known = [OFF_THE_SHELF, *config["labelings"]]
        is_ensemble = folders[-1] in config["ensembles"]
        check_name(target, "labeling", labeling, known + [ENSEMBLE] * is_ensemble)
        if folders[-1] not in networks() and labeling not in (OFF_THE_SHELF, ENSEMBLE):
            sys.exit(f"{target}: {folders[-1]} is not trained; only {OFF_THE_SHELF} exists")
        if labeling not in (OFF_THE_SHELF, ENSEMBLE) and not seed:
            sys.exit(f"{target}: the seed is missing; name one, as in {labeling}-seed0")
        if source is not None:
            check_name(target, "archive", source, list(config["archives"]))
        if source == archive or (source and labeling == OFF_THE_SHELF):
            own = path.replace(f"-from-{source}", "")
            sys.exit(f"{target}: only models of another archive are transferred; name {own}")
        if source and folders[0] == "models":
            first, _, *rest = path.replace(f"-from-{source}", "").split("/")
            own = "/".join([first, source, *rest])
            sys.exit(f"{target}: the model stays with its archive; name {own}")
    elif folders in (["activations"], ["weights"], ["words"]):
        check_name(target, "backbone", name, list(config["backbones"]))
    if not exists:
        sys.exit(f"{target}: there is no such result; results/README.md lists them")
