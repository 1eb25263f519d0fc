# What the rules share: the names in paths, and the inputs and settings that the configuration gives.

import functools
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml
from snakemake.io import is_flagged


def names(values):
    """Return a pattern that matches these names and no other."""
    return "|".join(map(re.escape, sorted(values))) or r"(?!)"


def archives_of(kind):
    return [name for name, archive in config["archives"].items() if archive["kind"] == kind]


def archive_root(wildcards):
    """Return the folder that the image paths of an archive are relative to."""
    archive = config["archives"][wildcards.archive]
    return archive.get("root", f"results/{wildcards.archive}/tiles")


def facts_file(wildcards):
    """Return the file of facts of a named archive; other archives have none."""
    kind = config["archives"][wildcards.archive]["kind"]
    file = f"{workflow.basedir}/workflow/archives/{kind}.yaml"
    return [os.path.relpath(file)] if Path(file).exists() else []


def archive_facts(wildcards):
    """Return the facts of a named archive, for the keys of its entry, as the library does."""
    archive = config["archives"][wildcards.archive]
    facts = {"tables": [], "optional": [], "files": [], "get": "", "variants": {}}
    for file in facts_file(wildcards):
        facts |= read_facts(file)
    for key, values in facts["variants"].items():
        facts |= values[archive[key]]
    return facts


@functools.cache
def read_facts(file):
    return yaml.safe_load(Path(file).read_text(encoding="utf-8"))


def requested_fractions():
    """Return the requested shares of the split, none where something else states the subsets."""
    split = config["split"]
    if split["method"] in ("file", "official"):
        return {}
    return {"test": split["test_fraction"], "validation": split["validation_fraction"]}


def passed_audit(wildcards):
    """Return what fine-tuning waits for, if findings may stop the run."""
    return audits(wildcards.archive)[2:]


def duplicates_file(wildcards):
    """Return the table of duplicates, if they are searched for; archives have none in common."""
    is_searched = config["audit"]["duplicates"] and wildcards.archive in config["archives"]
    return ["results/{archive}/duplicates.csv"] if is_searched else []


def split_file(_wildcards):
    """Return the file that the split is read from, if any."""
    return existing(config["split"]["file"], "split.file") if "file" in config["split"] else []


def split_attributes(_wildcards):
    """Return the table of the official split, of groups or of places, if the split uses them."""
    is_used = config["split"]["method"] in ("official", "blocks") or "groups" in config["split"]
    return ["results/{archive}/attributes.csv"] if is_used else []


def group_attributes(wildcards):
    """Return the table of the groups of images, if the split has any."""
    return ["results/{archive}/attributes.csv"] if groups_column(wildcards) else []


def groups_column(wildcards):
    """Return the attribute that groups the images of the split, if any."""
    return GROUPS if wildcards.archive in config["archives"] else None


def grouped_duplicates(_wildcards):
    """Return the table of duplicates, if the split keeps them in one subset."""
    return ["results/{archive}/duplicates.csv"] if config["split"]["group_duplicates"] else []


def backbone_settings(wildcards):
    return {"network": wildcards.backbone, **config["backbones"][wildcards.backbone]}


def own_cut(wildcards):
    """Return the cut that a labeling states for a backbone; none where it is the backbone's own."""
    labeling = wildcards.get("labeling") or trained_model(wildcards)[0].rpartition("-seed")[0]
    cut = config["labelings"][labeling].get("cut")
    if isinstance(cut, dict):
        cut = cut.get(wildcards.backbone)
    return None if cut == config["backbones"][wildcards.backbone].get("cut") else cut


def activations(wildcards):
    """Return the stored activations that a model is of: those of all shards, or of the job's."""
    cut = own_cut(wildcards)
    if not STORED or cut == START:
        return []
    folders = ["activations", wildcards.backbone, *filter(None, [cut])]
    path = f"results/{wildcards.archive}/{'/'.join(folders)}"
    if SHARDS == 1:
        return [f"{path}.h5"]
    shards = [wildcards.shard] if "shard" in wildcards.keys() else SHARD_NAMES
    return [f"{path}/{shard}.h5" for shard in shards]


def augmentation(wildcards):
    """Return how the images of a labeling vary that trains the whole network; none of others."""
    labeling = config["labelings"][wildcards.labeling]
    return labeling["augmentation"] if own_cut(wildcards) == START else None


def weights_file(wildcards):
    """Return the file of weights that the configuration names, if any."""
    weights = config["backbones"][wildcards.backbone]["weights"]
    own = weights.endswith((".pth", ".pt", ".safetensors"))
    return existing(weights, f"backbones.{wildcards.backbone}.weights") if own else []


def descriptors_file(wildcards):
    """Return the file of descriptors that were computed elsewhere."""
    path = config["backbones"][wildcards.backbone]["path"]
    return existing(path, f"backbones.{wildcards.backbone}.path")


def receipt(wildcards):
    """Return the receipt of a network's weights; other backbones have none."""
    if wildcards.backbone not in networks():
        return []
    return [f"results/{wildcards.archive}/weights/{wildcards.backbone}.json"]


