"""What a refused input leaves: the results, their times, and nothing to do once it is mended."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from own_archive import IMAGES, with_own_archive
from PIL import Image

from project import Outcome, Project

ANSWER = "results/mine/queries/noise/lbp/off_the_shelf.csv"
TARGETS = ("results/mine/tables/comparison.csv", "results/mine/weights/own.json", ANSWER)
NETWORK = "tf_efficientnet_lite0"
LONG_LABELS = [f"{number:03}{'x' * 2500}" for number in range(500)]


def write_table(project: Project) -> None:
    """Write labels so long that the table, and the archive, are above 1 MB."""
    rows = ["image,scene,sea,grass," + ",".join(LONG_LABELS)]
    for image in IMAGES:
        flags = f"{int(image[0] == 'p')},{int(image[0] == 'f')}"
        rows.append(f"{image},{image[:4]},{flags}" + ",1" * len(LONG_LABELS))
    project.path("mine.csv").write_text("\n".join(rows) + "\n")


def prepared(folder: Path) -> Project:
    """Make an archive whose label table and query image are above 1 MB, with a split file."""
    project = with_own_archive(Project.copied_to(folder))
    write_table(project)
    subsets = [f"{image},{'test' if image[-1] in '34' else 'train'}" for image in IMAGES]
    project.path("split.csv").write_text("\n".join(["image,subset", *subsets, ""]))
    weights = timm.create_model(NETWORK).state_dict()
    torch.save(weights, project.path("own.pth"))
    Image.effect_noise((1200, 1000), 50).save(project.path("noise.png"))
    return project.configure(
        {
            "backbones": {"own": {"library": "timm", "network": NETWORK, "weights": "own.pth"}},
            "split": {"method": "file", "file": "split.csv"},
            "queries": {"noise": "noise.png"},
        }
    )


@pytest.fixture(scope="module")
def whole(made_once: Callable[..., tuple[Project, Outcome]]) -> Project:
    project, outcome = made_once("refused", prepared, *TARGETS)
    assert outcome.status == 0, outcome.text
    assert project.path("mine.csv").stat().st_size > 1e6
    assert project.path("noise.png").stat().st_size > 1e6
    return project


@dataclass(frozen=True)
class Case:
    """A file, what spoils it, and what the line says; or a config that does not fit."""

    message: str
    file: str = ""
    spoil: Callable[[bytes], bytes] = lambda content: content
    config: dict[str, Any] = field(default_factory=dict)


CASES = {
    "name in a large label table": Case(
        "1 of 10 rows without an image: 'farmX'",
        "mine.csv",
        lambda content: content.replace(b"farm3", b"farmX", 1),
    ),
    "image": Case("mine/farm0.png: ", "mine/farm0.png", lambda content: content[:20]),
    "split file": Case(
        "1 of 11 rows name images that the archive does not have: 'lake'",
        "split.csv",
        lambda content: content + b"lake,test\n",
    ),
    "split file that leaves too few images": Case(
        "retrieval.database: test has 1 images; two are needed",
        "split.csv",
        lambda content: content.replace(b"test", b"train", 3),
    ),
    "large query image": Case(
        "noise.png: ", "noise.png", lambda content: content[: len(content) // 2]
    ),
    "weights": Case("own.pth: ", "own.pth", lambda content: content[: len(content) // 2]),
    "cutoff": Case("retrieval.cutoffs: 50 is more than", config={"retrieval": {"cutoffs": [50]}}),
}


def change_the_last_label(project: Project, value: str) -> None:
    table = project.path("mine.csv")
    table.write_text(table.read_text()[:-2] + value + "\n")


def states(project: Project) -> dict[str, tuple[int, bytes]]:
    paths = [path for path in project.made() if "/.snakemake" not in path]
    return {
        path: (project.path(path).stat().st_mtime_ns, project.path(path).read_bytes())
        for path in paths
    }


@pytest.mark.parametrize("name", CASES)
def test_a_refused_input_leaves_all_results_and_nothing_to_do_once_mended(
    whole: Project, tmp_path: Path, name: str
) -> None:
    case = CASES[name]
    project = whole.clone(tmp_path / "copy")
    before = states(project)
    content = project.path(case.file).read_bytes() if case.file else b""
    if case.file:
        project.path(case.file).write_bytes(case.spoil(content))
    else:
        project.configure(case.config)
    if name == "image":  # which is read again only with another label table
        change_the_last_label(project, "0")

    refused = project.run("--cores", "1", *TARGETS)
    assert refused.status != 0
    assert len([line for line in refused.errors if case.message in line]) == 1, refused.text
    assert states(project) == before
    assert project.plan(*TARGETS).jobs != {}  # a refusal is not taken for a result

    if case.file:
        project.path(case.file).write_bytes(content)
    else:
        project.path("config/own-2.yaml").unlink()
    if name == "image":
        change_the_last_label(project, "1")
    assert project.plan(*TARGETS).jobs == {}


def test_a_sound_change_of_a_large_table_is_not_missed(whole: Project, tmp_path: Path) -> None:
    project = whole.clone(tmp_path / "copy")
    change_the_last_label(project, "0")
    assert project.plan("results/mine/split.csv").jobs == {"archive": 1, "split": 1}
    change_the_last_label(project, "1")
    assert project.plan("results/mine/split.csv").jobs == {}


def test_labels_in_a_folder_are_compared_by_their_bytes(mine: Project) -> None:
    folder = mine.path("labels")
    folder.mkdir()
    for image in IMAGES:
        labels = ["sea" if image[0] == "p" else "grass"]
        folder.joinpath(f"{image}.json").write_text(json.dumps({"image": image, "labels": labels}))
    mine.configure({"archives": {"mine": {"labels": "labels"}}})
    archive = mine.path("results/mine/archive.csv")
    made = mine.run("--cores", "1", "results/mine/archive.csv")
    assert made.status == 0, made.text
    before = archive.read_bytes(), archive.stat().st_mtime_ns

    file = folder / "farm0.json"
    content = file.read_bytes()
    file.write_bytes(content[:-2])
    assert mine.run("--cores", "1", "results/mine/archive.csv").status != 0
    assert (archive.read_bytes(), archive.stat().st_mtime_ns) == before
    file.write_bytes(content)
    assert mine.plan("results/mine/archive.csv").jobs == {}
    file.write_bytes(content.replace(b"grass", b"sea"))
    assert mine.plan("results/mine/archive.csv").jobs == {"archive": 1}
    file.unlink()
    assert mine.plan("results/mine/archive.csv").jobs == {"archive": 1}


def test_a_table_that_is_refused_with_its_split_is_taken_back(
    whole: Project, tmp_path: Path
) -> None:
    project = whole.clone(tmp_path / "copy")
    before = states(project)
    split = project.path("split.csv")
    content = split.read_bytes()
    change_the_last_label(project, "0")
    split.write_bytes(content + b"lake,test\n")
    refused = project.run("--set-threads", "thumbnails=1", "--cores", "2", *TARGETS)
    assert refused.status != 0
    assert "(Rule: archive)" in refused.text
    assert "(Rule: thumbnails)" in refused.text  # at the same time as the split
    assert states(project) == before

    split.write_bytes(content)
    assert project.plan(*TARGETS).jobs.keys() >= {"archive", "split", "describe", "compare"}
    change_the_last_label(project, "1")
    assert project.plan(*TARGETS).jobs == {}


def test_code_that_fails_leaves_all_results(whole: Project, tmp_path: Path) -> None:
    project = whole.clone(tmp_path / "copy")
    before = states(project)
    script = project.path("workflow/scripts/split.py")
    shutil.copy2(script, tmp_path / "split.py")
    script.write_text(
        "from pathlib import Path\n\n"
        "Path(snakemake.output[0]).write_text('half')\n"
        "raise RuntimeError\n"
    )
    assert project.run("--cores", "1", *TARGETS).status != 0
    assert states(project) == before
    shutil.copy2(tmp_path / "split.py", script)
    assert project.plan(*TARGETS).jobs == {}


def test_results_of_a_killed_run_are_not_taken_for_previous_ones(
    whole: Project, tmp_path: Path
) -> None:
    project = whole.clone(tmp_path / "copy")
    before = states(project)
    script = project.path("workflow/scripts/split.py")
    shutil.copy2(script, tmp_path / "split.py")
    script.write_text(
        "from pathlib import Path\n\nimport psutil\n\n"
        "Path(snakemake.output[0]).write_text('half')\n"
        "for process in psutil.Process().parents():\n"
        "    if process.cmdline()[1:3] == ['-m', 'snakemake']:\n"
        "        process.kill()\n"
        "psutil.Process().kill()\n"
    )
    assert project.finish(project.start("--cores", "1", *TARGETS)).status != 0
    assert project.run("--unlock").status == 0
    assert project.run("--cores", "1", "--rerun-incomplete", *TARGETS).status != 0
    shutil.copy2(tmp_path / "split.py", script)
    again = project.run("--cores", "1", "--rerun-incomplete", *TARGETS)
    assert again.status == 0, again.text
    assert again.jobs.keys() >= {"split", "retrieve", "compare"}
    assert project.made() == before.keys()
    assert (
        project.path("results/mine/split.csv").read_bytes() == before["results/mine/split.csv"][1]
    )
