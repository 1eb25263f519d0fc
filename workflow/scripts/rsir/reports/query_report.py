"""The report of a query by example: a table, a contact sheet, and a page."""

import io
import textwrap
from base64 import b64encode
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from rsir.archives.archive_table import read_archive
from rsir.archives.pixels import PICTURES, ArchiveImages, PixelFormat, read_pixel_format
from rsir.archives.thumbnails import LONGER_SIDE, read_thumbnails, thumbnail
from rsir.core.errors import InputError
from rsir.core.files import written_whole
from rsir.evaluation.tables import write_table
from rsir.reports.html_page import rendered
from rsir.reports.model_files import ModelFiles
from rsir.reports.query_by_example import QueryResult, query_by_example
from rsir.training.predictions import THRESHOLD

COLUMNS = 5
MARGIN, LINE = 12, 15  # pixels


def write_query_report(
    query_image: Path,
    files: ModelFiles,
    descriptor: str | None,
    top: int,
    threads: int,
    use_index: bool,
    template: Path,
    table: Path,
    sheet: Path,
    page: Path,
) -> QueryResult:
    """Run a query by example, and write its result as CSV, PNG and HTML.

    Raises
    ------
    InputError
        If the query image or a result cannot be used, or a result does not exist yet.
    """
    if not query_image.exists():
        raise InputError(f"{query_image}: no such image; correct the path")
    images = read_archive(files.archive_file("archive.csv"))
    query = query_as_archive(query_image, read_pixel_format(files.archive_file("pixels.json")))
    thumbnails, image = files.archive_file("thumbnails.h5"), query[0]
    result = query_by_example(query, images, files, descriptor, top, threads, use_index)
    rows = result.hits["row"].to_numpy()
    jpegs = list(read_thumbnails(thumbnails, images["image"].to_numpy(), rows))
    model = files.model.partition("+")[0]
    title = f"{files.backbone} · {model} · {result.descriptor} · {result.search}"
    write_table(table, _flat(result.hits))
    with written_whole(sheet) as partial:
        contact_sheet(query_image.name, image, title, result, jpegs).save(partial)
    with written_whole(page) as partial:
        html = as_page(template, query_image.name, image, title, result, jpegs)
        partial.write_text(html, encoding="utf-8")
    return result


def query_as_archive(query_image: Path, pixel_format: PixelFormat) -> ArchiveImages:
    """Return a query image, of an archive's bands or an 8-bit picture, as the only one.

    Raises
    ------
    InputError
        If it is neither.
    """
    place, names = query_image.parent, [query_image.name]
    of_archive = ArchiveImages(place, names, pixel_format)
    try:
        of_archive.select(pixel_format.bands)[0]
    except InputError:
        if pixel_format.of_pictures or not query_image.is_file():
            raise
        picture = ArchiveImages(place, names, PICTURES)
        picture[0]
        return picture
    return of_archive


def as_text(result: QueryResult) -> str:
    """Return a result as a table for a terminal, with prediction and search below it."""
    text = _flat(result.hits).to_string(index=False, float_format="{:.3f}".format)
    lines = [] if result.predicted is None else [prediction(result.predicted)]
    return "\n".join([text, "", *lines, f"search: {result.search}"])


def prediction(predicted: dict[str, float]) -> str:
    """Return a prediction as a line of text."""
    if not predicted:
        return f"predicted: no label with a probability of {THRESHOLD} or more"
    return "predicted: " + ", ".join(f"{name} ({p:.2f})" for name, p in predicted.items())


def contact_sheet(
    name: str,
    image: NDArray[np.uint8],
    title: str,
    result: QueryResult,
    jpegs: Sequence[bytes],
) -> Image.Image:
    """Draw a query image, and below it its hits with rank, similarity, id and scene.

    `jpegs` are the thumbnails of the hits.
    """
    hits, predicted = result.hits, result.predicted
    plain, strong = _font("DejaVuSans.ttf"), _font("DejaVuSans-Bold.ttf")
    cell = LONGER_SIDE + MARGIN
    rows = -(-len(hits) // COLUMNS)
    head = LONGER_SIDE + 2 * MARGIN
    size = (COLUMNS * cell + MARGIN, head + rows * (cell + 3 * LINE) + MARGIN)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    sheet.paste(Image.open(io.BytesIO(thumbnail(image))), (MARGIN, MARGIN))
    lines = [name, *textwrap.wrap(title, 60)]
    lines += [] if predicted is None else textwrap.wrap(prediction(predicted), 60)
    for number, text in enumerate(lines[:9]):
        place = (LONGER_SIDE + 2 * MARGIN, MARGIN + number * LINE)
        draw.text(place, text, "black", strong if number == 0 else plain)
    for number, (hit, jpeg) in enumerate(zip(hits.to_dict("records"), jpegs, strict=True)):
        left = MARGIN + number % COLUMNS * cell
        top = head + number // COLUMNS * (cell + 3 * LINE)
        sheet.paste(Image.open(io.BytesIO(jpeg)), (left, top))
        caption = (f"{hit['rank']}   {hit['similarity']:.3f}", hit["image"], hit["scene"])
        for line, text in enumerate(caption):
            place = (left, top + LONGER_SIDE + 2 + line * LINE)
            draw.text(place, _fitted(text, plain), "black", strong if line == 0 else plain)
    return sheet


def as_page(
    template: Path,
    name: str,
    image: NDArray[np.uint8],
    title: str,
    result: QueryResult,
    jpegs: Sequence[bytes],
) -> str:
    """Return the content of the contact sheet as a self-contained HTML page."""
    hits = [
        {**row, "thumbnail": _address(jpeg)}
        for row, jpeg in zip(result.hits.to_dict("records"), jpegs, strict=True)
    ]
    return rendered(
        template,
        name=name,
        title=title,
        query_image=_address(thumbnail(image)),
        hits=hits,
        predicted=result.predicted,
        threshold=THRESHOLD,
    )


def _flat(hits: pd.DataFrame) -> pd.DataFrame:
    return hits.assign(labels=hits["labels"].map("; ".join)).drop(columns="row")


def _address(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"


def _font(name: str) -> ImageFont.FreeTypeFont:
    """Return a font of matplotlib, which covers many scripts, without importing matplotlib."""
    spec = find_spec("matplotlib")
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    return ImageFont.truetype(folder / "mpl-data" / "fonts" / "ttf" / name, 11)


def _fitted(text: str, font: ImageFont.FreeTypeFont) -> str:
    """Truncate a text to the width of a thumbnail."""
    if font.getlength(text) <= LONGER_SIDE:
        return text
    while text and font.getlength(f"{text}…") > LONGER_SIDE:
        text = text[:-1]
    return f"{text}…"
