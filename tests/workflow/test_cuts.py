"""The jobs of labelings that state a cut of their own."""

from typing import Any

from project import Outcome, Project

DESCRIPTORS = "results/sample/descriptors/{}/{}.h5"
CUTS = {
    "wide": {"kind": "multi_label", "cut": "blocks.5"},
    "wider": {"kind": "joint", "cut": {"efficientnet_lite0": "blocks.5"}},
    "own": {"kind": "multi_label", "cut": {"efficientnet_lite1": "blocks.5"}},
}


def plan(project: Project, **changed: Any) -> Outcome:
    targets = [
        DESCRIPTORS.format(backbone, f"{labeling}-seed{seed}")
        for backbone in ("efficientnet_lite0", "efficientnet_lite1")
        for labeling in CUTS
        for seed in (0, 1)
    ]
    return project.configure({"labelings": CUTS, **changed}).plan(*targets)


def activations(outcome: Outcome) -> set[str]:
    folder = "results/sample/activations/"
    return {path.removeprefix(folder) for path in outcome.outputs if path.startswith(folder)}


def test_labelings_and_seeds_share_the_activations_at_their_cut(project: Project) -> None:
    outcome = plan(project)
    assert outcome.jobs["activations"] == 2
    assert outcome.jobs["finetune"] == outcome.jobs["reextract"] == 12
    names = ("efficientnet_lite0", "efficientnet_lite1")
    assert activations(outcome) == {
        f"{name}{cut}.h5" for name in names for cut in ("", "/blocks.5")
    }


def test_shards_have_activations_at_the_cut_of_their_own(project: Project) -> None:
    outcome = plan(project, extraction={"shards": 2})
    assert outcome.jobs["activations"] == outcome.jobs["extract_shard"] == 4
    assert outcome.jobs["reextract_shard"] == 24
    shards = {f"efficientnet_lite0/blocks.5/{number}-of-2.h5" for number in (1, 2)}
    assert shards < activations(outcome)


def test_computed_activations_are_those_of_no_file(project: Project) -> None:
    outcome = plan(project, extraction={"activations": "computed"})
    assert "activations" not in outcome.jobs
    assert activations(outcome) == set()


def test_a_whole_network_is_trained_from_the_images(project: Project) -> None:
    project.configure({"labelings": {"whole": {"kind": "multi_label", "cut": "start"}}})
    outcome = project.plan(DESCRIPTORS.format("efficientnet_lite0", "whole-seed0"))
    assert outcome.jobs["finetune"] == outcome.jobs["reextract"] == 1
    assert "activations" not in outcome.jobs
    assert outcome.text.count("activations/efficientnet_lite0") == 1  # the output of `extract`


def test_a_model_of_another_archive_keeps_its_cut(project: Project) -> None:
    project.configure({"labelings": CUTS, "archives": {"other": {"kind": "synthetic"}}})
    model = "wide-seed0-from-other"
    outcome = project.plan(DESCRIPTORS.format("efficientnet_lite0", model))
    assert outcome.jobs["activations"] == 2
    assert "efficientnet_lite0/blocks.5.h5" in activations(outcome)


def test_the_cut_of_the_backbone_is_no_other(project: Project) -> None:
    project.configure({"labelings": CUTS, "backbones": {"efficientnet_lite0": {"cut": "blocks.5"}}})
    outcome = project.plan(DESCRIPTORS.format("efficientnet_lite0", "wide-seed0"))
    assert activations(outcome) == {"efficientnet_lite0.h5"}
