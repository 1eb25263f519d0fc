# Checks of the configuration and of the targets. Each error is one line.

import datetime
import difflib
import math
import re
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

OFF_THE_SHELF = "off_the_shelf"
ENSEMBLE = "ensemble"
START = "start"
NATIVE = ("pool", "output", "projection", "embedding", "histogram", "joined")
ACROSS = "across"
HANDCRAFTED = ("color_histogram", "lbp", "bovw_sift")

# section, key, the word of version 0.1, and the word for it now
OLD_WORDS = (
    ("archives", "kind", "sample", "synthetic"),
    ("backbones", "library", "handmade", "handcrafted"),
)


def check_config():
    """Check the configuration against its schema, and the names under `run`."""
    for file, _, tree in CONFIG_SOURCES:
        check_keys(tree, file)
    check_old_words()
    replace_entries()
    if config.get("protocol") in PROTOCOLS:
        apply_protocol()
    try:
        validate(config, "../schemas/config.schema.yaml")
    except WorkflowError as error:
        flaw = error.__context__
        key = ".".join(map(str, flaw.absolute_path)) or "top level"
        place = origin(*flaw.absolute_path, *named_key(flaw))
        sys.exit(f"config: {key}: {flaw.message}{yaml_hint(flaw)}{place}; see config/README.md")
    expand_paths()
    check_numbers(config)
    for kind in ("archives", "backbones", "labelings"):
        known = list(config[kind]) + [OFF_THE_SHELF] * (kind == "labelings")
        known += [*config["ensembles"]] * (kind == "backbones")
        for name in config["run"][kind]:
            check_name(f"config: run.{kind}", kind[:-1], name, known, origin("run", kind))
    for number, entry in enumerate(config["run"]["transfer"]):
        where, place = f"config: run.transfer.{number}", origin("run", "transfer")
        for side in ("from", "to"):
            check_name(f"{where}.{side}", "archive", entry[side], list(config["archives"]), place)
        if entry["from"] == entry["to"]:
            sys.exit(f"{where}: from and to are both {entry['to']}{place}; name two archives")
        if entry["to"] not in config["run"]["archives"]:
            sys.exit(f"{where}.to: {entry['to']} is not in run.archives{place}; add it there")
    for number, entry in enumerate(config["run"]["cross"]):
        where, place = f"config: run.cross.{number}", origin("run", "cross")
        for side in ("queries", "database"):
            check_name(f"{where}.{side}", "archive", entry[side], list(config["archives"]), place)
        if entry["queries"] == entry["database"]:
            sys.exit(f"{where}: both are {entry['queries']}{place}; name two archives")
    check_cuts()
    check_descriptors()
    check_ensembles()
    for name in handcrafted():
        network = config["backbones"][name].get("network", name)
        where = f"config: backbones.{name}.network"
        place = origin("backbones", name, "network")
        check_name(where, "handcrafted descriptor", network, HANDCRAFTED, place)
    check_sides()
    if (config["split"]["method"] == "file") != ("file" in config["split"]):
        sys.exit(
            f"config: split.file: belongs to split.method: file{origin('split')}; "
            "set both or neither"
        )


def check_cuts():
    """Check the backbones for which labelings state cuts."""
    for name, entry in config["labelings"].items():
        cuts = entry.get("cut")
        for backbone in cuts if isinstance(cuts, dict) else ():
            where, place = f"config: labelings.{name}.cut", origin("labelings", name, "cut")
            check_name(where, "network", backbone, networks(), place)
        key = ("labelings", name, "augmentation")
        is_stated = any(has_key(content, key) for _, content, _ in CONFIG_SOURCES)
        if is_stated and START not in cuts_of(entry):
            sys.exit(
                f"config: {'.'.join(key)}: belongs to cut: {START}{origin(*key)}; "
                "set it or remove this"
            )
    for name in networks():
        if config["backbones"][name].get("cut") == START:
            sys.exit(
                f"config: backbones.{name}.cut: {START} is a cut of labelings"
                f"{origin('backbones', name, 'cut')}; name a module"
            )


def cuts_of(labeling):
    """Return the cuts that a labeling states."""
    stated = labeling.get("cut", {})
    return [*stated.values()] if isinstance(stated, dict) else [stated]


def check_descriptors():
    """Check the names in the definitions and in the selection of descriptors."""
    definitions = config["descriptors"]
    known = [*NATIVE, *definitions]
    for name in config["run"]["descriptors"]:
        check_name(
            "config: run.descriptors", "descriptor", name, known, origin("run", "descriptors")
        )
    for name, definition in definitions.items():
        where, place = f"config: descriptors.{name}", origin("descriptors", name)
        if name in NATIVE:
            sys.exit(f"{where}: is what a network gives{place}; choose another name")
        if ("from" in definition) == ("concatenate" in definition):
            sys.exit(f"{where}: needs either from or concatenate{place}; set one of them")
        sources = sources_of(name)
        if len(definition.get("weights", sources)) != len(sources):
            sys.exit(f"{where}.weights: not one for each descriptor{place}; state one for each")
        for source in sources:
            check_name(where, "descriptor", source, known, place)
    for name in definitions:
        where, place = f"config: descriptors.{name}", origin("descriptors", name)
        if is_soft(name) and (sources_of(name) != ["output"] or definitions[name].get("steps")):
            sys.exit(
                f"{where}.similarity: soft_jaccard compares probabilities of labels{place}; "
                "set from: output, and no steps"
            )
        if name in further_sources(name):
            sys.exit(f"{where}: is derived from itself{place}; name another descriptor")


