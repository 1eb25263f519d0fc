"""The record of the inputs and outputs of each job."""

import hashlib
import json
from pathlib import Path

import pytest

from rsir.core.errors import InputError
from rsir.core.job_record import (
    digest,
    gather,
    note_job,
    read_record,
    snakemake_command,
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The folder of results of an archive, in the working directory of jobs."""
    monkeypatch.chdir(tmp_path)
    folder = Path("results/mine")
    folder.mkdir(parents=True)
    return folder


def sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def write(path, content):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def note(folder, name="split", content="a", seed=0):
    inputs, outputs = [write("mine.csv", "labels")], [write(folder / f"{name}.csv", content)]
    note_job(folder, name, "split", inputs, outputs, {"seed": seed}, {"split": {"seed": seed}})


def test_a_finished_job_is_in_the_record(folder):
    note(folder, content="of the split")
    record = read_record(folder)
    job = record.jobs["split"]
    assert job.rule == "split"
    assert job.inputs == {"mine.csv": sha256("labels")}
    assert job.outputs == {"results/mine/split.csv": sha256("of the split")}
    assert job.parameters == {"seed": 0}
    assert record.configs[job.config] == {"split": {"seed": 0}}
    assert job.circumstances.keys() == {"created", "code", "device"}
    assert not (folder / "provenance.json").exists()


def test_notes_are_merged_into_one_file_and_deleted(folder):
    note(folder)
    note(folder, "scores/lbp/off_the_shelf.v1")
    before = read_record(folder)
    gather(folder)
    assert read_record(folder) == before
    assert before.jobs.keys() == {"split", "scores/lbp/off_the_shelf.v1"}
    assert [path.name for path in folder.glob("*.json")] == ["provenance.json"]
    assert not (folder / ".provenance").exists()
    assert json.loads((folder / "provenance.json").read_text())["jobs"]["split"]["rule"] == "split"


def test_a_later_job_of_the_same_name_replaces_an_earlier_one(folder):
    note(folder)
    note(folder, "bounds")
    gather(folder)
    note(folder, content="b", seed=1)
    gather(folder)
    record = read_record(folder)
    assert record.jobs.keys() == {"split", "bounds"}
    assert record.jobs["split"].parameters == {"seed": 1}
    assert record.jobs["split"].outputs == {"results/mine/split.csv": sha256("b")}


def test_configurations_are_stored_once_and_while_a_job_refers_to_them(folder):
    note(folder)
    note(folder, "bounds")
    assert list(read_record(folder).configs.values()) == [{"split": {"seed": 0}}]
    note(folder, seed=1)
    assert len(read_record(folder).configs) == 2
    note(folder, "bounds", seed=1)
    gather(folder)
    assert list(read_record(folder).configs.values()) == [{"split": {"seed": 1}}]


def test_without_notes_no_record_is_written(folder):
    gather(folder)
    assert list(folder.iterdir()) == []
    assert read_record(folder).jobs == {}


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"configs": {}, "jobs": {"a": {}}}'])
def test_a_damaged_record_is_refused_and_the_notes_are_kept(folder, content):
    note(folder)
    write(folder / "provenance.json", content)
    with pytest.raises(InputError, match=r"^results/mine/provenance\.json: is damaged; delete it"):
        gather(folder)
    (folder / "provenance.json").unlink()
    assert read_record(folder).jobs.keys() == {"split"}


def test_the_digest_of_a_folder_depends_on_names_and_contents(tmp_path):
    tiles = tmp_path / "tiles" / "beach"
    tiles.mkdir(parents=True)
    write(tiles / "one.png", "1")
    first = digest(tiles.parent)
    write(tiles / ".hidden", "engine's")
    assert digest(tiles.parent) == first
    write(tiles / "one.png", "2")
    second = digest(tiles.parent)
    write(tiles / "one.png", "1").rename(tiles / "two.png")
    assert len({first, second, digest(tiles.parent)}) == 3


@pytest.mark.parametrize(
    ("config_files", "options"),
    [
        ("", ""),
        ("config/mine.yaml", " --configfile config/mine.yaml"),
        ("a.yaml:my own.yaml", " --configfile a.yaml 'my own.yaml'"),
    ],
)
def test_the_command_for_a_result_has_the_config_files_of_the_last_job(
    folder, monkeypatch, config_files, options
):
    target = folder / "archive.csv"
    assert snakemake_command(target, folder) == (
        "snakemake --cores all results/mine/archive.csv, with the --configfile that defines mine, "
        "if one does"
    )
    monkeypatch.setenv("RSIR_CONFIG_FILES", config_files)
    note(folder)
    gather(folder)
    command = snakemake_command(target, folder)
    assert command == f"snakemake --cores all results/mine/archive.csv{options}"


def test_a_record_without_config_files_is_read(folder):
    note(folder)
    gather(folder)
    file = folder / "provenance.json"
    stored = json.loads(file.read_text())
    del stored["jobs"]["split"]["config_files"]
    file.write_text(json.dumps(stored))
    assert read_record(folder).jobs["split"].config_files == []
