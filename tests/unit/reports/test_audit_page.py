"""The page of the findings."""

import re

import numpy as np
import pytest

from project import ROOT
from rsir.archives.thumbnails import make_thumbnails, write_thumbnails
from rsir.audit.finding import Case, Finding
from rsir.reports.audit_page import MOST_CASES, MOST_IMAGES, audit_page, select_cases

TEMPLATE = ROOT / "workflow" / "pages" / "audit.html"
EVIL = '<img src=x onerror="alert(1)">'


@pytest.fixture
def page(archive, archive_images, tmp_path):
    """Return a function that renders findings on the nine images."""
    thumbnails, images = tmp_path / "thumbnails.h5", archive["image"].to_numpy(str)
    (tmp_path / "archive.csv").write_text("")
    write_thumbnails(
        thumbnails, tmp_path / "archive.csv", images, make_thumbnails(archive_images, 1)
    )

    def render(findings: list[Finding], unchecked: tuple[str, ...] = (), **columns: str) -> str:
        table = archive.assign(**columns)
        subset = np.array(["train"] * 6 + ["test"] * 3)
        return audit_page(TEMPLATE, "nine", table, subset, findings, unchecked, thumbnails)

    return render


TWINS = Finding("twins", "severe", "Two.", "Why.", "Do.", (Case((0, 6), "near"), Case((1, 7))))
ALONE = Finding("alone", "note", "One.", "Why.", "Do.", (Case((6,), "again", beside=(8,)),))
SHARES = Finding("shares", "warning", "Far.", "Why.", "Do.")


def test_each_picture_is_on_the_page_once(page):
    text = page([TWINS, SHARES, ALONE])
    assert len(re.findall("base64,", text)) == len({0, 6, 1, 7, 8})
    assert len(re.findall('class="picture p6"', text)) == 2
    assert "<img" not in text
    assert "<script" not in text


def test_findings_are_counted_and_described(page):
    text = page([TWINS, SHARES, ALONE], ("Places.",))
    words = re.sub(r"<[^>]+>|\s+", " ", text.partition("<body>")[2])
    words = re.sub(" +", " ", words)
    for part in ("1 severe", "1 warning", "1 note", "twins 4 images", "Not looked for Places."):
        assert part in words
    assert words.index("Two.") < words.index("Far.") < words.index("One.")
    assert "9 images · 6 train · 3 test · 4 labels" in words
    assert "near a port · train sea, ship g city · test grass?" in words.replace(
        "no label", "grass?"
    )


def test_an_archive_without_findings(page):
    assert "Nothing doubtful was found." in page([])


def test_names_are_escaped(page):
    evil = Finding(EVIL, "severe", EVIL, EVIL, EVIL, (Case((0,), EVIL),))
    text = page([evil], (EVIL,), scene=EVIL)
    assert "onerror" in text
    assert EVIL not in text
    assert "<img" not in text


def test_a_page_has_a_limited_number_of_images():
    many = Finding("many", "note", "", "", "", tuple(Case((row,)) for row in range(100)))
    (shown,) = select_cases([many])
    assert (len(shown.cases), shown.hidden) == (MOST_CASES, 100 - MOST_CASES)
    shown = select_cases([many] * 100)
    assert sum(len(one.cases) for one in shown) == MOST_IMAGES
    wide = Finding("wide", "note", "", "", "", (Case(tuple(range(50))),))
    (one,) = select_cases([wide])
    assert (len(one.cases[0].rows), one.hidden) == (8, 42)


def test_what_is_not_shown_is_said(page, monkeypatch):
    monkeypatch.setattr("rsir.reports.audit_page.MOST_CASES", 1)
    assert "2 more images in audit.csv (finding 1)" in re.sub(r"\s+", " ", page([TWINS]))
