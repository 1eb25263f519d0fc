"""The names in targets: new, unknown, similar, and patterns."""

import re

import pytest
from plans import DESCRIBED, SCORES, TRAINED

from project import Project


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
    ("target", "message"),
    [
        ("results", "is the folder of all results; give no target for the whole run"),
        ("results/", "is the folder of all results; give no target for the whole run"),
        (
            "results/sample",
            "is a folder; name files in it, as results/README.md lists them, or give no target "
            "for the whole run",
        ),
        (
            "results/sample/",
            "is a folder; name files in it, as results/README.md lists them, or give no target "
            "for the whole run",
        ),
        ("results/sampel", "no archive 'sampel'; did you mean sample?"),
        ("./results/sampel/archive.csv", "no archive 'sampel'; did you mean sample?"),
        ("results/sample/tables", "no such result; results/README.md lists them"),
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
        (
            "results/sample/descriptors/vgg16/multi_label-seed0-from-ucmercd.h5",
            "no archive 'ucmercd'; did you mean ucmerced?",
        ),
        (
            "results/sample/descriptors/vgg16/multi_label-seed0-from-sample.h5",
            "are transferred; name results/sample/descriptors/vgg16/multi_label-seed0.h5",
        ),
        (
            "results/sample/descriptors/vgg16/off_the_shelf-from-ucmerced.h5",
            "are transferred; name results/sample/descriptors/vgg16/off_the_shelf.h5",
        ),
        (
            "results/sample/models/vgg16/multi_label-seed0-from-ucmerced.csv",
            "its archive; name results/ucmerced/models/vgg16/multi_label-seed0.csv",
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
    project: Project, target: str, message: str
) -> None:
    outcome = project.make(target)
    assert outcome.status != 0
    line = outcome.text.splitlines()[-1]
    assert line.startswith(f"{target}: ")
    assert line.endswith(message)
    assert "Traceback" not in outcome.text
    assert project.made() == set()


def test_a_folder_of_results_is_no_target(project: Project) -> None:
    folder = project.path("results/sample/queries/one/vgg16")
    folder.mkdir(parents=True)
    for path in (folder, *folder.parents[:4]):
        target = path.relative_to(project.folder).as_posix()
        outcome = project.run("--touch", target, "--cores", "1")
        assert outcome.status != 0
        assert outcome.text.splitlines()[-1].startswith(f"{target}: is ")
        assert "folder" in outcome.text.splitlines()[-1]
        assert "Traceback" not in outcome.text


@pytest.mark.parametrize("option", ["--configfile", "--configfiles"])
def test_a_config_file_below_results_is_no_target(project: Project, option: str) -> None:
    project.path("results/sample").mkdir(parents=True)
    project.path("results/sample/own.yaml").write_text("run: {seeds: [5]}")
    outcome = project.run("--dry-run", "--cores", "1", option, "results/sample/own.yaml")
    assert outcome.status == 0, outcome.text
    assert "seed5" in outcome.text


def test_names_that_contain_each_other_are_told_apart(project: Project) -> None:
    project.configure(
        {
            "archives": {"sample-seed1": {"kind": "synthetic"}},
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


def test_a_model_of_another_archive_is_fine_tuned_there_and_applied_here(project: Project) -> None:
    project.configure({"archives": {"other": {"kind": "synthetic"}}})
    model = "multi_label-seed0-from-other"
    plan = project.plan(SCORES.format("sample", "vgg16", model))
    twice = ("synthetic", "archive", "weights", "extract")
    assert plan.jobs == {**TRAINED, **dict.fromkeys(twice, 2), "split": 2}
    assert "results/other/models/vgg16/multi_label-seed0.safetensors" in plan.outputs
    assert f"results/sample/descriptors/vgg16/{model}.h5" in plan.outputs
    run = {"archives": ["sample", "other"], "transfer": [{"from": "other", "to": "sample"}]}
    project.configure({"archives": {"other": {"kind": "synthetic"}}, "run": run})
    scores = [path for path in project.plan().outputs if "-from-" in path and "scores" in path]
    assert len(scores) == 4
    assert all(path.startswith("results/sample/") for path in scores)


@pytest.mark.parametrize(
    ("section", "name", "definition"),
    [
        ("archives", "sam.le", {"kind": "synthetic"}),
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
