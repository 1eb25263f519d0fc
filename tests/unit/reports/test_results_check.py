"""Results that differ from their record."""

import hashlib
import shutil
from pathlib import Path

import pytest

from rsir.core.errors import InputError
from rsir.core.job_record import gather, note_job, read_record
from rsir.reports.results_check import as_text, check

FOLDER = Path("results/mine")
TABLE = "image,path,scene,width,height,sha256,sea\none,one.png,,8,8,{digest},1\n"


def write(path, content):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def job(rule, inputs, *outputs, root="mine"):
    """Write files that name the inputs of their job, and record the job."""
    paths = [FOLDER / output for output in outputs]
    for path in paths:
        if not path.exists():
            write(path, f"{rule} of " + " ".join(inputs))
    note_job(FOLDER, rule, rule, list(map(Path, inputs)), paths, {"root": root}, {})


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    """A chain: mine.csv → archive.csv → split.csv → scores.csv and curve.csv → table.csv."""
    monkeypatch.chdir(tmp_path)
    image = write("mine/one.png", "pixels")
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    write(FOLDER / "archive.csv", TABLE.format(digest=digest))
    write("mine.csv", "labels")
    write("workflow/score.py", "code")
    inside = {name: f"{FOLDER}/{name}.csv" for name in ("archive", "split", "scores", "curve")}
    job("archive", ["mine.csv"], "archive.csv")
    job("split", [inside["archive"]], "split.csv")
    job("score", [inside["split"], "workflow/score.py"], "scores.csv", "curve.csv")
    job("compare", [inside["scores"]], "table.csv")
    gather(FOLDER)


def states():
    return {
        Path(finding.path).name: (finding.state, finding.reason)
        for finding in check(FOLDER, read_record(FOLDER))
    }


def test_untouched_results_have_no_findings():
    assert states() == {}
    text = as_text(FOLDER, read_record(FOLDER), [])
    assert text.startswith("results/mine: 5 files, all unchanged; code version: ")


def test_results_are_checked_from_any_folder(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    folder = tmp_path / FOLDER
    assert check(folder, read_record(folder)) == []
    write(folder / "table.csv", "other")
    write(folder / "own.csv", "")
    write(tmp_path / "workflow/score.py", "other")
    write(tmp_path / "mine/one.png", "other pixels")
    found = {Path(one.path).name: one.state for one in check(folder, read_record(folder))}
    states = {"table.csv": "altered", "own.csv": "unknown", "one.png": "altered"}
    assert found == {**states, "scores.csv": "stale", "curve.csv": "stale"}


def test_a_copy_of_the_results_alone_is_checked(tmp_path):
    copy = shutil.copytree(FOLDER, tmp_path / "copy" / "mine")
    assert check(copy, read_record(copy)) == []
    (copy / "scores.csv").write_text("other")
    assert [one.path for one in check(copy, read_record(copy))] == [
        "results/mine/scores.csv",
        "results/mine/table.csv",
    ]


def test_a_file_that_was_altered_and_all_that_was_made_of_it():
    write(FOLDER / "split.csv", "other")
    assert states() == {
        "split.csv": ("altered", "differs from the output of split"),
        "scores.csv": ("stale", "results/mine/split.csv has changed since"),
        "curve.csv": ("stale", "results/mine/split.csv has changed since"),
        "table.csv": ("stale", "results/mine/scores.csv is stale"),
    }


def test_a_file_that_was_made_of_an_altered_one():
    write(FOLDER / "scores.csv", "other")
    job("compare", ["results/mine/scores.csv"], "table.csv")
    assert states() == {
        "scores.csv": ("altered", "differs from the output of score"),
        "table.csv": ("stale", "results/mine/scores.csv is altered"),
    }


@pytest.mark.parametrize(
    ("file", "stale"),
    [
        ("mine.csv", {"archive.csv", "split.csv", "scores.csv", "curve.csv", "table.csv"}),
        ("workflow/score.py", {"scores.csv", "curve.csv", "table.csv"}),
    ],
)
def test_results_of_a_changed_user_file_or_code_are_stale(file, stale):
    write(file, "other")
    assert {name for name, (state, _) in states().items() if state == "stale"} == stale
    assert len(states()) == len(stale)


def test_a_recreated_file_is_fresh_and_its_dependents_are_stale():
    write("workflow/score.py", "other")
    (FOLDER / "scores.csv").write_text("new")
    job("score", ["results/mine/split.csv", "workflow/score.py"], "scores.csv", "curve.csv")
    assert states() == {"table.csv": ("stale", "results/mine/scores.csv has changed since")}
    job("compare", ["results/mine/scores.csv"], "table.csv")
    assert states() == {}


def test_a_missing_file_makes_nothing_else_stale():
    (FOLDER / "split.csv").unlink()
    Path("workflow/score.py").unlink()
    assert states() == {"split.csv": ("missing", "output of split")}


def test_a_file_that_no_job_made():
    write(FOLDER / "tables" / "own.csv", "")
    write(FOLDER / ".scores.1.partial.csv", "")
    write(FOLDER / "adhoc" / "quay" / "answer.csv", "")
    assert states() == {"own.csv": ("unknown", "not the output of a recorded job")}


def test_an_image_that_is_another_now():
    write("mine/one.png", "other pixels")
    assert states() == {"one.png": ("altered", "differs from the image that archive read")}


def test_an_image_is_not_looked_for_in_an_altered_table():
    write(FOLDER / "archive.csv", "no archive")
    assert states()["archive.csv"] == ("altered", "differs from the output of archive")


def test_findings_are_listed_and_counted():
    write(FOLDER / "table.csv", "other")
    (FOLDER / "curve.csv").unlink()
    record = read_record(FOLDER)
    first, second, last = as_text(FOLDER, record, check(FOLDER, record)).splitlines()
    assert first == "missing  results/mine/curve.csv: output of score"
    assert second == "altered  results/mine/table.csv: differs from the output of compare"
    assert last.startswith("results/mine: 5 files, 1 altered, stale or unknown; code version: ")
    assert last.endswith(" (4 jobs)")


def test_without_a_record_nothing_is_checked():
    (FOLDER / "provenance.json").unlink()
    with pytest.raises(InputError, match=r"^results/mine/provenance\.json: there is no record"):
        states()
