"""A small gallery of synthetic tiles."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from project import ROOT
from rsir.archives.pixels import PICTURES, ArchiveImages
from rsir.archives.synthetic import LABELS, draw_tile
from rsir.archives.thumbnails import make_thumbnails, write_thumbnails
from rsir.evaluation.scores import query_scores
from rsir.evaluation.tables import write_table
from rsir.reports.gallery import gallery_data, read_run, write_gallery
from rsir.search.exact import rank
from rsir.search.protocol import Search
from rsir.search.ranking_file import write_rankings

TEMPLATE = ROOT / "workflow" / "pages" / "gallery.html"
SCENES = ("airplane", "harbor", "river", "runway")
TILES = 6  # of each scene, of which the first two are not queries
CUTOFF = 5


def draw_archive(root: Path) -> pd.DataFrame:
    """Draw the tiles of all scenes, and return their table."""
    rows = []
    for scene in SCENES:
        for index in range(TILES):
            tile, labels = draw_tile(scene, index, seed=0)
            image = f"{scene}{index:02}"
            Image.fromarray(tile).save(root / f"{image}.png")
            flags = [int(label in labels) for label in LABELS]
            rows.append([image, f"{image}.png", scene, 256, 256, "0" * 64, *flags])
    columns = ["image", "path", "scene", "width", "height", "sha256", *LABELS]
    return pd.DataFrame(rows, columns=columns)


def descriptors(root: Path, archive: pd.DataFrame) -> dict[tuple[str, int | None, str], np.ndarray]:
    """Return mean colours as off-the-shelf descriptors, noisy labels as fine-tuned ones."""
    tiles = np.stack([np.asarray(Image.open(root / path)) for path in archive["path"]])
    cells = tiles.reshape(len(tiles), 4, 64, 4, 64, 3).mean((2, 4))
    colors = cells.reshape(len(tiles), -1).astype(np.float32)
    noise = np.random.default_rng(0).uniform(0, 0.4, (len(tiles), len(LABELS)))
    flags = archive.iloc[:, 6:].to_numpy(np.float32)
    return {
        ("off_the_shelf", None, "output"): 255 - colors,
        ("off_the_shelf", None, "pool"): colors - 100,
        ("multi_label", 0, "output"): (flags + noise).astype(np.float32),
        ("multi_label", 0, "pool"): (flags + 2 * noise).astype(np.float32),
    }


def make_gallery(
    root: Path,
    archive: pd.DataFrame,
    folder: Path,
    name: str = "tiles",
    places: np.ndarray | None = None,
) -> Path:
    """Write a gallery: all but the first two images of each scene query all images."""
    images = archive["image"].to_numpy(str)
    rows = np.arange(len(archive))
    search = Search(rows[rows % TILES > 1], rows)
    files = []
    for (labeling, seed, descriptor), values in descriptors(root, archive).items():
        ranked = {descriptor: rank(values, search.queries, search.database, len(rows))}
        attributes = {"backbone": "net", "labeling": labeling, "seed": seed}
        rankings, scores = (folder / f"{labeling}.{descriptor}.{kind}" for kind in ("h5", "csv"))
        write_rankings(rankings, images, search, ranked, {descriptor: 4}, attributes)
        positions = {descriptor: ranked[descriptor][0]}
        table = query_scores(archive, search, positions, [CUTOFF], "net", labeling, seed)
        write_table(scores, table)
        files.append((rankings, scores))
    (folder / "archive.csv").write_text("image\n")
    thumbnails = folder / "thumbnails.h5"
    jpegs = make_thumbnails(ArchiveImages(root, archive["path"], PICTURES), 2)
    write_thumbnails(thumbnails, folder / "archive.csv", images, jpegs)
    run = read_run(archive, *zip(*files, strict=True))
    page = folder / "gallery" / "index.html"
    write_gallery(page, TEMPLATE, gallery_data(name, archive, *run, thumbnails, places))
    return page
