# What all rules share: the names in paths, the files of code that a rule depends on, and what is
# asked of the machine.

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

FIGURES = ("comparison", "cutoffs", "contrasts", "scenes", "learning", "maps")
TABLES = ("comparison", "contrasts", "gain", "by_scene", "by_label")
SCRIPTS = Path(workflow.basedir) / "workflow" / "scripts"


def names(values):
    """Return a pattern that matches these names and no other."""
    return "|".join(map(re.escape, sorted(values))) or r"(?!)"


def archives_of(kind):
    return [name for name, archive in config["archives"].items() if archive["kind"] == kind]


def networks():
    return [name for name in config["backbones"] if name not in handcrafted()]


def of_the_run(path):
    """Return a path of `{backbone}` and `{model}` for each description of the run.

    That is each backbone off the shelf, and each network with each labeling and seed.
    """
    run = config["run"]
    labelings = [name for name in run["labelings"] if name != OFF_THE_SHELF]
    trained = expand("{labeling}-seed{seed}", labeling=labelings, seed=run["seeds"])
    return [
        path.replace("{backbone}", backbone).replace("{model}", model)
        for backbone in run["backbones"]
        for model in [OFF_THE_SHELF, *([] if backbone in handcrafted() else trained)]
    ]


def archive_root(wildcards):
    """Return the folder that an archive's paths start from."""
    archive = config["archives"][wildcards.archive]
    return archive.get("root", f"results/{wildcards.archive}/tiles")


def archive_source(wildcards):
    """Return what the table of an archive is made from."""
    archive = config["archives"][wildcards.archive]
    key = f"archives.{wildcards.archive}"
    match archive["kind"]:
        case "synthetic":
            return rules.synthetic.output
        case "ucmerced" if archive["download"]:
            return rules.download.output
        case "ucmerced":
            given(archive["root"], f"{key}.root")
            return given(f"{archive['root']}/LandUse_Multilabeled.txt", f"{key}.root")
        case "table":
            given(archive["root"], f"{key}.root")
            return given(archive["labels"], f"{key}.labels")


def archive_labels(wildcards):
    """Return the label table of an archive of images and a CSV."""
    default = f"{archive_root(wildcards)}/labels.csv"
    return config["archives"][wildcards.archive].get("labels", default)


def split_file(_wildcards):
    """Return the file that the split is read from, if it is."""
    return given(config["split"]["file"], "split.file") if "file" in config["split"] else []


def backbone_settings(wildcards):
    return {"network": wildcards.backbone, **config["backbones"][wildcards.backbone]}


def weights_file(wildcards):
    """Return the user's own file of weights, if the backbone has one."""
    weights = config["backbones"][wildcards.backbone]["weights"]
    own = weights.endswith((".pth", ".pt", ".safetensors"))
    return given(weights, f"backbones.{wildcards.backbone}.weights") if own else []


def receipt(wildcards):
    """Return the receipt of a network's weights."""
    by_hand = wildcards.backbone in handcrafted()
    return [] if by_hand else [f"results/{wildcards.archive}/weights/{wildcards.backbone}.json"]


def tuned(wildcards):
    """Return what a fine-tuning made of a network."""
    shelf = wildcards.model == OFF_THE_SHELF
    folder = f"results/{wildcards.archive}/models/{wildcards.backbone}"
    return [] if shelf else [f"{folder}/{wildcards.model}.safetensors"]


def photo(wildcards):
    """Return the user's own picture."""
    return given(config["queries"][wildcards.query], f"queries.{wildcards.query}")


def finetuning_settings(wildcards):
    """Return how a labeling is fine-tuned: the section `finetuning` and what it overrides."""
    own = config["labelings"][wildcards.labeling]["finetuning"]
    return {
        key: ({**value, **own.get(key, {})} if isinstance(value, dict) else own.get(key, value))
        for key, value in config["finetuning"].items()
    }


def is_thesis(archive):
    """Tell whether the run's protocol on an archive is the thesis'."""
    retrieval = config["retrieval"]
    return (
        config["archives"][archive]["kind"] == "ucmerced"
        and config["split"]["method"] == "leading"
        and retrieval["database"] == "test"
        and 20 in retrieval["cutoffs"]
    )


def tables(archive):
    """Return the tables that the run makes of an archive."""
    made = [f"{table}.csv" for table in TABLES] + ["summary.md", "index.html"]
    if is_thesis(archive):
        made.append("thesis.csv")
    return expand("results/{archive}/tables/{table}", archive=archive, table=made)


def table(name):
    """Return a table as an output that the report offers with its caption."""
    return report(
        f"results/{{archive}}/tables/{name}.csv",
        caption="../report/table.rst",
        category="Tables",
        labels={"archive": "{archive}", "table": f"{name}.csv"},
    )


