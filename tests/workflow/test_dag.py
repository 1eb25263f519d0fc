import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest
import yaml

from project import ROOT, Project

RULE_FILES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))
RULES = {
    name: body
    for file in RULE_FILES
    for name, body in re.findall(
        r"^rule (\w+):\n((?:    .*\n|\n)+)", file.read_text(encoding="utf-8"), re.M
    )
}

SCORES = "results/{}/scores/{}/{}.csv"

TRAINED = {
    "synthetic": 1,
    "archive": 1,
    "split": 1,
    "weights": 1,
    "extract": 1,
    "finetune": 1,
    "reextract": 1,
    "retrieve": 1,
    "score": 1,
}

DESCRIBED = {"synthetic": 1, "archive": 1, "split": 1, "describe": 1, "retrieve": 1, "score": 1}

COMPARED = {
    "bounds": 1,
    "compare": 1,
    "contrasts": 1,
    "gain": 1,
    "by_scene": 1,
    "by_label": 1,
    "summary": 1,
    "overview": 1,
    "plot_comparison": 1,
    "plot_cutoffs": 1,
    "plot_contrasts": 1,
    "plot_scenes": 1,
    "plot_learning": 1,
    "plot_maps": 1,
    "thumbnails": 1,
    "gallery": 1,
    "all": 1,
}
SHOWN = {name for name in COMPARED if name.startswith("plot_")}
SHOWN |= {"overview", "thumbnails", "gallery", "all"}
FIGURES = ("comparison", "cutoffs", "contrasts", "scenes", "learning", "maps")


PHOTO = {"queries": {"readme": "config/README.md"}}
ANSWER = "results/sample/queries/readme/efficientnet_lite0/multi_label-seed0.html"


def thesis_config(project: Project) -> dict[str, dict[str, list[str] | list[int]]]:
    config: dict[str, dict[str, list[str] | list[int]]] = yaml.safe_load(
        project.path("config/ucmerced.yaml").read_text(encoding="utf-8")
    )
    return config


def test_the_default_run_has_49_jobs(project: Project) -> None:
    plan = project.plan()
    assert plan.status == 0, plan.text
    assert plan.jobs == {
        "synthetic": 1,
        "archive": 1,
        "split": 1,
        # a network, and three descriptions without learning
        "weights": 1,
        "extract": 1,
        "describe": 3,
        # the network with four labelings
        "finetune": 4,
        "reextract": 4,
        # and all off the shelf
        "retrieve": 8,
        "score": 8,
        **COMPARED,
    }
    assert sum(plan.jobs.values()) == 49


def test_the_default_run_makes_each_of_its_files_once(project: Project) -> None:
    labelings = ("single_label", "multi_label", "independent", "powerset")
    trained = [f"efficientnet_lite0/{labeling}-seed0" for labeling in labelings]
    backbones = ("efficientnet_lite0", "color_histogram", "lbp", "bovw_sift")
    described = [f"{backbone}/off_the_shelf" for backbone in backbones] + trained
    tables = ("comparison.csv", "contrasts.csv", "gain.csv", "by_scene.csv", "by_label.csv")
    files = [
        *("tiles", "archive.csv", "split.csv", "scores/bounds.csv"),
        *("weights/efficientnet_lite0.json", "activations/efficientnet_lite0.h5"),
        *(f"models/{model}{ending}" for model in trained for ending in (".safetensors", ".csv")),
        *(f"descriptors/{model}.h5" for model in described),
        *(f"rankings/{model}.h5" for model in described),
        *(f"scores/{model}.csv" for model in described),
        *(f"tables/{table}" for table in (*tables, "summary.md", "index.html")),
        *(f"figures/{figure}.{ending}" for figure in FIGURES for ending in ("png", "svg")),
        *("thumbnails.h5", "gallery/index.html"),
    ]
    assert project.plan().outputs == Counter(f"results/sample/{file}" for file in files)


def test_the_thesis_with_five_seeds(project: Project) -> None:
    plan = project.configure(thesis_config(project)).plan()
    assert plan.status == 0, plan.text
    assert plan.jobs == {
        "download": 1,
        "archive": 1,
        "split": 1,
        # three networks, and three descriptions without learning
        "weights": 3,
        "extract": 3,
        "describe": 3,
        # the networks, times four labelings, times five seeds
        "finetune": 60,
        "reextract": 60,
        # and all off the shelf
        "retrieve": 66,
        "score": 66,
        "thesis": 1,
        "plot_thesis": 1,
        **COMPARED,
    }