def check_ensembles():
    """Check the names in the members of ensembles."""
    known = (
        list(config["backbones"]),
        [OFF_THE_SHELF, *config["labelings"]],
        [*NATIVE, *config["descriptors"]],
    )
    for name, entry in config["ensembles"].items():
        where, place = f"config: ensembles.{name}", origin("ensembles", name)
        if name in config["backbones"]:
            sys.exit(f"{where}: is a backbone{place}; choose another name")
        labelings = set()
        for member in entry["members"]:
            parts = re.split("[/]", member)
            for what, part, choices in zip(("backbone", "labeling", "descriptor"), parts, known):
                check_name(f"{where}.members", what, part, choices, place)
            labelings.add(parts[1])
            if parts[1] != OFF_THE_SHELF and parts[0] in [*handcrafted(), *imported()]:
                sys.exit(f"{where}.members: {parts[0]} is not trained{place}; use {OFF_THE_SHELF}")
        if "over" in entry and labelings == {OFF_THE_SHELF}:
            sys.exit(f"{where}.over: its members have no seeds{place}; remove it")
        if "over" not in entry and len(entry["members"]) < 2:
            sys.exit(f"{where}.members: one alone{place}; name another, or set over: seeds")


def is_soft(descriptor):
    """Return whether a derived descriptor compares probabilities of labels."""
    return config["descriptors"].get(descriptor, {}).get("similarity") == "soft_jaccard"


def sources_of(descriptor):
    """Return the descriptors that a derived one names; none for what backbones give."""
    definition = config["descriptors"].get(descriptor, {})
    return definition.get("concatenate", [definition["from"]] if "from" in definition else [])


def further_sources(descriptor):
    """Return all descriptors that a derived one is computed from, in steps or at once."""
    reached, waiting = set(), sources_of(descriptor)
    while waiting:
        reached.update(waiting)
        waiting = [far for near in waiting for far in sources_of(near) if far not in reached]
    return reached


def check_sides():
    """Check the names in contrasts; which descriptors a network has, the job that compares says."""
    evaluation, run = config["evaluation"], config["run"]
    pairs = enumerate(evaluation.get("contrasts", []))
    sides = [(("contrasts", number), side) for number, pair in pairs for side in pair]
    sides += [(("reference",), evaluation["reference"])] if "reference" in evaluation else []
    known = (
        run["backbones"],
        [OFF_THE_SHELF, *run["labelings"], *[ENSEMBLE] * bool(config["ensembles"])],
        [*NATIVE, *config["descriptors"]],
    )
    for key, side in sides:
        where = f"config: evaluation.{'.'.join(map(str, key))}"
        parts = re.split("[/]", side)
        for what, name, choices in zip(("backbone", "labeling", "descriptor"), parts, known):
            if len(parts) == len(known) and name != "*":
                name = name.partition("-from-")[0]
                check_name(where, f"{what} of the run", name, choices, origin("evaluation", *key))


def named_key(flaw):
    """Return the key that a flaw of the schema names, below the place where it is."""
    if flaw.validator == "additionalProperties":
        return re.findall(r"'([^']+)'", flaw.message)[:1]
    return [flaw.instance] if isinstance(flaw.instance, (str, int)) else []


def yaml_hint(flaw):
    """Return what to write, where YAML reads a value as another type than it seems to be."""
    value = flaw.instance
    if re.fullmatch(r"[\d.]+e-?\d+", str(value), re.IGNORECASE):
        return " (YAML needs a dot and a sign, as in 1.0e-3)"
    is_text_expected = flaw.validator == "type" and flaw.validator_value == "string"
    if is_text_expected and isinstance(value, (int, float, datetime.date)):
        return ", as YAML reads it: quote it"
    return ""


def check_old_words():
    """Name the new word for a kind or library of version 0.1."""
    for section, key, old, new in OLD_WORDS:
        for name, entry in (config.get(section) or {}).items():
            if isinstance(entry, dict) and entry.get(key) == old:
                sys.exit(
                    f"config: {section}.{name}.{key}: '{old}' is called '{new}' since version 0.2"
                    f"{origin(section, name, key)}; write {key}: {new}"
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
            key = ".".join(here)
            sys.exit(f"config: {key}: {value} is not finite{origin(*here)}; use a finite number")
        elif isinstance(value, float) and value.is_integer():
            settings[key] = int(value)


def check_name(where, what, name, known, place=""):
    if name not in known:
        close = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
        sys.exit(f"{where}: there is no {what} '{name}'{place}; {hint}")


def networks():
    """Return the backbones that are networks."""
    untrained = (*handcrafted(), *imported())
    return [name for name in config["backbones"] if name not in untrained]


def handcrafted():
    """Return the backbones that are handcrafted descriptors."""
    return [name for name, one in config["backbones"].items() if one["library"] == "handcrafted"]


def counting_words():
    """Return the handcrafted descriptors that count visual words."""
    return [
        name
        for name in handcrafted()
        if config["backbones"][name].get("network", name) == "bovw_sift"
    ]


def imported():
    """Return the backbones whose descriptors were computed elsewhere."""
    return [name for name, one in config["backbones"].items() if one["library"] == "file"]


check_config()
