"""The report of a finished run, and a run that shows its progress."""

import re

from project import Project

FIGURES = ("comparison", "cutoffs", "contrasts", "scenes", "learning", "maps")


def test_the_report_is_one_file_with_tables_figures_gallery_and_captions(finished: Project) -> None:
    made = finished.run("--report", "results/report.html")
    assert made.status == 0, made.text
    report = finished.path("results/report.html").read_text(encoding="utf-8")
    for result in (
        *(f"figures/{figure}.png" for figure in FIGURES),
        *("tables/index.html", "tables/comparison.csv", "tables/contrasts.csv"),
        "gallery/index.html",
    ):
        assert f"results/sample/{result}" in report
    for category in ("Tables", "Figures", "Gallery"):
        assert f'"{category}"' in report
    assert "Which descriptor of an aerial image retrieves" in report
    assert "The significance of a difference is in the contrasts" in re.sub(r"\s+", " ", report)
    assert not re.findall(r"""<(?:script|link|img)[^>]+(?:src|href)=["']https?:""", report)


def test_a_run_that_shows_its_progress_ends_with_the_table(finished: Project) -> None:
    finished.path("results/sample/tables/gain.csv").unlink()
    made = finished.run("--cores", "1", "--logger", "rich")
    assert made.status == 0, made.text
    assert "Workflow Finished" in made.text
    assert "Table:    results/sample/tables/comparison.csv" in made.text
    assert finished.path("results/sample/tables/gain.csv").exists()