def test_what_learns_nothing_is_described_once_whatever_the_labelings_and_seeds(
    project: Project,
) -> None:
    plan = project.configure({"run": {"backbones": ["lbp"], "seeds": [0, 1, 2]}}).plan()
    assert plan.jobs == {**DESCRIBED, **COMPARED}
    assert all("off_the_shelf" in path for path in plan.outputs if "/lbp/" in path)


def test_computed_activations_are_not_kept(project: Project) -> None:
    stored = project.plan()
    computed = project.configure({"extraction": {"activations": "computed"}}).plan()
    assert computed.jobs == stored.jobs
    kept = "results/sample/activations/efficientnet_lite0.h5"
    assert set(stored.outputs) - set(computed.outputs) == {kept}
    assert "activations/" not in computed.text


@pytest.mark.parametrize(
    ("target", "jobs"),
    [
        ("results/sample/split.csv", {"synthetic": 1, "archive": 1, "split": 1}),
        (
            "results/sample/scores/bounds.csv",
            {"synthetic": 1, "archive": 1, "split": 1, "bounds": 1},
        ),
        (
            "results/sample/activations/vgg16.h5",
            {"synthetic": 1, "archive": 1, "weights": 1, "extract": 1},
        ),
        (SCORES.format("sample", "efficientnet_lite0", "multi_label-seed0"), TRAINED),
        (SCORES.format("sample", "lbp", "off_the_shelf"), DESCRIBED),
        (
            "results/sample/descriptors/bovw_sift/off_the_shelf.h5",
            {"synthetic": 1, "archive": 1, "split": 1, "describe": 1},
        ),
    ],
)
def test_a_target_needs_its_own_jobs_alone(
    project: Project, target: str, jobs: dict[str, int]
) -> None:
    plan = project.plan(target)
    assert plan.jobs == jobs


@pytest.mark.parametrize(
    ("table", "left_out"),
    [
        # drawn from the contrasts, and these from the scores
        ("gain.csv", {"compare", "by_scene", "by_label", "summary"}),
        ("by_scene.csv", {"compare", "contrasts", "gain", "by_label", "summary"}),
        # from the rankings
        (
            "by_label.csv",
            {"compare", "contrasts", "gain", "by_scene", "summary", "score", "bounds"},
        ),
        ("summary.md", {"gain"}),
    ],
)
def test_a_table_needs_what_it_is_drawn_from_alone(
    project: Project, table: str, left_out: set[str]
) -> None:
    tables = {rule: count for rule, count in project.plan().jobs.items() if rule not in SHOWN}
    plan = project.plan(f"results/sample/tables/{table}")
    assert plan.jobs == {rule: count for rule, count in tables.items() if rule not in left_out}


@pytest.mark.parametrize(
    ("picture", "drawn_by", "needed"),
    [
        ("figures/comparison.svg", "plot_comparison", "compare"),
        ("figures/cutoffs.png", "plot_cutoffs", "retrieve"),
        ("figures/contrasts.png", "plot_contrasts", "contrasts"),
        ("figures/scenes.png", "plot_scenes", "by_scene"),
        ("figures/learning.png", "plot_learning", "finetune"),
        ("figures/maps.svg", "plot_maps", "reextract"),
        ("gallery/index.html", "gallery", "thumbnails"),
    ],
)
def test_a_picture_needs_no_other_and_what_it_shows(
    project: Project, picture: str, drawn_by: str, needed: str
) -> None:
    jobs = project.plan(f"results/sample/{picture}").jobs
    assert drawn_by in jobs
    assert needed in jobs
    assert (SHOWN & jobs.keys()) - {"thumbnails"} == {drawn_by}


def test_a_description_without_learning_may_have_a_name_of_its_own(project: Project) -> None:
    project.configure({"backbones": {"texture": {"library": "handcrafted", "network": "lbp"}}})
    assert project.plan(SCORES.format("sample", "texture", "off_the_shelf")).jobs == DESCRIBED


