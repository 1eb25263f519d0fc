"""A run that its findings stop, and what stays of it."""

import pandas as pd
from own_archive import LABELS

from project import Project

PASSED = "results/mine/audit_passed.txt"
MODEL = "results/mine/models/efficientnet_lite0/multi_label-seed0.csv"
SEVERE = {"audit": {"fail_on": "severe"}}


def test_a_severe_finding_stops_the_run_and_its_page_stays(mine: Project) -> None:
    mine.path("mine.csv").write_text(
        LABELS.replace("scene,sea", "scene,port").replace(",1,0", ",0,1")
    )
    outcome = mine.configure(SEVERE).run("--cores", "1", PASSED)
    assert outcome.status != 0
    lines = outcome.text.rstrip().splitlines()
    (audit,) = (line for line in lines if line.startswith("Audit of mine: "))
    error = lines[-1]
    page = mine.path("results/mine/audit.html")
    assert audit.startswith("Audit of mine: 1 severe, ")
    assert audit.endswith(page.as_uri())
    assert error.startswith("Error: results/mine/audit.html: 1 severe, ")
    assert "audit.fail_on is 'severe'" in error
    assert "The label &#39;port&#39; is missing on 5 of 5 images" in page.read_text()
    table = pd.read_csv(mine.path("results/mine/audit.csv"))
    assert list(table.loc[table["finding"] == 1, "image"]) == [f"port{n}" for n in range(5)]
    assert not mine.path(PASSED).exists()

    mine.path("mine.csv").write_text(LABELS)
    mended = mine.run("--cores", "1", PASSED)
    assert mended.status == 0, mended.text
    assert mended.jobs["check_audit"] == 1
    assert "severe" not in mine.path(PASSED).read_text()


def test_fine_tuning_waits_for_the_audit_if_findings_may_stop_it(mine: Project) -> None:
    assert "audit" not in mine.plan(MODEL).jobs
    assert mine.configure(SEVERE).plan(MODEL).jobs["check_audit"] == 1
