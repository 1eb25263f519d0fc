"""The parts of each rule: log, environment, script, resources and code."""

import json
import re
import shutil
import subprocess
import sys
from functools import reduce
from operator import or_
from pathlib import Path

import pytest
from plans import (
    ANSWER,
    DERIVED,
    ENSEMBLE,
    EXPORT,
    IMPORT,
    PHOTO,
    RULES,
    STUDIED,
    STUDY,
    thesis_config,
)

from project import ROOT, Project

SEVERAL = {
    "archives": {"second": {"kind": "synthetic", "seed": 1}},
    "run": {"archives": ["sample", "second"]},
}
ACROSS = ("results/across/tables/index.html", "results/across/figures/forest.png")
INDEXES = {"retrieval": {"indexes": ["hnsw"]}}
FRONTIER = "results/sample/figures/indexes.png"
IN_SHARDS = {"extraction": {"shards": 2}}
TUNED_IN_SHARDS = "results/sample/descriptors/efficientnet_lite0/multi_label-seed0.h5"
DESCRIBED_IN_SHARDS = "results/sample/descriptors/bovw_sift/off_the_shelf.h5"


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_has_the_full_shape(rule: str) -> None:
    assert re.search(r'^    log:\n        "logs/\{archive\}/', RULES[rule], re.M)
    environment = re.search(
        r'^    conda:\n        "\.\./\.\./(envs/\w+\.yaml)"$', RULES[rule], re.M
    )
    assert environment is not None
    assert (ROOT / environment[1]).is_file()
    assert f'    script:\n        "../scripts/{rule}.py"\n' in RULES[rule]


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_rule_asks_the_cluster_for_what_the_readme_says(project: Project, attempt: int) -> None:
    plan = ("--dry-run", "--cores", "8", "--attempt", str(attempt))
    default = project.run(*plan).text
    query_plan = (
        project.configure(PHOTO | INDEXES | IN_SHARDS | SEVERAL)
        .run(
            *(*plan, ANSWER, DERIVED, ENSEMBLE, EXPORT, IMPORT, FRONTIER),
            *(TUNED_IN_SHARDS, DESCRIBED_IN_SHARDS, *ACROSS),
        )
        .text
    )
    in_one_job = {"extraction": {"shards": 1}}
    thesis = project.configure(thesis_config(project) | in_one_job).run(*plan).text
    study = project.configure(STUDY).run(*plan, *STUDIED).text
    documented = documented_resources(attempt)
    plans = map(requested, (default, thesis, query_plan, study))
    assert reduce(or_, plans) == documented


def requested(text: str) -> dict[str, dict[str, int]]:
    """Return the threads, MB, minutes and GPUs of each rule of a dry run, but the local ones."""
    requests = {}
    for rule, body in re.findall(r"^rule (\w+):\n((?:    .+\n)+)", text, re.M):
        if rule in RULES and "localrule: True" not in RULES[rule]:
            numbers = dict(re.findall(r"\b(threads|mem_mb|runtime|gpu)[=:] ?(\d+)", body))
            requests[rule] = {"threads": 1} | {
                name: int(number) for name, number in numbers.items()
            }
    return requests


def documented_resources(attempt: int) -> dict[str, dict[str, int]]:
    """Return the same from the table in the README."""
    units = {"GB": 1000, "h": 60, "min": 1, "": 1}
    documented = {}
    for row in re.findall(
        r"^\| (`\w+`.*) \| (\d.*) \| (.*GB.*) \| (.*) \| (.*) ?\|$",
        (ROOT / "workflow" / "profiles" / "README.md").read_text(encoding="utf-8"),
        re.M,
    ):
        values = {}
        for name, cell in zip(("threads", "mem_mb", "runtime", "gpu"), row[1:], strict=True):
            if number := re.fullmatch(r"(\d+) ?(GB|h|min|)( × attempt)?", cell):
                values[name] = int(number[1]) * units[number[2]] * (attempt if number[3] else 1)
        documented |= dict.fromkeys(re.findall(r"\w+", row[0]), values)
    return documented


CONTAINERS = "rsir.archives.containers"
ON_DEMAND = {
    "rsir.reports.query_by_example": [
        "rsir.descriptors.handcrafted_files",
        "rsir.search.stored_index",
    ],
    "weights.py": ["rsir.networks.load"],
    f"{CONTAINERS}.member": [
        f"{CONTAINERS}.{name}"
        for name in ("opened", "hdf5_file", "parquet_columns", "parquet_files")
    ],
}
"""What a script, or a module that it imports, imports when it knows its input."""

