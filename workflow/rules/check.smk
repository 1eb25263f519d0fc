# Checks of the configuration and of the targets. Each error is one line.

import difflib
import math
import os
import re
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

OFF_THE_SHELF = "off_the_shelf"
HANDCRAFTED = ("color_histogram", "lbp", "bovw_sift")

# section, key, the word of version 0.1, and the word for it now
OLD_WORDS = (
    ("archives", "kind", "sample", "synthetic"),
    ("backbones", "library", "handmade", "handcrafted"),
)


def check_config():
    """Check the configuration against its schema, and the names under `run`."""
    for file in workflow.configfiles:
        if Path(file).suffix in (".yaml", ".yml"):
            check_keys(yaml.compose(Path(file).read_text(encoding="utf-8")), os.path.relpath(file))
    check_old_words()
    try:
        validate(config, "../schemas/config.schema.yaml")
    except WorkflowError as error:
        flaw = error.__context__
        key = ".".join(map(str, flaw.absolute_path)) or "top level"
        number = re.fullmatch(r"[\d.]+e-?\d+", str(flaw.instance), re.IGNORECASE)
        hint = " (YAML needs a dot and a sign, as in 1.0e-3)" if number else ""
        sys.exit(f"config: {key}: {flaw.message}{hint}; see config/README.md")
    check_numbers(config)
    for kind in ("archives", "backbones", "labelings"):
        known = list(config[kind]) + [OFF_THE_SHELF] * (kind == "labelings")
        for name in config["run"][kind]:
            check_name(f"config: run.{kind}", kind[:-1], name, known)
    for name in handcrafted():
        network = config["backbones"][name].get("network", name)
        check_name(
            f"config: backbones.{name}.network", "handcrafted descriptor", network, HANDCRAFTED
        )
    if (config["split"]["method"] == "file") != ("file" in config["split"]):
        sys.exit("config: split.file: belongs to split.method: file; set both or neither")


def check_old_words():
    """Name the new word for a kind or library of version 0.1."""
    for section, key, old, new in OLD_WORDS:
        for name, entry in (config.get(section) or {}).items():
            if isinstance(entry, dict) and entry.get(key) == old:
                sys.exit(
                    f"config: {section}.{name}.{key}: '{old}' is called '{new}' since version 0.2; "
                    f"write {key}: {new}"
                )


def check_keys(node, file, *path):
    """Refuse a key that stands twice in a file; YAML would silently take the last."""
    names = []
    for key, value in node.value if isinstance(node, yaml.MappingNode) else []:
        here = *path, str(key.value)
        if key.value in names:
            line = key.start_mark.line + 1
            sys.exit(f"config: {'.'.join(here)}: stands twice ({file}, line {line}); remove one")
        names.append(key.value)
        check_keys(value, file, *here)


def check_numbers(settings, *path):
    """Refuse numbers that are not finite, and turn 3.0 into 3, as the schema does."""
    pairs = settings.items() if isinstance(settings, dict) else enumerate(settings)
    for key, value in pairs:
        here = *path, str(key)
        if isinstance(value, (dict, list)):
            check_numbers(value, *here)
        elif isinstance(value, float) and not math.isfinite(value):
            sys.exit(f"config: {'.'.join(here)}: {value} is not finite; use a finite number")
        elif isinstance(value, float) and value.is_integer():
            settings[key] = int(value)


def check_name(where, what, name, known):
    if name not in known:
        close = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
        sys.exit(f"{where}: there is no {what} '{name}'; {hint}")


def handcrafted():
    """Return the backbones that are handcrafted descriptors."""
    return [name for name, one in config["backbones"].items() if one["library"] == "handcrafted"]


def check_targets(arguments):
    """Check the targets; Snakemake would name only the path."""
    for before, target in zip(arguments, arguments[1:]):
        if before == "--report" or not target.startswith("results/"):
            continue
        archive, *folders, file = target.removeprefix("results/").split("/")
        check_name(target, "archive", archive, list(config["archives"]))
        name = file.split(".")[0]
        if folders[0:1] == ["queries"] and len(folders) == 3:
            check_name(target, "query", folders[1], list(config["queries"]))
        if len(folders) in (2, 3):
            check_name(target, "backbone", folders[-1], list(config["backbones"]))
            labeling, seed = re.fullmatch(r"(.*?)(-seed\d+)?", name).groups()
            known = [OFF_THE_SHELF, *config["labelings"]]
            check_name(target, "labeling", labeling, known)
            if folders[-1] in handcrafted() and labeling != OFF_THE_SHELF:
                sys.exit(f"{target}: {folders[-1]} is not trained; only {OFF_THE_SHELF} exists")
            if labeling != OFF_THE_SHELF and not seed:
                sys.exit(f"{target}: the seed is missing; name one, as in {labeling}-seed0")
        elif folders in (["activations"], ["weights"]):
            check_name(target, "backbone", name, list(config["backbones"]))
        if not any(maker.is_producer(target) for maker in workflow.rules):
            sys.exit(f"{target}: there is no such result; results/README.md lists them")


check_config()
