"""What must not change a number: another folder, and activations that are not kept."""

from collections.abc import Sequence

from project import SMALL, Outcome, Project

ACTIVATIONS = "results/sample/activations/efficientnet_lite0.h5"
COMPARISON = "results/sample/tables/comparison.csv"


def scores(labelings: Sequence[str]) -> list[str]:
    models = ["off_the_shelf", *(f"{labeling}-seed0" for labeling in labelings)]
    paths = [f"results/sample/scores/efficientnet_lite0/{model}.csv" for model in models]
    return ["results/sample/scores/bounds.csv", *paths]


def assert_same_tables(one: Project, other: Project, labelings: Sequence[str]) -> None:
    """The second run has some of the labelings of the first."""
    for path in scores(labelings):
        assert one.path(path).read_bytes() == other.path(path).read_bytes(), path
    header, *rows = other.path(COMPARISON).read_bytes().splitlines()
    head, *all_rows = one.path(COMPARISON).read_bytes().splitlines()
    left_out = {b",single_label,", b",multi_label,", b",independent,", b",powerset,"} - {
        f",{labeling},".encode() for labeling in labelings
    }
    assert header == head
    assert rows == [row for row in all_rows if not any(name in row for name in left_out)]


def test_the_same_seed_gives_the_same_bytes_in_another_folder(
    small_run: tuple[Project, Outcome], project: Project
) -> None:
    labelings = ["multi_label", "powerset"]
    outcome = project.configure({**SMALL, "run": {"labelings": labelings}}).make()
    assert outcome.status == 0, outcome.text
    for table in ("archive.csv", "split.csv", "tiles/labels.csv"):
        path = f"results/sample/{table}"
        assert project.path(path).read_bytes() == small_run[0].path(path).read_bytes()
    assert_same_tables(small_run[0], project, labelings)


def test_computed_activations_give_the_same_tables(
    small_run: tuple[Project, Outcome], finished: Project
) -> None:
    labelings = ["multi_label"]
    finished.configure({"extraction": {"activations": "computed"}, "run": {"labelings": labelings}})
    finished.path(ACTIVATIONS).unlink()
    outcome = finished.make()
    assert outcome.status == 0, outcome.text
    assert outcome.jobs == dict.fromkeys(
        ("finetune", "reextract", "retrieve", "score", "compare", "all"), 1
    )
    assert ACTIVATIONS not in finished.made()
    assert_same_tables(small_run[0], finished, labelings)