IMPORTED = """
import importlib, json, runpy, sys
from pathlib import Path

folder = Path("workflow/scripts")
sys.path.insert(0, str(folder))
modules = {}
for script in sys.argv[1:]:
    for name in [name for name in sys.modules if name.split(".")[0] == "rsir"]:
        del sys.modules[name]
    runpy.run_path(str(folder / script), run_name="imported")
    for name, of_input in ON_DEMAND.items():
        if name in (script, *sys.modules):
            for module in of_input:
                importlib.import_module(module)
    files = [sys.modules[name].__file__ for name in sys.modules if name.split(".")[0] == "rsir"]
    modules[script] = sorted(Path(file).relative_to(folder.absolute()).as_posix() for file in files)
print(json.dumps(modules))
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, list[str]]:
    """The files of the library that Python loads for the script of each rule."""
    scripts = [f"{rule}.py" for rule in RULES]
    process = subprocess.run(
        [sys.executable, "-c", f"ON_DEMAND = {ON_DEMAND}\n{IMPORTED}", *scripts],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    modules: dict[str, list[str]] = json.loads(process.stdout)
    return modules


MODULES = """
include: "Snakefile"

import json

modules = {rule.name: modules_of(f"{rule.name}.py") for rule in workflow.rules if rule.script}
Path("modules.json").write_text(json.dumps(modules))
"""


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The modules of which the parameter `code` of each rule is a digest."""
    project = Project.copied_to(tmp_path_factory.mktemp("rules") / "project")
    project.path("modules.smk").write_text(MODULES)
    listed = project.run("--snakefile", "modules.smk", "--list-rules")
    assert listed.status == 0, listed.text
    modules: dict[str, list[str]] = json.loads(project.path("modules.json").read_text())
    return modules


@pytest.mark.parametrize("rule", RULES)
def test_the_code_of_a_rule_is_what_its_script_imports(
    rule: str, imported: dict[str, list[str]], declared: dict[str, list[str]]
) -> None:
    modules = [path for path in imported[f"{rule}.py"] if Path(path).name != "__init__.py"]
    assert declared[rule] == sorted(modules)
    assert f'        code=code("{rule}.py"),\n' in RULES[rule].partition("    params:\n")[2]


# The jobs take no time and say nothing, so the order of what the engine prints tells whether they
# were under way together.
EMPTY_JOB = "from pathlib import Path\n\nPath(snakemake.output[0]).touch()\n"


@pytest.mark.parametrize(
    ("gpus", "arguments", "environment", "together"),
    [
        (1, [], {}, 1),
        (2, [], {}, 2),
        (2, [], {"CUDA_VISIBLE_DEVICES": "1"}, 1),
        (1, ["--config", "jobs_per_gpu=2"], {}, 2),
        (1, ["--resources", "gpu=2"], {}, 2),
        (1, [], {"CUDA_VISIBLE_DEVICES": ""}, 2),  # none, so that the CPU computes
    ],
)
def test_as_many_jobs_use_gpus_at_a_time_as_there_are(
    finished: Project,
    gpus: int,
    arguments: list[str],
    environment: dict[str, str],
    together: int,
) -> None:
    finished.path("workflow/scripts/reextract.py").write_text(EMPTY_JOB)
    targets = [
        f"results/sample/descriptors/efficientnet_lite0/{labeling}-seed0.h5"
        for labeling in ("multi_label", "powerset")
    ]
    for target in targets:
        finished.path(target).unlink()
    tools = finished.path("tools")
    tools.mkdir()
    for tool in ("bash", "which"):
        (tools / tool).symlink_to(shutil.which("bash") or "/bin/bash")
    listing = "".join(f"GPU {number}: H200 (UUID: GPU-{number})\n" for number in range(gpus))
    (tools / "nvidia-smi").write_text(f"#!/bin/sh\nprintf '{listing}'\n")
    (tools / "nvidia-smi").chmod(0o755)
    outcome = finished.run(
        *targets,
        "--cores",
        "2",
        "--set-threads",
        "reextract=1",
        *arguments,
        environment={"PATH": str(tools), **environment},
    )
    assert outcome.status == 0, outcome.text
    assert most_at_once(outcome.text) == together


def most_at_once(text: str) -> int:
    running = most = 0
    for line in text.splitlines():
        running += line.removeprefix("local") == "rule reextract:"
        running -= line.startswith("Finished jobid:")
        most = max(most, running)
    return most


def test_a_rule_compares_the_files_of_the_user_by_their_digests() -> None:
    common = (ROOT / "workflow/rules/common.smk").read_text(encoding="utf-8")
    functions = re.findall(r"^def (\w+)\(.*\n((?:    .*\n|\n)+)", common, re.M)
    users = {name for name, body in functions if "existing(" in body}
    named = {
        (rule, name)
        for rule, body in RULES.items()
        for name in re.findall(r"^        \w+=(\w+),$", body, re.M)
        if name in users
    }
    assert len(named) >= 4
    for rule, name in named:
        assert f"digests=digests({name})," in RULES[rule], f"{rule}: {name}"
