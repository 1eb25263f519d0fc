r"""UC Merced Land Use with its multi-labels: its sources and its folder layout.

The tiles are by Y. Yang and S. Newsam, *Bag-of-visual-words and spatial extensions for land-use
classification*, ACM GIS 2010; the labels by B. Chaudhuri, B. Demir, S. Chaudhuri and L. Bruzzone,
*Multilabel remote sensing image retrieval using a semisupervised graph-theoretic method*, IEEE
TGRS 56(2), 2018.
"""

from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pandas as pd

from rsir.archives.image_files import find_images
from rsir.archives.label_table import add_paths, read_labels
from rsir.core.download import download
from rsir.core.errors import InputError, first_few
from rsir.core.files import sha256
from rsir.core.unzip import unpack


class Source(NamedTuple):
    """A zip archive, its addresses and its digest."""

    file: str
    urls: tuple[str, ...]
    sha256: str


IMAGES = Source(
    "UCMerced_LandUse.zip",
    (
        "http://weegee.vision.ucmerced.edu/datasets/UCMerced_LandUse.zip",
        "https://hf.co/datasets/torchgeo/ucmerced/resolve/"
        "7c5ef3454d9b1cccfa7ccde0c01fc8f00a45909a/UCMerced_LandUse.zip",
    ),
    "06c539ef28703a58fb07bd2837991ac7c48b813b00bb12ac197efd813a18daeb",
)
LABELS = Source(
    "multilabels.zip",
    ("https://bigearth.eu/assets/docs/multilabels.zip",),
    "65dcd64d619975ff28bbd15447c70df23a5ee9ebe40335b364af6b3e211943e6",
)

IMAGE_FOLDER = "Images"
LABEL_FILE = "LandUse_Multilabeled.txt"

SCENES = (
    "agricultural",
    "airplane",
    "baseballdiamond",
    "beach",
    "buildings",
    "chaparral",
    "denseresidential",
    "forest",
    "freeway",
    "golfcourse",
    "harbor",
    "intersection",
    "mediumresidential",
    "mobilehomepark",
    "overpass",
    "parkinglot",
    "river",
    "runway",
    "sparseresidential",
    "storagetanks",
    "tenniscourt",
)
LABEL_NAMES = (
    "airplane",
    "bare-soil",
    "buildings",
    "cars",
    "chaparral",
    "court",
    "dock",
    "field",
    "grass",
    "mobile-home",
    "pavement",
    "sand",
    "sea",
    "ship",
    "tanks",
    "trees",
    "water",
)

_UNPACKED_BYTES = 1_000_000_000
"""Limit of the unpacked size, more than twice the size of the tiles."""


def download_ucmerced(root: Path, images: Source = IMAGES, labels: Source = LABELS) -> pd.DataFrame:
    """Download the tiles and their labels if they are missing.

    Existing files are never replaced or deleted: a folder `Images`, a label file or a zip archive
    that the user put below the root is used. The zip archives are kept.

    Parameters
    ----------
    root
        The folder of `Images/<scene>/*.tif` and `LandUse_Multilabeled.txt`.
    images, labels
        Their zip archives.

    Returns
    -------
    DataFrame
        Columns `file`, `source` (its addresses, or `already there`) and `sha256` (empty for a
        folder), a row for the images and a row for the labels.

    Raises
    ------
    InputError
        If a file cannot be downloaded or unpacked.
    """
    tile = rf"{IMAGE_FOLDER}/(?:{'|'.join(SCENES)})/[a-z]+[0-9]+\.tif"
    return pd.DataFrame(
        [
            _provide(root / IMAGE_FOLDER, images, tile),
            _provide(root / LABEL_FILE, labels, LABEL_FILE.replace(".", r"\.")),
        ],
        columns=["file", "source", "sha256"],
    )


def read_ucmerced(root: Path) -> pd.DataFrame:
    """Read the labels of the tiles from the original label file.

    A part of the archive is accepted if its tiles agree with the rows of the file.

    Returns
    -------
    DataFrame
        The columns `image`, `path` (below the root), `scene` (the tile's folder), then the
        labels; in the order of the label file.

    Raises
    ------
    InputError
        If tiles and labels cannot be read, do not agree, or are not those of UC Merced.
    """
    path = root / LABEL_FILE
    table = read_labels(path, separator="\t", image_column=r"IMAGE\LABEL")
    if (names := tuple(table.columns[2:])) != LABEL_NAMES:
        unknown = [name for name in names if name not in LABEL_NAMES]
        raise InputError(
            f"{path}: its labels are not the 17 of UC Merced in their order "
            f"({first_few(unknown or names)}); get the original file "
            "or use an archive of kind table"
        )
    table = add_paths(table, find_images(root, IMAGE_FOLDER), path)
    table["scene"] = [PurePosixPath(tile).parent.name for tile in table["path"]]
    if unknown := sorted(set(table["scene"]) - set(SCENES)):
        raise InputError(
            f"{root / IMAGE_FOLDER}: {first_few(unknown)} is not a scene of UC Merced; "
            "arrange the tiles as Images/<scene>/*.tif"
        )
    return table


def _provide(target: Path, source: Source, pattern: str) -> tuple[str, str, str]:
    """Download and unpack a file or folder if it is missing, and return its row of the receipt.

    It is unpacked into a temporary folder and then moved, so it is never incomplete.
    """
    if target.exists():
        return target.name, "already there", sha256(target) if target.is_file() else ""
    archive = target.with_name(source.file)
    origin = "already there" if archive.exists() else " ".join(source.urls)
    download(source.urls, archive, source.sha256)
    with TemporaryDirectory(dir=target.parent, prefix=".unpacking-") as folder:
        unpack(archive, f"(?:.*/)?({pattern})", Path(folder), _UNPACKED_BYTES)
        (Path(folder) / target.name).rename(target)
    return source.file, origin, sha256(archive)
