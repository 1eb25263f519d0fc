"""What a picture found, to look at: a table, a contact sheet, and a page."""

import io
import textwrap
from base64 import b64encode
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from rsir.archives.archive_table import read_archive
from rsir.archives.pixels import read_image
from rsir.archives.thumbnails import LONGER_SIDE, read_thumbnails, thumbnail
from rsir.core.errors import InputError
from rsir.core.files import written_whole
from rsir.core.hdf5 import read_attributes
from rsir.evaluation.tables import write_table
from rsir.reports.html_page import rendered
from rsir.reports.query_by_example import SURE, Answer, ask

COLUMNS = 5
MARGIN, LINE = 12, 15  # pixels


def answer(
    photo: Path,
    archive: Path,
    thumbnails: Path,
    descriptors: Path,
    weights: Path | None,
    models: Path | None,
    descriptor: str | None,
    top: int,
    threads: int,
    template: Path,
    table: Path,
    sheet: Path,
    page: Path,
) -> Answer:
    """Query by an image (see `rsir.reports.query_by_example`), and write CSV, PNG and HTML.

    Raises
    ------
    InputError
        If the picture or a result cannot be used, or a result was not made yet.
    """
    if not photo.is_file():
        raise InputError(f"{photo}: no such picture; correct the path")
    asked = read_image(photo)
    for needed in (archive, thumbnails, descriptors, models):
        if needed is not None and not needed.exists():
            raise InputError(f"{needed}: not made yet; run: snakemake --cores all {needed}")
    images = read_archive(archive)
    given = ask(photo, images, descriptors, weights, models, descriptor, top, threads)
    rows = given.found["row"].to_numpy()
    jpegs = read_thumbnails(thumbnails, images["image"].to_numpy(), rows)
    facts = read_attributes(descriptors)
    seed = f"-seed{facts['seed']}" if "seed" in facts else ""
    title = f"{facts['backbone']} · {facts['labeling']}{seed} · {given.descriptor}"
    write_table(table, _flat(given.found))
    with written_whole(sheet) as partial:
        contact_sheet(photo.name, asked, title, given, jpegs).save(partial)
    with written_whole(page) as partial:
        html = as_page(template, photo.name, asked, title, given, jpegs)
        partial.write_text(html, encoding="utf-8")
    return given


def as_text(given: Answer) -> str:
    """Return an answer as a table for a terminal, and what is predicted below it."""
    text = _flat(given.found).to_string(index=False, float_format="{:.3f}".format)
    return text if given.predicted is None else f"{text}\n\n{prediction(given.predicted)}"


def prediction(predicted: dict[str, float]) -> str:
    """Return a prediction in words."""
    if not predicted:
        return f"predicted: no label with a probability of {SURE} or more"
    return "predicted: " + ", ".join(f"{name} ({p:.2f})" for name, p in predicted.items())


def contact_sheet(
    name: str,
    photo: Image.Image,
    title: str,
    given: Answer,
    jpegs: Sequence[bytes],
) -> Image.Image:
    """Draw a picture, and below it what it found, with rank, similarity, id and scene.

    `jpegs` are the thumbnails of the rows that were found.
    """
    found, predicted = given.found, given.predicted
    plain, strong = _font("DejaVuSans.ttf"), _font("DejaVuSans-Bold.ttf")
    cell = LONGER_SIDE + MARGIN
    rows = -(-len(found) // COLUMNS)
    head = LONGER_SIDE + 2 * MARGIN
    size = (COLUMNS * cell + MARGIN, head + rows * (cell + 3 * LINE) + MARGIN)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    sheet.paste(Image.open(io.BytesIO(thumbnail(photo))), (MARGIN, MARGIN))
    words = [name, *textwrap.wrap(title, 60)]
    words += [] if predicted is None else textwrap.wrap(prediction(predicted), 60)
    for number, text in enumerate(words[:9]):
        place = (LONGER_SIDE + 2 * MARGIN, MARGIN + number * LINE)
        draw.text(place, text, "black", strong if number == 0 else plain)
    for number, (hit, jpeg) in enumerate(zip(found.to_dict("records"), jpegs, strict=True)):
        left = MARGIN + number % COLUMNS * cell
        top = head + number // COLUMNS * (cell + 3 * LINE)
        sheet.paste(Image.open(io.BytesIO(jpeg)), (left, top))
        lines = (f"{hit['rank']}   {hit['similarity']:.3f}", hit["image"], hit["scene"])
        for line, text in enumerate(lines):
            place = (left, top + LONGER_SIDE + 2 + line * LINE)
            draw.text(place, _fitted(text, plain), "black", strong if line == 0 else plain)
    return sheet


def as_page(
    template: Path,
    name: str,
    photo: Image.Image,
    title: str,
    given: Answer,
    jpegs: Sequence[bytes],
) -> str:
    """Return the same as an HTML page that needs nothing beside it."""
    hits = [
        {**row, "thumbnail": _address(jpeg)}
        for row, jpeg in zip(given.found.to_dict("records"), jpegs, strict=True)
    ]
    return rendered(
        template,
        photo=name,
        title=title,
        asked=_address(thumbnail(photo)),
        hits=hits,
        predicted=given.predicted,
    )


def _flat(found: pd.DataFrame) -> pd.DataFrame:
    return found.assign(labels=found["labels"].map("; ".join)).drop(columns="row")


def _address(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"


def _font(name: str) -> ImageFont.FreeTypeFont:
    """Return one of matplotlib's fonts, which know many scripts, without loading matplotlib."""
    spec = find_spec("matplotlib")
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    return ImageFont.truetype(folder / "mpl-data" / "fonts" / "ttf" / name, 11)


def _fitted(text: str, font: ImageFont.FreeTypeFont) -> str:
    """Cut a text that is wider than a thumbnail."""
    if font.getlength(text) <= LONGER_SIDE:
        return text
    while text and font.getlength(f"{text}…") > LONGER_SIDE:
        text = text[:-1]
    return f"{text}…"
