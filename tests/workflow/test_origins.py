"""Where the configuration comes from: folders, entries of one name, paths, and what errors name."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from project import Project

MINE = {"kind": "table", "root": "mine", "labels": "mine.csv"}


def last_line(project: Project, *arguments: str, environment: dict[str, str] | None = None) -> str:
    outcome = project.run(
        "--dry-run", "--quiet", "all", "--cores", "1", *arguments, environment=environment
    )
    assert "Traceback" not in outcome.text
    return [*outcome.text.splitlines(), ""][-1 if outcome.status == 0 else -2]


def refusal(project: Project, content: str) -> str:
    project.path("config/own-0.yaml").write_text(content, encoding="utf-8")
    line = last_line(project)
    assert line.startswith("config: "), line
    return line


@pytest.fixture
def elsewhere(tmp_path: Path) -> Project:
    """A folder of its own, with an archive and without a workflow."""
    folder = tmp_path / "elsewhere"
    folder.joinpath("mine").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(folder / "mine" / "one.png")
    folder.joinpath("mine.csv").write_text("image,trees\none,1\n")
    folder.joinpath("mine.yaml").write_text(yaml.safe_dump({"archives": {"mine": MINE}}))
    return Project(folder)


def test_the_workflow_runs_from_another_folder(project: Project, elsewhere: Project) -> None:
    outcome = elsewhere.run(
        "results/mine/archive.csv",
        *("--cores", "1", "--snakefile", str(project.path("Snakefile"))),
        *("--configfile", "mine.yaml"),
    )
    assert outcome.status == 0, outcome.text
    assert elsewhere.path("results/mine/archive.csv").exists()
    assert project.made() == set()


def test_another_folder_may_have_its_own_config(project: Project, elsewhere: Project) -> None:
    elsewhere.path("config").mkdir()
    elsewhere.path("config/config.yaml").write_text(
        yaml.safe_dump({"run": {"seeds": [7], "backbones": ["lbp", "efficientnet_lite0"]}})
    )
    outcome = project.run("--dry-run", "--cores", "1", "--directory", str(elsewhere.folder))
    assert outcome.status == 0, outcome.text
    assert "models/efficientnet_lite0/multi_label-seed7.safetensors" in outcome.text
    assert "seed0" not in outcome.text


@pytest.mark.parametrize("name", ["sample", "ucmerced"])
def test_an_archive_of_a_default_name_inherits_no_key_of_another_kind(
    project: Project, name: str
) -> None:
    project.path("mine").mkdir()
    project.path("mine.csv").write_text("image,trees\none,1\n")
    project.configure({"archives": {name: MINE}})
    plan = project.plan(f"results/{name}/archive.csv")
    assert plan.status == 0, plan.text
    assert plan.jobs == {"archive": 1}


def test_an_archive_of_the_same_kind_keeps_the_keys_it_does_not_set(project: Project) -> None:
    project.configure({"archives": {"sample": {"kind": "synthetic", "seed": 3}}})
    plan = project.plan("results/sample/archive.csv")
    assert plan.status == 0, plan.text
    assert plan.jobs == {"synthetic": 1, "archive": 1}


@pytest.mark.parametrize("own", [{}, {"library": "torchvision"}], ids=str)
def test_a_backbone_of_the_same_library_keeps_the_keys_it_does_not_set(
    project: Project, own: dict[str, str]
) -> None:
    project.configure({"backbones": {"vgg16": {"resize": "crop", **own}}})
    plan = project.plan("results/sample/weights/vgg16.json")
    assert plan.status == 0, plan.text


def test_a_backbone_of_a_default_name_inherits_no_weights_of_another_library(
    project: Project,
) -> None:
    line = refusal(project, "backbones:\n  vgg16: {library: timm, network: vgg11.tv_in1k}\n")
    assert line.startswith("config: backbones.vgg16: 'weights' is a required property")


def test_home_and_variables_are_expanded_in_paths(project: Project, tmp_path: Path) -> None:
    home, data = tmp_path / "home", tmp_path / "data"
    (home / "tiles").mkdir(parents=True)
    data.mkdir()
    (data / "mine.csv").write_text("image,trees\none,1\n")
    (data / "split.csv").write_text("image,subset\none,train\n")
    (data / "own.pth").write_bytes(b"")
    (home / "query.png").write_bytes(b"")
    project.configure(
        {
            "archives": {"mine": {**MINE, "root": "~/tiles", "labels": "$DATA/mine.csv"}},
            "backbones": {"own": {"network": "resnet18", "weights": "${DATA}/own.pth"}},
            "split": {"method": "file", "file": "$DATA/split.csv"},
            "queries": {"one": "~/query.png"},
            "run": {"archives": ["mine"], "backbones": ["own"]},
        }
    )
    outcome = project.run(
        *("--dry-run", "--cores", "1", "results/mine/queries/one/own/multi_label-seed0.csv"),
        environment={"HOME": str(home), "DATA": str(data)},
    )
    assert outcome.status == 0, outcome.text
    for path in (data / "mine.csv", data / "split.csv", data / "own.pth", home / "query.png"):
        assert str(path) in outcome.text


def test_a_variable_that_is_not_set_is_named(project: Project) -> None:
    line = refusal(
        project,
        "archives:\n  mine: {kind: table, root: $NOWHERE/x, labels: a.csv}\n"
        "run: {archives: [mine]}\n",
    )
    assert line.startswith("config: archives.mine.root: $NOWHERE/x does not exist")


# What a config file holds; then the key, the flaw and the place that the one line names.
PLACES = {
    "number for a name": (
        "archives:\n  2019: {kind: synthetic}\n",
        ("archives", "2019 is not of type 'string', as YAML reads it: quote it", "line 2"),
    ),
    "date for a name": (
        "run:\n  archives:\n  - 2019-05-01\n",
        ("run.archives.0", "quote it", "line 3"),
    ),
    "truth for a name": (
        "queries:\n  yes: a.png\n",
        ("queries", "quote it", "line 2"),
    ),
    "unknown section": ("split: {}\nsplits: {}\n", ("top level", "'splits'", "line 2")),
    "unknown key": (
        "finetuning:\n  tail:\n    epochs: 1\n    rate: 0.1\n",
        ("finetuning.tail", "'rate' was unexpected", "line 4"),
    ),
    "missing key": (
        "backbones:\n\n  new:\n    cut: layer4\n",
        ("backbones.new", "'weights' is a required property", "line 3"),
    ),
    "wrong value": (
        "retrieval:\n  database: test\n  cutoffs: [1, 0]\n",
        ("retrieval.cutoffs.1", "0 is less than the minimum of 1", "line 3"),
    ),
    "unknown name": (
        "run:\n  seeds: [0]\n  labelings: [multilabel]\n",
        ("run.labelings", "no labeling 'multilabel'", "line 3"),
    ),
    "old word": (
        "archives:\n  old:\n    kind: sample\n",
        ("archives.old.kind", "since version 0.2", "line 3"),
    ),
    "split without a file": ("split:\n  method: file\n", ("split.file", "belongs to", "line 1")),
    "number that is not finite": (
        "split:\n  test_fraction: .nan\n",
        ("split.test_fraction", "nan is not finite", "line 2"),
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_an_error_names_the_file_and_the_line_of_its_key(project: Project, name: str) -> None:
    content, (key, flaw, line_number) = PLACES[name]
    line = refusal(project, content)
    assert line.startswith(f"config: {key}: ")
    assert flaw in line
    assert f"(config/own-0.yaml, {line_number})" in line


@pytest.mark.parametrize("value", ["run: {seeds: [0, a]}", "run: {archives: [nowhere]}"])
def test_an_error_names_the_last_file_that_has_the_key(project: Project, value: str) -> None:
    config: dict[str, Any] = yaml.safe_load(value)
    project.configure({"run": {"seeds": [1], "archives": ["sample"]}}).configure(config)
    assert "(config/own-1.yaml, line " in last_line(project)


@pytest.mark.parametrize("section", ["archives", "backbones", "labelings", "run", "split"])
def test_an_empty_section_is_named(project: Project, section: str) -> None:
    line = refusal(project, f"split: {{}}\n{section}:\n" if section != "split" else "split:\n")
    assert line.startswith(f"config: {section}: None is not of type 'object'")
    assert "(config/own-0.yaml, line " in line


def test_an_error_of_a_json_file_names_the_file(project: Project) -> None:
    project.path("own.json").write_text('{"run": {"seeds": ["x"]}}')
    assert "(own.json)" in last_line(project, "--configfile", "own.json")


def test_an_error_names_the_command_line(project: Project) -> None:
    assert "(--config)" in last_line(project, "--config", "run={seeds: [x]}")