def test_a_target_may_be_what_the_run_does_not_name(project: Project) -> None:
    plan = project.plan(SCORES.format("ucmerced", "resnet50", "powerset-seed7"))
    expected = {**TRAINED, "download": 1}
    del expected["synthetic"]
    assert plan.jobs == expected
    assert "results/sample" not in plan.text
    assert all(path.startswith("results/ucmerced/") for path in plan.outputs)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("results/sampel/archive.csv", "no archive 'sampel'; did you mean sample?"),
        ("results/xyz/archive.csv", "no archive 'xyz'; known: sample, ucmerced"),
        ("results/s.mple/archive.csv", "no archive 's.mple'; did you mean sample?"),
        (
            SCORES.format("sample", "vgg61", "off_the_shelf"),
            "no backbone 'vgg61'; did you mean vgg16?",
        ),
        (
            "results/sample/activations/resnet.h5",
            "no backbone 'resnet'; did you mean resnet50?",
        ),
        (
            SCORES.format("sample", "vgg16", "multilabel-seed0"),
            "no labeling 'multilabel'; did you mean multi_label?",
        ),
        (
            SCORES.format("sample", "vgg16", "multi_label-seedx"),
            "no labeling 'multi_label-seedx'; did you mean multi_label?",
        ),
        (
            SCORES.format("sample", "vgg16", "multi_label"),
            "the seed is missing; name one, as in multi_label-seed0",
        ),
        (
            SCORES.format("sample", "lbp", "multi_label-seed0"),
            "lbp is not trained; only off_the_shelf exists",
        ),
        (
            "results/sample/models/bovw_sift/powerset-seed1.safetensors",
            "bovw_sift is not trained; only off_the_shelf exists",
        ),
        ("results/sample/activations/lbp.h5", "no such result; results/README.md lists them"),
        ("results/sample/weights/lbp.json", "no such result; results/README.md lists them"),
        (
            "results/sample/models/lbp/off_the_shelf.csv",
            "no such result; results/README.md lists them",
        ),
        ("results/sample/tables/comparisons.csv", "no such result; results/README.md lists them"),
        ("results/sample/tables/thesis.csv", "no such result; results/README.md lists them"),
        (
            "results/sample/models/vgg16/off_the_shelf.csv",
            "no such result; results/README.md lists them",
        ),
    ],
)
def test_an_unknown_name_in_a_target_is_told_at_once(
    project: Project, target: str, said: str
) -> None:
    outcome = project.make(target)
    assert outcome.status != 0
    line = outcome.text.splitlines()[-1]
    assert line.startswith(f"{target}: ")
    assert line.endswith(said)
    assert "Traceback" not in outcome.text
    assert project.made() == set()


def test_names_that_contain_each_other_are_told_apart(project: Project) -> None:
    project.configure(
        {
            "archives": {"sample-seed1": {"kind": "sample"}},
            "backbones": {"vgg16-V1_2": {"network": "vgg16", "weights": "random"}},
            "labelings": {"multi_label-seed1": {"kind": "multi_label"}},
        }
    )
    plan = project.plan(SCORES.format("sample-seed1", "vgg16-V1_2", "multi_label-seed1-seed3"))
    assert plan.jobs == TRAINED
    trained = re.search(r"^rule finetune:\n(?:    .*\n)+?    wildcards: (.*)\n", plan.text, re.M)
    assert trained is not None
    assert trained[1] == (
        "archive=sample-seed1, backbone=vgg16-V1_2, labeling=multi_label-seed1, seed=3"
    )


@pytest.mark.parametrize(
    ("section", "name", "definition"),
    [
        ("archives", "sam.le", {"kind": "sample"}),
        ("backbones", "vgg(16|19)", {"weights": "random"}),
        ("labelings", "multi+label", {"kind": "multi_label"}),
    ],
)
def test_a_name_cannot_be_a_pattern(
    project: Project, section: str, name: str, definition: dict[str, str]
) -> None:
    outcome = project.configure({section: {name: definition}}).plan()
    assert outcome.status != 0
    assert outcome.text.splitlines()[-1].startswith(f"config: {section}: '{name}' does not match")


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
    asked = project.configure(PHOTO).run(*plan, ANSWER).text
    thesis = project.configure(thesis_config(project)).run(*plan).text
    said = said_in_readme(attempt)
    assert asked_for(default) | asked_for(thesis) | asked_for(asked) == said


