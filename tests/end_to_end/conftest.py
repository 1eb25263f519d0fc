import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from rsir.sample import draw_tile

LABELS = ("cars", "pavement", "sand", "trees")
TILES = [(scene, index) for scene in ("beach", "forest", "parkinglot") for index in range(5)]


@pytest.fixture(scope="session")
def write_tiles() -> Callable[..., None]:
    """Return what writes a folder of 15 tiles in 3 scenes, and a table of 4 of their labels."""

    def write(folder: Path, labels: Path, *, scenes: bool) -> None:
        folder.mkdir()
        rows = []
        for scene, index in TILES:
            tile, seen = draw_tile(scene, index, seed=0)
            Image.fromarray(tile).save(folder / f"{scene}{index}.png")
            flags = {label: int(label in seen) for label in LABELS}
            rows.append(
                {"image": f"{scene}{index}", **({"scene": scene} if scenes else {}), **flags}
            )
        with labels.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, rows[0])
            table.writeheader()
            table.writerows(rows)

    return write
