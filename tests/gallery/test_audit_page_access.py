"""The page of the audit in a browser: on a phone, and with names that are code."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import Page

from project import ROOT
from rsir.archives.pixels import PICTURES, ArchiveImages
from rsir.archives.thumbnails import make_thumbnails, write_thumbnails
from rsir.audit.finding import Case, Finding
from rsir.reports.audit_page import audit_page

TEMPLATE = ROOT / "workflow" / "pages" / "audit.html"
EVIL = "</style><script>alert(1)</script>"


def test_the_page_fits_a_phone_and_shows_pictures_and_names_as_they_are(
    tiles: tuple[Path, pd.DataFrame], tmp_path: Path, open_page: Callable[..., Page]
) -> None:
    root, archive = tiles
    table = tmp_path / "archive.csv"
    table.write_text("image\n")
    jpegs = make_thumbnails(ArchiveImages(root, archive["path"], PICTURES), 2)
    thumbnails = tmp_path / "thumbnails.h5"
    write_thumbnails(thumbnails, table, archive["image"].to_numpy(str), jpegs)
    cases = (Case((0, 1, 2), EVIL), Case((3,), EVIL, beside=(4, 5)), *map(Case, [(6,), (7,)]))
    findings = [Finding(EVIL, "severe", EVIL, EVIL, EVIL, cases)]
    subset = np.array(["train"] * len(archive))
    changed = archive.assign(scene=EVIL)
    file = tmp_path / "audit.html"
    file.write_text(audit_page(TEMPLATE, EVIL, changed, subset, findings, [EVIL], thumbnails))

    page = open_page(file.as_uri(), width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("h2", has_text=EVIL).count() == 1
    pictures = page.locator(".picture")
    assert pictures.count() == 8
    for picture in pictures.all():
        assert picture.evaluate("one => getComputedStyle(one).backgroundImage").startswith(
            'url("data:image/jpeg'
        )
        box = picture.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 60
