"""What is found where results are not what their record says."""

import hashlib
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
    """Make files, and note how: what a job makes tells what it was made from."""
    made = [FOLDER / output for output in outputs]
    for path in made:
        if not path.exists():
            write(path, f"{rule} of " + " ".join(inputs))
    note_job(FOLDER, rule, rule, list(map(Path, inputs)), made, {"root": root}, {})


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


def found():
    return {
        Path(finding.path).name: (finding.what, finding.why)
        for finding in check(FOLDER, read_record(FOLDER))
    }


def test_what_was_left_alone_is_as_it_was_made():
    assert found() == {}
    text = as_text(FOLDER, read_record(FOLDER), [])
    assert text.startswith("results/mine: 5 files, all as they were made; version of the code: ")


def test_a_file_that_was_altered_and_all_that_was_made_of_it():
    write(FOLDER / "split.csv", "other")
    assert found() == {
        "split.csv": ("altered", "is not what split made"),
        "scores.csv": ("stale", "results/mine/split.csv has changed since"),
        "curve.csv": ("stale", "results/mine/split.csv has changed since"),
        "table.csv": ("stale", "results/mine/scores.csv is stale"),
    }


def test_a_file_that_was_made_of_an_altered_one():
    write(FOLDER / "scores.csv", "other")
    job("compare", ["results/mine/scores.csv"], "table.csv")
    assert found() == {
        "scores.csv": ("altered", "is not what score made"),
        "table.csv": ("stale", "results/mine/scores.csv is altered"),
    }


@pytest.mark.parametrize(
    ("file", "stale"),
    [
        ("mine.csv", {"archive.csv", "split.csv", "scores.csv", "curve.csv", "table.csv"}),
        ("workflow/score.py", {"scores.csv", "curve.csv", "table.csv"}),
    ],
)
def test_what_is_of_another_file_of_the_user_or_other_code_is_stale(file, stale):
    write(file, "other")
    assert {name for name, (what, _) in found().items() if what == "stale"} == stale
    assert len(found()) == len(stale)


def test_what_is_made_again_is_fresh_and_what_is_of_the_earlier_is_stale():
    write("workflow/score.py", "other")
    (FOLDER / "scores.csv").write_text("new")
    job("score", ["results/mine/split.csv", "workflow/score.py"], "scores.csv", "curve.csv")
    assert found() == {"table.csv": ("stale", "results/mine/scores.csv has changed since")}
    job("compare", ["results/mine/scores.csv"], "table.csv")
    assert found() == {}


def test_what_is_gone_makes_nothing_else_stale():
    (FOLDER / "split.csv").unlink()
    Path("workflow/score.py").unlink()
    assert found() == {"split.csv": ("gone", "split made it")}


def test_a_file_that_no_job_made():
    write(FOLDER / "tables" / "own.csv", "")
    write(FOLDER / ".scores.1.partial.csv", "")
    write(FOLDER / "adhoc" / "quay" / "answer.csv", "")
    assert found() == {"own.csv": ("unknown", "no recorded job made it")}


def test_an_image_that_is_another_now():
    write("mine/one.png", "other pixels")
    assert found() == {"one.png": ("altered", "is not the image that archive read")}


def test_an_image_is_not_looked_for_in_an_altered_table():
    write(FOLDER / "archive.csv", "no archive")
    assert found()["archive.csv"] == ("altered", "is not what archive made")


def test_findings_are_told_by_line_and_counted():
    write(FOLDER / "table.csv", "other")
    (FOLDER / "curve.csv").unlink()
    record = read_record(FOLDER)
    first, second, last = as_text(FOLDER, record, check(FOLDER, record)).splitlines()
    assert first == "gone     results/mine/curve.csv: score made it"
    assert second == "altered  results/mine/table.csv: is not what compare made"
    assert last.startswith("results/mine: 5 files, 1 not to be trusted; version of the code: ")
    assert last.endswith(" (4 jobs)")


def test_without_a_record_nothing_is_checked():
    (FOLDER / "provenance.json").unlink()
    with pytest.raises(InputError, match=r"^results/mine/provenance\.json: there is no record"):
        found()
