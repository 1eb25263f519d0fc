"""A user's own archive: a folder of tiles in 3 scenes, and a table of 4 of their labels."""

import csv
import itertools
import shutil
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from rsir.archives.synthetic import draw_tile

LABELS = ("cars", "pavement", "sand", "trees")
SCENES = ("beach", "forest", "parkinglot")


def write_tiles(folder: Path, labels: Path, *, scenes: bool, per_scene: int = 5) -> None:
    """Write the tiles to a new folder, and their table, with their scenes or without."""
    folder.mkdir()
    rows = []
    for scene, index in itertools.product(SCENES, range(per_scene)):
        tile, seen = draw_tile(scene, index, seed=0)
        Image.fromarray(tile).save(folder / f"{scene}{index}.png")
        flags = {label: int(label in seen) for label in LABELS}
        rows.append({"image": f"{scene}{index}", **({"scene": scene} if scenes else {}), **flags})
    with labels.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)


def copy_tiles(folder: Path, labels: Path, tiles: Sequence[str]) -> None:
    """Add a copy of each of these tiles, with its labels, whose name ends with `copy`."""
    rows = labels.read_text(encoding="utf-8").splitlines()
    copies = [
        row.replace(tile, f"{tile}copy", 1)
        for tile in tiles
        for row in rows
        if row.startswith(f"{tile},")
    ]
    for tile in tiles:
        shutil.copyfile(folder / f"{tile}.png", folder / f"{tile}copy.png")
    labels.write_text("\n".join([*rows, *copies, ""]), encoding="utf-8")
