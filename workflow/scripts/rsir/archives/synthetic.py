"""The sample archive: synthetic aerial tiles of the UC Merced classes with exact labels.

It lets the pipeline run without a download. The labels are correct by construction: they are
derived from the land cover of the pixels (see `synthetic_scenes.drawing`).
"""

import csv
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsir.archives.synthetic_scenes.countryside import (
    agricultural,
    beach,
    chaparral,
    forest,
    golf_course,
    river,
)
from rsir.archives.synthetic_scenes.drawing import SURFACES, Canvas
from rsir.archives.synthetic_scenes.settlement import (
    ball_park,
    buildings,
    dense_residential,
    medium_residential,
    mobile_home_park,
    sparse_residential,
    storage_tanks,
    tennis_courts,
)
from rsir.archives.synthetic_scenes.transport import (
    airplane_stand,
    freeway,
    harbor,
    intersection,
    overpass,
    parking_lot,
    runway,
)
from rsir.core.files import written_whole
from rsir.core.processes import in_processes

_DRAW: dict[str, Callable[[Canvas], None]] = {
    "agricultural": agricultural,
    "airplane": airplane_stand,
    "baseballdiamond": ball_park,
    "beach": beach,
    "buildings": buildings,
    "chaparral": chaparral,
    "denseresidential": dense_residential,
    "forest": forest,
    "freeway": freeway,
    "golfcourse": golf_course,
    "harbor": harbor,
    "intersection": intersection,
    "mediumresidential": medium_residential,
    "mobilehomepark": mobile_home_park,
    "overpass": overpass,
    "parkinglot": parking_lot,
    "river": river,
    "runway": runway,
    "sparseresidential": sparse_residential,
    "storagetanks": storage_tanks,
    "tenniscourt": tennis_courts,
}

SCENES = tuple(_DRAW)
LABELS = tuple(SURFACES)


def draw_tile(scene: str, index: int, seed: int) -> tuple[NDArray[np.uint8], frozenset[str]]:
    """Draw one tile, which depends on the arguments only.

    Returns
    -------
    The tile, a 256 × 256 × 3 array, and the labels of its visible land covers.
    """
    canvas = Canvas(np.random.default_rng([seed, SCENES.index(scene), index]))
    _DRAW[scene](canvas)
    return canvas.render(), canvas.labels()


def write_sample(folder: Path, images_per_scene: int, seed: int, workers: int = 1) -> None:
    """Write Images/<scene>/<scene>NN.png and labels.csv (image, scene, then 0/1 per label).

    The tiles are drawn by at most `workers` processes, with the same bytes for any number.
    """
    digits = max(2, len(str(images_per_scene - 1)))

    def write(place: tuple[str, int]) -> list[str | int]:
        scene, index = place
        tile, labels = draw_tile(scene, index, seed)
        image = f"{scene}{index:0{digits}}"
        with written_whole(folder / "Images" / scene / f"{image}.png") as png:
            Image.fromarray(tile).save(png, compress_level=1)
        return [image, scene, *(int(label in labels) for label in LABELS)]

    places = list(product(SCENES, range(images_per_scene)))
    with written_whole(folder / "labels.csv") as partial, partial.open("w", newline="") as table:
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(["image", "scene", *LABELS])
        rows.writerows(in_processes(write, places, workers, "synthetic", "tile"))