def figures(archive):
    """Return the figures that the run makes of an archive."""
    made = [*FIGURES, *(["thesis"] if is_thesis(archive) else [])]
    return expand(
        "results/{archive}/figures/{figure}.{ending}",
        archive=archive,
        figure=made,
        ending=("png", "svg"),
    )


def figure(name):
    """Return a figure as an output that the report shows with its caption."""
    return report(
        f"results/{{archive}}/figures/{name}.png",
        caption=f"../report/{name}.rst",
        category="Figures",
        labels={"archive": "{archive}", "figure": name},
    )


def learning_curves():
    """Return the learning curve of each fine-tuning of the run."""
    paths = of_the_run("results/{archive}/models/{backbone}/{model}.csv")
    return [path for path in paths if Path(path).stem != OFF_THE_SHELF]


def mapped_descriptors():
    """Return the descriptors of each network of the run, off the shelf and of the first seed."""
    run = config["run"]
    models = [OFF_THE_SHELF]
    models += [
        f"{labeling}-seed{run['seeds'][0]}"
        for labeling in run["labelings"]
        if labeling != OFF_THE_SHELF
    ]
    return [
        f"results/{{archive}}/descriptors/{backbone}/{model}.h5"
        for backbone in run["backbones"]
        if backbone not in handcrafted()
        for model in models
    ]


def code(script):
    """Return the modules that a script imports, and those that they import, as a rule's inputs.

    The engine reruns a rule when its script changes, but does not look at what the script imports.
    """
    found, waiting = set(), [SCRIPTS / script]
    while waiting:
        new = imported_modules(waiting.pop()) - found
        found |= new
        waiting += new
    return [os.path.relpath(path) for path in sorted(found)]


def page(template):
    """Return a page's template and what it includes, as a rule's inputs."""
    file = SCRIPTS.parent / "pages" / template
    included = re.findall(r'include "(.*?)"', file.read_text(encoding="utf-8"))
    return [os.path.relpath(file.with_name(name)) for name in (template, *included)]


@functools.cache
def imported_modules(file):
    """Return the modules of ours that a file imports.

    Each job of a cluster reads the rules twice, and a pattern is found sooner than a syntax tree.
    """
    imported = re.findall(r"^ *from (rsir\.[\w.]+) import ", file.read_text(), re.MULTILINE)
    return {SCRIPTS.joinpath(*name.split(".")).with_suffix(".py") for name in imported}


def given(path, key):
    """Return a file or folder that the user gives, if it is there."""
    if not Path(path).exists():
        sys.exit(f"config: {key}: {path} does not exist; put it there or mend the path")
    if set(path) & set("{}"):
        sys.exit(f"config: {key}: {path} has braces, which stand for wildcards; rename it")
    return path


def limit_local_gpu_jobs():
    """Let one job at a time use the GPU of this machine; without one there is nothing to share.

    The engine hands out no device numbers, so two jobs would compute on the same GPU.
    """
    if "gpu" not in workflow.global_resources and shutil.which("nvidia-smi"):
        workflow.register_resource("gpu", 1)


def code_version():
    """Return the git commit of this project, and whether tracked files were changed since."""
    root, git = Path(workflow.basedir), shutil.which("git")
    if git is None:
        return "unknown"
    place = ("--no-optional-locks", f"--git-dir={root / '.git'}", f"--work-tree={root}")
    describe = ("describe", "--always", "--dirty", "--exclude=*", "--abbrev=40")
    told = subprocess.run([git, *place, *describe], capture_output=True, text=True)
    return told.stdout.strip() or "unknown"


def gather_provenance():
    """Put what the jobs of this run noted of their making into the record of each archive."""
    subprocess.run([sys.executable, SCRIPTS / "gather_provenance.py"], check=False)


def show_tables():
    """Print the comparisons that there are after a whole run, and where to look."""
    asked = any(argument.startswith("results/") for argument in sys.argv[1:])
    tables = expand("results/{archive}/tables/comparison.csv", archive=config["run"]["archives"])
    shown = [table for table in tables if Path(table).exists()]
    if shown and not asked:
        command = [sys.executable, SCRIPTS / "print_tables.py", *shown]
        text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        print(text, end="")  # by this process, so that a display of progress makes room for it


# Jobs import the library beside these rules, whichever is installed, and tell its version.
paths = [str(SCRIPTS), *filter(None, [os.getenv("PYTHONPATH")])]
os.environ.update(PYTHONPATH=os.pathsep.join(paths), RSIR_CODE=code_version())

limit_local_gpu_jobs()

ACTIVATIONS = (
    ["results/{archive}/activations/{backbone}.h5"]
    if config["extraction"]["activations"] == "stored"
    else []
)


resource_scopes:
    gpu="local",


wildcard_constraints:
    archive=names(config["archives"]),
    backbone=names(config["backbones"]),
    labeling=names(config["labelings"]),
    query=names(config["queries"]),
    model=f"{OFF_THE_SHELF}|({names(config['labelings'])})-seed[0-9]+",
    seed="[0-9]+",
