"""A picture that is not in the archive, asked by the command and as a target."""

import os
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from forks import FORKS
from project import ROOT, SCRIPTS, Outcome, Project

NETWORK = ("--archive", "sample", "--backbone", "efficientnet_lite0")
TUNED = ("--model", "multi_label-seed0", "--descriptor", "output")


@pytest.fixture(scope="module")
def results(small_run: tuple[Project, Outcome]) -> Path:
    project, outcome = small_run
    assert outcome.status == 0, outcome.text
    return project.path("results")


def query(
    folder: Path, results: Path, query_image: Path, *arguments: str, fork: bool = True
) -> subprocess.CompletedProcess[str]:
    """Query in a folder whose results are links, so that the answer stays apart."""
    own = folder / "results" / "sample"
    if not own.exists():
        own.mkdir(parents=True)
        for part in (results / "sample").iterdir():
            (own / part.name).symlink_to(part)
    command = ("query", str(query_image), *arguments)
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    if fork:
        return FORKS.run(
            ROOT / "tests" / "run_rsir.py", command, folder=folder, environment=environment
        )
    return subprocess.run(
        [sys.executable, "-m", "rsir", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("tile", "angle"),
    [("harbor/harbor00", 90), ("runway/runway01", 180), ("parkinglot/parkinglot02", 270)],
)
def test_a_turned_and_compressed_copy_finds_its_tile_first(
    results: Path, tmp_path: Path, tile: str, angle: int
) -> None:
    with Image.open(results / "sample" / "tiles" / "Images" / f"{tile}.png") as image:
        image.rotate(angle).save(tmp_path / "copy.jpg", quality=50)
    process = query(tmp_path, results, tmp_path / "copy.jpg", *NETWORK, "--top", "3")
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    answer = tmp_path / "results/sample/adhoc/copy/efficientnet_lite0/off_the_shelf"
    hits = pd.read_csv(answer.with_suffix(".csv"))
    assert hits["image"][0] == tile.split("/")[1]
    assert hits["rank"].tolist() == [1, 2, 3]
    assert hits["similarity"].is_monotonic_decreasing
    assert hits["image"][0] in process.stdout.splitlines()[1]
    assert "predicted" not in process.stdout
    with Image.open(answer.with_suffix(".png")) as sheet:
        sheet.load()
    assert hits["image"][2] in answer.with_suffix(".html").read_text(encoding="utf-8")


def test_a_fine_tuned_model_says_what_is_on_the_picture(results: Path, tmp_path: Path) -> None:
    archive = pd.read_csv(results / "sample" / "archive.csv")
    row = archive.iloc[0]  # the first of each scene train
    query_image = results / "sample" / "tiles" / row["path"]
    process = query(tmp_path, results, query_image, *NETWORK, *TUNED, fork=False)
    assert process.returncode == 0, process.stderr
    (line,) = [one for one in process.stdout.splitlines() if one.startswith("predicted: ")]
    labels = {label for label in archive.columns[6:] if row[label]}
    assert labels & {word.split(" (")[0] for word in line.removeprefix("predicted: ").split(", ")}
    assert f"adhoc/{row['image']}/efficientnet_lite0/multi_label-seed0-output.html" in (
        process.stdout
    )


def chunks(parts: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return a PNG of these chunks."""
    packed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def huge_png() -> bytes:
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return chunks([(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")])


@pytest.mark.parametrize(
    ("name", "flaw"),
    [
        ("text.txt", "not an image in"),
        ("half.jpg", "cannot be decoded"),
        (
            "huge.png",
            "50000×50000 pixels, more than the limit of 80,000,000; cut it into tiles",
        ),
        ("none.png", "no such image; correct the path"),
    ],
)
def test_what_is_no_usable_picture_is_refused_in_one_line(
    results: Path, tmp_path: Path, name: str, flaw: str
) -> None:
    query_image = tmp_path / name
    if name == "text.txt":
        query_image.write_text("a beach")
    if name == "half.jpg":
        tile = results / "sample" / "tiles" / "Images" / "beach" / "beach00.png"
        with Image.open(tile) as image:
            image.save(query_image, quality=95)
        query_image.write_bytes(query_image.read_bytes()[:5000])
    if name == "huge.png":
        query_image.write_bytes(huge_png())
    process = query(tmp_path, results, query_image, *NETWORK)
    assert process.returncode == 1
    assert process.stdout == ""
    assert process.stderr.count("\n") == 1
    assert process.stderr.startswith(f"rsir: {query_image}: {flaw}")
    assert not (tmp_path / "results/sample/adhoc").exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            (*NETWORK[:3], "resnet50"),
            "results/sample/descriptors/resnet50/off_the_shelf.h5: does not exist yet; run: "
            "snakemake --cores all results/sample/descriptors/resnet50/off_the_shelf.h5 "
            "--configfile config/own-0.yaml",
        ),
        (
            (*NETWORK, "--descriptor", "ouput"),
            "results/sample/descriptors/efficientnet_lite0/off_the_shelf.h5: there is no "
            "descriptor 'ouput'; choose from output, pool",
        ),
        (
            (*NETWORK, "--model", "multi_label"),
            "--model multi_label: the seed is missing; name one, as in multi_label-seed0",
        ),
    ],
    ids=["not made", "no such descriptor", "no seed"],
)
def test_what_cannot_be_asked_is_said_in_one_line(
    results: Path, tmp_path: Path, arguments: tuple[str, ...], line: str
) -> None:
    query_image = results / "sample" / "tiles" / "Images" / "beach" / "beach00.png"
    process = query(tmp_path, results, query_image, *arguments)
    assert process.returncode == 1
    assert process.stderr.startswith(f"rsir: {line}")
    assert process.stderr.count("\n") == 1
    assert not (tmp_path / "results/sample/adhoc").exists()


def test_a_named_picture_is_a_target(finished: Project) -> None:
    tile = finished.path("results/sample/tiles/Images/beach/beach00.png")
    shutil.copy2(tile, finished.path("quay.png"))
    finished.configure({"queries": {"quay": "quay.png"}})
    target = "results/sample/queries/quay/efficientnet_lite0/multi_label-seed0.html"
    made = finished.make(target)
    assert made.status == 0, made.text
    assert made.jobs == {"query": 1}
    hits = pd.read_csv(finished.path(target).with_suffix(".csv"))
    assert hits["image"][0] == "beach00"
    assert hits["similarity"][0] == pytest.approx(1, abs=1e-4)
    assert len(hits) == 10  # the largest cutoff

    missing = finished.configure({"queries": {"pier": "pier.png"}}).plan(
        target.replace("quay", "pier")
    )
    assert missing.status != 0
    assert "config: queries.pier: pier.png does not exist (config/own-" in missing.text
    unknown = finished.plan(target.replace("quay", "qay"))
    assert "there is no query 'qay'; did you mean quay?" in unknown.text
