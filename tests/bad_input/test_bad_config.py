"""Config files that YAML or the schema alone would let pass, and settings that no archive fits.

What the schema refuses is in workflow/test_config.py.
"""

from typing import Any

import pytest
from own_archive import LABELS

from project import Project

# What a config file holds; then what the one line says.
REFUSED: dict[str, tuple[str, tuple[str, ...]]] = {
    "nothing in a section": ("run:", ("run", "None is not of type 'object'", "README")),
    "two backbones of one name": (
        "backbones:\n  a: {weights: random}\n  b: {weights: random}\n  a: {weights: wheel}",
        ("backbones.a", "stands twice (config/own-0.yaml, line 4)", "remove one"),
    ),
    "a section twice": (
        "split: {seed: 1}\nsplit: {seed: 2}",
        ("split", "stands twice (config/own-0.yaml, line 2)", "remove one"),
    ),
    "no number": (
        "split: {test_fraction: .nan}",
        ("split.test_fraction", "nan is not finite", "use a finite number"),
    ),
    "an endless number": (
        "finetuning: {tail: {learning_rate: .inf}}",
        ("finetuning.tail.learning_rate", "inf is not finite", "use a finite number"),
    ),
    "number for a name": (
        "archives: {2020: {kind: synthetic}}",
        ("archives", "2020 is not", "README"),
    ),
    "name with a line break": (
        'backbones: {"vgg\\n": {weights: random}}',
        ("backbones", r"'vgg\n' does not match", "README"),
    ),
    "path with braces": (
        "archives: {mine: {kind: table, root: mine, labels: 'm{}.csv'}}\nrun: {archives: [mine]}",
        ("archives.mine.labels", "m{}.csv has braces, which stand for wildcards", "rename it"),
    ),
}


def with_config(project: Project, content: str) -> Project:
    project.path("config/own-0.yaml").write_text(content, encoding="utf-8")
    return project


@pytest.mark.parametrize("name", REFUSED)
def test_a_config_of_no_use_is_told_before_any_job(project, attempt, name):
    content, (key, flaw, remedy) = REFUSED[name]
    project.path("mine").mkdir()
    project.path("m{}.csv").write_text(LABELS)
    outcome = attempt(with_config(project, content))
    assert outcome.status != 0
    *_, line = outcome.text.splitlines()
    assert line.startswith(f"config: {key}: ")
    assert flaw in line
    assert remedy in line
    assert "Traceback" not in outcome.text
    assert project.made() == set()


@pytest.mark.parametrize("content", ["run: {seeds: [0}\n", "run:\n\tseeds: [0]\n", "- run\n"])
def test_a_file_that_is_no_config_is_told_by_the_engine(project, attempt, content):
    outcome = attempt(with_config(project, content))
    assert outcome.status != 0
    assert "YAML" in outcome.text.splitlines()[-1]
    assert "Traceback" not in outcome.text
    assert project.made() == set()


def test_a_whole_number_with_a_point_is_taken_for_one(project, attempt):
    outcome = attempt(with_config(project, "run: {seeds: [2.0]}\n"), "--dry-run")
    assert outcome.status == 0, outcome.text
    assert "multi_label-seed2.h5" in outcome.text


# What is configured; what the one line says; and what is made by then.
UNFIT: dict[str, tuple[dict[str, Any], tuple[str, ...], set[str]]] = {
    "cutoff larger than the database": (
        {"retrieval": {"cutoffs": [2, 50]}},
        ("retrieval.cutoffs: 50 is more than the 1 images", "give smaller cutoffs"),
        {"archive.csv", "attributes.csv", "pixels.json", "split.csv", "duplicates.csv"},
    ),
    "split that leaves nothing": (
        {"split": {"test_fraction": 0.6, "validation_fraction": 0.5}},
        ("split: test_fraction 0.6 and validation_fraction 0.5 leave no images", "choose other"),
        {"archive.csv", "attributes.csv", "pixels.json"},
    ),
}


@pytest.mark.parametrize("name", UNFIT)
def test_settings_that_do_not_fit_the_archive_are_told_before_it_is_described(
    mine, attempt, assert_refused, name
):
    config, parts, made = UNFIT[name]
    outcome = attempt(mine.configure(config), "results/mine/tables/comparison.csv")
    assert_refused(mine, outcome, *parts, made=made)