def visual_words(wildcards):
    """Return the visual words of a descriptor that counts such; others have none."""
    if wildcards.backbone not in counting_words():
        return []
    return [f"results/{wildcards.archive}/words/{wildcards.backbone}.h5"]


def precision_record(wildcards):
    """Return the record of a network's data type; handcrafted descriptors have none."""
    if wildcards.backbone in handcrafted():
        return []
    return [f"results/{wildcards.archive}/precision/{wildcards.backbone}.json"]


def tuned(wildcards):
    """Return the fine-tuned model, if the model is one; an ensemble and what is derived are none."""
    if wildcards.backbone not in networks() or re.search(rf"^{OFF_THE_SHELF}|[+]", wildcards.model):
        return []
    model, source = trained_model(wildcards)
    return [f"results/{source}/models/{wildcards.backbone}/{model}.safetensors"]


def query_image(wildcards):
    """Return the user's query image."""
    return existing(config["queries"][wildcards.query], f"queries.{wildcards.query}")


def finetuning_settings(wildcards):
    """Return the section `finetuning`, with the keys that a labeling overrides."""
    own = config["labelings"][wildcards.labeling]["finetuning"]
    return {
        key: ({**value, **own.get(key, {})} if isinstance(value, dict) else own.get(key, value))
        for key, value in config["finetuning"].items()
    }


def labeling_options(wildcards):
    """Return the keys of a labeling that are of its kind."""
    entry = config["labelings"][wildcards.labeling]
    general = ("kind", "cut", "augmentation", "finetuning")
    return {key: value for key, value in entry.items() if key not in general}


def requested_indexes(_wildcards):
    """Return the approximate indexes to compare with exact search."""
    if not config["retrieval"]["indexes"]:
        sys.exit(
            "config: retrieval.indexes: is empty; list the indexes to compare, as in [hnsw, ivf]"
        )
    return config["retrieval"]["indexes"]


def existing(path, key, hint=""):
    """Return a file or folder that the configuration names, if it exists.

    Snakemake compares large files by time; as `ancient` inputs, files of the user are compared by
    their digests alone, which are params of the same rule.
    """
    if not Path(path).exists():
        sys.exit(
            f"config: {key}: {path} does not exist{origin(*key.split('.'))}; "
            f"put it there or correct the path{hint and ': '}{hint}"
        )
    if set(path) & set("{}"):
        sys.exit(
            f"config: {key}: {path} has braces, which stand for wildcards"
            f"{origin(*key.split('.'))}; rename it"
        )
    return ancient(path)


def digests(source):
    """Return a function for `params` that gives the digests of the user's files in an input."""

    def digests_of_input(wildcards):
        paths = source(wildcards)
        paths = [paths] if isinstance(paths, str) else paths
        return [file_digest(path) for path in paths if is_flagged(path, "ancient")]

    return digests_of_input


REMEMBERED_FROM = 1 << 26  # bytes; a smaller file is read sooner than a process starts


@functools.cache
def file_digest(path):
    """Return the digest of a file, or None for what is none; its job says what is wrong.

    Of a folder of labels, it is the digest of the names and digests of its JSON files.
    """
    if os.path.isdir(path):
        files = sorted(map(str, Path(path).rglob("*.json")))
        listing = [(os.path.relpath(file, path), file_digest(file)) for file in files]
        return hashlib.sha256(repr(listing).encode()).hexdigest()
    if not os.path.isfile(path) or not os.access(path, os.R_OK):
        return None
    if os.path.getsize(path) >= REMEMBERED_FROM:
        command = [sys.executable, "-m", "rsir.core.remembered", path]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


GROUPS = config["split"].get("groups")

SHARDS = config["extraction"]["shards"]

SHARD_NAMES = [f"{number}-of-{SHARDS}" for number in range(1, SHARDS + 1)]

STORED = config["extraction"]["activations"] == "stored"

CUTS = {cut for entry in config["labelings"].values() for cut in cuts_of(entry)} - {START}


FINE_TUNED = f"(?:{names(config['labelings'])})-seed[0-9]+"
TRANSFERRED = f"({FINE_TUNED})-from-({names(config['archives'])})"
TRAINED = f"{FINE_TUNED}|{TRANSFERRED}"
CROSSED = f"across/({names(config['archives'])})-in-({names(config['archives'])})"
SEARCHED = f"{names(config['archives'])}|{CROSSED}"
MODELS = f"{OFF_THE_SHELF}|{ENSEMBLE}(-seed[0-9]+)?|{TRAINED}"


resource_scopes:
    gpu="local",


wildcard_constraints:
    archive=names(config["archives"]),
    backbone=names([*config["backbones"], *config["ensembles"]]),
    descriptor=names(config["descriptors"]),
    labeling=names(config["labelings"]),
    query=names(config["queries"]),
    shard=names(SHARD_NAMES),
    model=rf"({MODELS})(\+({names(config['descriptors'])}))?",
    seed="[0-9]+",
