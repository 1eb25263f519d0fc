"""Files of handcrafted descriptors: of an archive in one job or in shards, and of visual words."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import visual_words
from rsir.archives.archive_table import write_archive
from rsir.archives.pixels import PICTURES, write_pixel_format
from rsir.archives.synthetic import SCENES, draw_tile
from rsir.core.errors import InputError
from rsir.descriptors import shards
from rsir.descriptors.descriptor_files import read_descriptors
from rsir.descriptors.handcrafted_files import write_histograms
from rsir.descriptors.shards import join_shards


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of seven tiles, with the table of the archive, the split and the format."""
    folder = tmp_path_factory.mktemp("tiles")
    names = list(SCENES[::3])
    for name in names:
        Image.fromarray(draw_tile(name, 0, seed=0)[0]).save(folder / f"{name}.png")
    facts = {"scene": "", "width": 256, "height": 256, "sha256": "", "sea": 0}
    archive = pd.DataFrame({"image": names, "path": [f"{name}.png" for name in names], **facts})
    write_archive(archive, folder / "archive.csv")
    write_pixel_format(folder / "pixels.json", PICTURES)
    subsets = ["train"] * 4 + ["test"] * 3
    pd.DataFrame({"image": names, "subset": subsets}).to_csv(folder / "split.csv", index=False)
    return folder


def settings(network: str, seed: int = 0) -> dict[str, Any]:
    return {"library": "handcrafted", "network": network, "seed": seed}


def inputs(tiles: Path) -> tuple[Path, Path]:
    return tiles / "archive.csv", tiles / "pixels.json"


@pytest.fixture(scope="module")
def words(tiles: Path) -> Path:
    path = tiles / "words.h5"
    visual_words.main(
        *inputs(tiles), tiles / "split.csv", tiles, "own", settings("bovw_sift"), 2, path
    )
    return path


@pytest.mark.parametrize("network", ["color_histogram", "lbp", "bovw_sift"])
def test_the_descriptors_of_shards_are_those_of_one_job(
    tiles: Path, words: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: str
) -> None:
    monkeypatch.setattr(shards, "SHARD_ROWS", 2)
    images = list(SCENES[::3])

    def written(name: str, shard: str | None = None) -> Path:
        counted = words if network == "bovw_sift" else None
        path = tmp_path / name
        write_histograms(*inputs(tiles), counted, tiles, "own", settings(network), 1, path, shard)
        return path

    expected = read_descriptors(written("whole.h5"), images)["histogram"]
    assert len(np.unique(expected, axis=0)) == len(images)
    for number in (3, 7):  # of seven shards of two images, three have none
        names = [f"{part}-of-{number}" for part in range(1, number + 1)]
        parts = [written(f"{name}.h5", name) for name in names]
        join_shards(parts, images, {}, tmp_path / "joined.h5")
        joined = read_descriptors(tmp_path / "joined.h5", images)["histogram"]
        assert joined.tobytes() == expected.tobytes()


def test_words_of_another_seed_are_refused(tiles: Path, words: Path, tmp_path: Path) -> None:
    of_seed_1 = settings("bovw_sift", seed=1)
    with pytest.raises(InputError, match=r"words\.h5: its backbone_settings is .*run again"):
        write_histograms(*inputs(tiles), words, tiles, "own", of_seed_1, 1, tmp_path / "own.h5")
