"""What must not change a number: another folder, and activations that are not kept."""

from collections.abc import Sequence

from project import SMALL, Outcome, Project

ACTIVATIONS = "results/sample/activations/efficientnet_lite0.h5"
HANDCRAFTED = ("color_histogram", "lbp", "bovw_sift")
TABLES = ("comparison.csv", "contrasts.csv", "gain.csv", "by_scene.csv", "by_label.csv")
ROW_PER_METHOD = ("comparison.csv", "by_scene.csv", "by_label.csv")


def files_of(labelings: Sequence[str]) -> list[str]:
    return [*scores(labelings), *(f"results/sample/tables/{table}" for table in ROW_PER_METHOD)]


def scores(labelings: Sequence[str]) -> list[str]:
    models = ["off_the_shelf", *(f"{labeling}-seed0" for labeling in labelings)]
    paths = [f"results/sample/scores/efficientnet_lite0/{model}.csv" for model in models]
    paths += [f"results/sample/scores/{backbone}/off_the_shelf.csv" for backbone in HANDCRAFTED]
    return ["results/sample/scores/bounds.csv", *paths]


def assert_same_tables(one: Project, other: Project, labelings: Sequence[str]) -> None:
    """The second run has some of the labelings of the first."""
    for path in scores(labelings):
        assert one.path(path).read_bytes() == other.path(path).read_bytes(), path
    left_out = {b",single_label,", b",multi_label,", b",independent,", b",powerset,"} - {
        f",{labeling},".encode() for labeling in labelings
    }
    for table in ROW_PER_METHOD:
        path = f"results/sample/tables/{table}"
        header, *rows = other.path(path).read_bytes().splitlines()
        head, *all_rows = one.path(path).read_bytes().splitlines()
        assert header == head
        assert rows == [row for row in all_rows if not any(name in row for name in left_out)], path


def test_the_same_seed_gives_the_same_bytes_in_another_folder(
    small_run: tuple[Project, Outcome], project: Project
) -> None:
    labelings = ["multi_label"]
    project.configure({**SMALL, "run": {"labelings": labelings}})
    outcome = project.make(*files_of(labelings))
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
    assert finished.plan().jobs == dict.fromkeys(
        (
            *("finetune", "reextract", "retrieve", "score"),
            *("compare", "contrasts", "gain", "by_scene", "by_label", "summary", "overview"),
            *("plot_comparison", "plot_cutoffs", "plot_contrasts", "plot_scenes"),
            *("plot_learning", "plot_maps", "gallery", "all"),
        ),
        1,
    )
    outcome = finished.make(*files_of(labelings))
    assert outcome.status == 0, outcome.text
    assert outcome.jobs == dict.fromkeys(
        (*("finetune", "reextract", "retrieve", "score"), *("compare", "by_scene", "by_label")), 1
    )
    assert ACTIVATIONS not in finished.made()
    assert_same_tables(small_run[0], finished, labelings)


def test_tables_and_pictures_come_out_the_same_when_they_are_made_again(
    finished: Project,
) -> None:
    tables = [
        f"tables/{table}" for table in (*TABLES, "summary.md", "index.html", "comparison.tex")
    ]
    figures = ("comparison", "cutoffs", "contrasts", "scenes", "learning", "maps")
    pictures = [f"figures/{figure}.{ending}" for figure in figures for ending in ("png", "svg")]
    made = (*tables, *pictures, "gallery/index.html")
    paths = [finished.path(f"results/sample/{path}") for path in made]
    before = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()
    outcome = finished.make()
    assert outcome.status == 0, outcome.text
    assert outcome.jobs == dict.fromkeys(
        (
            *("compare", "contrasts", "gain", "by_scene", "by_label", "summary", "overview"),
            *(f"plot_{figure}" for figure in figures),
            *("gallery", "all"),
        ),
        1,
    )
    assert [path.read_bytes() for path in paths] == before
