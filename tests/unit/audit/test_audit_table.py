import pandas as pd
import pytest

from rsir.audit.audit_table import audit_table, check_severities, read_severities, write_audit
from rsir.audit.finding import Case, Finding, by_severity, count_severities
from rsir.core.errors import InputError

FINDINGS = [
    Finding("twins", "severe", "Two.", "", "", (Case((2, 0), "near", beside=(1,)), Case((1,)))),
    Finding("shares", "note", "Far.", "", ""),
]


def test_a_row_for_each_image_concerned():
    table = audit_table(FINDINGS, ["a", "b", "c"])
    assert table.to_numpy().tolist() == [
        [1, "severe", "twins", "Two.", 1, "c", "near"],
        [1, "severe", "twins", "Two.", 1, "a", "near"],
        [1, "severe", "twins", "Two.", 2, "b", ""],
        [2, "note", "shares", "Far.", 0, "", ""],
    ]
    assert FINDINGS[0].images == 3


def test_severities_are_read_once_for_each_finding(tmp_path):
    write_audit(tmp_path / "audit.csv", audit_table(FINDINGS, ["a", "b", "c"]))
    assert read_severities(tmp_path / "audit.csv") == ["severe", "note"]
    write_audit(tmp_path / "audit.csv", audit_table([], []))
    assert read_severities(tmp_path / "audit.csv") == []


def test_another_table_is_refused(tmp_path):
    pd.DataFrame({"severity": ["severe"]}).to_csv(tmp_path / "audit.csv")
    with pytest.raises(InputError, match=r"audit\.csv: is not a table of findings"):
        read_severities(tmp_path / "audit.csv")


def test_findings_stand_from_the_worst():
    order = ["note", "severe", "warning", "severe"]
    found = [Finding(str(number), one, "", "", "") for number, one in enumerate(order)]
    assert [finding.kind for finding in by_severity(found)] == ["1", "3", "2", "0"]


@pytest.mark.parametrize(
    ("severities", "text"),
    [
        ([], "no findings"),
        (["note"], "1 note"),
        (["severe", "note", "severe", "warning", "note"], "2 severe, 1 warning, 2 notes"),
    ],
)
def test_the_number_of_findings_in_words(severities, text):
    assert count_severities(severities) == text


@pytest.mark.parametrize(
    ("worst", "fail_on", "stops"),
    [
        ("severe", "severe", True),
        ("severe", "note", True),
        ("warning", "severe", False),
        ("warning", "warning", True),
        ("note", "warning", False),
        ("note", "note", True),
    ],
)
def test_findings_of_a_severity_and_worse_ones_stop_a_run(worst, fail_on, stops):
    if stops:
        with pytest.raises(InputError, match=r"^audit\.html: 1 .*; read the page and mend"):
            check_severities([worst], fail_on, "audit.html")
    else:
        assert check_severities([worst], fail_on, "audit.html") == count_severities([worst])
