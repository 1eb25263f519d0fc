"""An archive of synthetic tiles, as in the default run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

import archive
from rsir.archives.archive_table import read_archive
from rsir.archives.pixels import PICTURES, ArchiveImages
from rsir.archives.synthetic import write_sample
from rsir.networks.weight_receipt import write_record

SETTINGS = {
    "efficientnet_lite0": {"library": "timm", "network": "tf_efficientnet_lite0"},
    "vit_small": {"library": "timm", "network": "vit_small_patch16_224"},
    "resnet50": {"library": "torchvision", "network": "resnet50"},
    "inception_v3": {"library": "torchvision", "network": "inception_v3"},
    "vgg16": {"library": "torchvision", "network": "vgg16"},
}
"""The backbones to measure, with random weights, which take as long as pretrained ones."""


@dataclass(frozen=True)
class Tiles:
    """An archive: the folder of tiles and results, the archive table and the weights record."""

    root: Path
    file: Path
    pixels: Path
    weights: Path

    @property
    def table(self) -> pd.DataFrame:
        """The archive table."""
        return read_archive(self.file)

    @property
    def images(self) -> ArchiveImages:
        """The images."""
        return ArchiveImages(self.root, self.table["path"], PICTURES)

    @property
    def paths(self) -> list[Path]:
        """The image files."""
        return [self.root / path for path in self.table["path"]]


@contextmanager
def synthetic_tiles(images_per_scene: int) -> Iterator[Tiles]:
    """Write an archive of 21 synthetic scenes to a temporary folder."""
    with TemporaryDirectory() as name:
        root = Path(name)
        tiles = Tiles(root, root / "archive.csv", root / "pixels.json", root / "weights.json")
        write_sample(tiles.root, images_per_scene, seed=0)
        attributes = tiles.root / "attributes.csv"
        archive.main(root, {"kind": "synthetic"}, 1, tiles.file, attributes, tiles.pixels)
        write_record(tiles.weights, None)
        yield tiles


def repeated(tiles: Tiles, times: int) -> Tiles:
    """Return an archive that has each tile several times, under names of their own."""
    table = pd.concat([tiles.table] * times, ignore_index=True)
    table["image"] = [f"{name}-{row}" for row, name in enumerate(table["image"])]
    file = tiles.root / "repeated.csv"
    table.to_csv(file, index=False, lineterminator="\n")
    return replace(tiles, file=file)


def settings(backbone: str) -> dict[str, Any]:
    """Return the config entry of a backbone."""
    return {**SETTINGS[backbone], "weights": "random"}