def asked_for(text: str) -> dict[str, dict[str, int]]:
    """Return the threads, MB, minutes and GPUs of each rule of a dry run, but the local ones."""
    asked = {}
    for rule, body in re.findall(r"^rule (\w+):\n((?:    .+\n)+)", text, re.M):
        if rule in RULES and "localrule: True" not in RULES[rule]:
            numbers = dict(re.findall(r"\b(threads|mem_mb|runtime|gpu)[=:] ?(\d+)", body))
            asked[rule] = {"threads": 1} | {name: int(number) for name, number in numbers.items()}
    return asked


def said_in_readme(attempt: int) -> dict[str, dict[str, int]]:
    """Return the same from the table in the README."""
    units = {"GB": 1000, "h": 60, "min": 1, "": 1}
    said = {}
    for row in re.findall(
        r"^\| (`\w+`.*) \| (\d.*) \| (.*GB.*) \| (.*) \| (.*) ?\|$",
        (ROOT / "workflow" / "profiles" / "README.md").read_text(encoding="utf-8"),
        re.M,
    ):
        values = {}
        for name, cell in zip(("threads", "mem_mb", "runtime", "gpu"), row[1:], strict=True):
            if number := re.fullmatch(r"(\d+) ?(GB|h|min|)( × attempt)?", cell):
                values[name] = int(number[1]) * units[number[2]] * (attempt if number[3] else 1)
        said |= dict.fromkeys(re.findall(r"\w+", row[0]), values)
    return said


IMPORTED = """
import json, runpy, sys
from pathlib import Path

folder = Path("workflow/scripts")
sys.path.insert(0, str(folder))
modules = {}
for script in sys.argv[1:]:
    for name in [name for name in sys.modules if name.split(".")[0] == "rsir"]:
        del sys.modules[name]
    runpy.run_path(str(folder / script), run_name="imported")
    files = [sys.modules[name].__file__ for name in sys.modules if name.split(".")[0] == "rsir"]
    modules[script] = sorted(Path(file).relative_to(Path.cwd()).as_posix() for file in files)
print(json.dumps(modules))
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, list[str]]:
    """The files of the library that Python loads for the script of each rule."""
    scripts = [f"{rule}.py" for rule in RULES]
    found = subprocess.run(
        [sys.executable, "-c", IMPORTED, *scripts],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    modules: dict[str, list[str]] = json.loads(found.stdout)
    return modules


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The files of the library that are among the inputs of each rule's first job."""
    project = Project.copied_to(tmp_path_factory.mktemp("dag") / "project")
    default = project.plan()
    asked = project.configure(PHOTO).plan(ANSWER)
    thesis = project.configure(thesis_config(project)).plan()
    inputs: dict[str, list[str]] = {}
    for rule, paths in inputs_of(default.text + asked.text + thesis.text):
        code = [path for path in paths if path.startswith("workflow/scripts/")]
        assert inputs.setdefault(rule, code) == code
    return inputs


def inputs_of(text: str) -> Iterator[tuple[str, list[str]]]:
    for rule, paths in re.findall(r"^(?:local)?rule (\w+):\n    input: (.*)\n", text, re.M):
        yield rule, paths.split(", ")


@pytest.mark.parametrize("rule", RULES)
def test_the_code_of_a_rule_is_what_its_script_imports(
    rule: str, imported: dict[str, list[str]], declared: dict[str, list[str]]
) -> None:
    imported_on_demand = {"query": ["workflow/scripts/rsir/descriptors/handcrafted.py"]}
    assert declared[rule] == sorted([*imported[f"{rule}.py"], *imported_on_demand.get(rule, [])])


# The jobs take no time and say nothing, so the order of what the engine prints tells whether they
# were under way together.
EMPTY_JOB = "from pathlib import Path\n\nPath(snakemake.output[0]).touch()\n"


@pytest.mark.parametrize(
    ("with_gpu", "arguments", "together"),
    [
        (True, [], 1),
        (True, ["--resources", "gpu=2"], 2),
        (False, [], 2),
    ],
)
def test_a_gpu_is_used_by_one_job_at_a_time(
    finished: Project, with_gpu: bool, arguments: list[str], together: int
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
    for tool in ("bash", "which", *["nvidia-smi"] * with_gpu):  # whichever it is, it is not run
        (tools / tool).symlink_to(shutil.which("bash") or "/bin/bash")
    outcome = finished.run(
        *targets,
        "--cores",
        "2",
        "--set-threads",
        "reextract=1",
        *arguments,
        environment={"PATH": str(tools)},
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
