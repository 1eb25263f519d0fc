"""The jobs of the run, and of each target."""

from collections import Counter

import pytest
from plans import COMPARED, DESCRIBED, SCORES, TRAINED, thesis_config

from project import Outcome, Project

SHOWN = {name for name in COMPARED if name.startswith("plot_")}
SHOWN |= {"overview", "thumbnails", "gallery", "audit", "all"}


FIGURES = ("comparison", "cutoffs", "contrasts", "scenes", "learning", "maps")


@pytest.fixture(scope="module")
def default_plan(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return Project.copied_to(tmp_path_factory.mktemp("default") / "project").plan()


def test_the_default_run_has_52_jobs(default_plan: Outcome) -> None:
    plan = default_plan
    assert plan.status == 0, plan.text
    assert plan.jobs == {
        "synthetic": 1,
        "archive": 1,
        "duplicates": 1,
        "split": 1,
        # a network, and three handcrafted descriptors, one of which counts visual words
        "weights": 1,
        "extract": 1,
        "visual_words": 1,
        "describe": 3,
        # the network with four labelings
        "finetune": 4,
        "reextract": 4,
        # and all off the shelf
        "retrieve": 8,
        "score": 8,
        **COMPARED,
    }
    assert sum(plan.jobs.values()) == 52


def test_the_default_run_makes_each_of_its_files_once(default_plan: Outcome) -> None:
    labelings = ("single_label", "multi_label", "independent", "powerset")
    trained = [f"efficientnet_lite0/{labeling}-seed0" for labeling in labelings]
    backbones = ("efficientnet_lite0", "color_histogram", "lbp", "bovw_sift")
    described = [f"{backbone}/off_the_shelf" for backbone in backbones] + trained
    tables = ("comparison.csv", "contrasts.csv", "gain.csv", "by_scene.csv", "by_label.csv")
    files = [
        *("tiles", "archive.csv", "attributes.csv", "pixels.json", "split.csv", "duplicates.csv"),
        *("scores/bounds.csv", "precision/efficientnet_lite0.json"),
        *("weights/efficientnet_lite0.json", "activations/efficientnet_lite0.h5"),
        "words/bovw_sift.h5",
        *(f"models/{model}{ending}" for model in trained for ending in (".safetensors", ".csv")),
        *(f"descriptors/{model}.h5" for model in described),
        *(f"rankings/{model}.h5" for model in described),
        *(f"scores/{model}.csv" for model in described),
        *(f"tables/{table}" for table in (*tables, "summary.md", "index.html", "comparison.tex")),
        *(f"figures/{figure}.{ending}" for figure in FIGURES for ending in ("png", "svg")),
        *("thumbnails.h5", "gallery/index.html", "audit.csv", "audit.html"),
    ]
    assert default_plan.outputs == Counter(f"results/sample/{file}" for file in files)


def test_the_thesis_with_five_seeds(project: Project) -> None:
    plan = project.configure(thesis_config(project)).plan()
    assert plan.status == 0, plan.text
    assert plan.jobs == {
        "download": 1,
        "archive": 1,
        "duplicates": 1,
        "split": 1,
        # three networks, and three handcrafted descriptors
        "weights": 3,
        "extract": 3,
        "visual_words": 1,
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


def test_computed_activations_are_not_kept(project: Project, default_plan: Outcome) -> None:
    stored = default_plan
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
            {"synthetic": 1, "archive": 1, "duplicates": 1, "split": 1, "bounds": 1},
        ),
        (
            "results/sample/activations/vgg16.h5",
            {"synthetic": 1, "archive": 1, "weights": 1, "extract": 1},
        ),
        (SCORES.format("sample", "efficientnet_lite0", "multi_label-seed0"), TRAINED),
        (SCORES.format("sample", "lbp", "off_the_shelf"), DESCRIBED),
        (
            "results/sample/descriptors/bovw_sift/off_the_shelf.h5",
            {"synthetic": 1, "archive": 1, "split": 1, "visual_words": 1, "describe": 1},
        ),
        (
            "results/sample/descriptors/lbp/off_the_shelf.h5",
            {"synthetic": 1, "archive": 1, "describe": 1},
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
    project: Project, default_plan: Outcome, table: str, left_out: set[str]
) -> None:
    tables = {rule: count for rule, count in default_plan.jobs.items() if rule not in SHOWN}
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
