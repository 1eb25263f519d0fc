import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from torch import nn

from project import ROOT
from rsir.archives.synthetic import draw_tile
from rsir.archives.thumbnails import LONGER_SIDE, thumbnail
from rsir.core.errors import InputError
from rsir.core.hdf5 import array_file
from rsir.descriptors.handcrafted import describe
from rsir.reports.query_by_example import Answer, ask, nearest, predict
from rsir.reports.query_report import COLUMNS, LINE, MARGIN, as_page, as_text, contact_sheet
from rsir.training.models import TaskModel


def model(outputs: list[str], activation: str) -> TaskModel:
    return TaskModel("task", outputs, activation, nn.Identity(), nn.Identity())


@pytest.mark.parametrize(
    ("models", "output", "predicted"),
    [
        ([model(["sea", "sand"], "sigmoid")], [0.5, 0.75], {"sand": 0.75, "sea": 0.5}),
        ([model(["sea", "sand"], "sigmoid")], [0.25, 0.375], {}),
        ([model(["beach", "harbor"], "softmax")], [0.25, 0.75], {"harbor": 0.75}),
        ([model(["a", "b", "c"], "softmax")], [0.25, 0.375, 0.375], {"b": 0.375}),
        ([model(["sea"], "sigmoid"), model(["sand"], "sigmoid")], [0.125, 1], {"sand": 1.0}),
    ],
    ids=["labels", "no label is sure", "a scene", "a tie", "a network per label"],
)
def test_predicted_are_sure_labels_or_the_most_probable_class(models, output, predicted):
    found = predict(models, np.array(output, np.float32))
    assert list(found.items()) == list(predicted.items())


ARCHIVE = pd.DataFrame(
    {
        "image": ["east", "north", "west"],
        "path": "",
        "scene": ["a", "b", "c"],
        "width": 1,
        "height": 1,
        "sha256": "",
        "sea": [1, 0, 1],
        "sand; wet": [1, 0, 0],
    }
)
DESCRIPTORS = np.array([[2, 0], [0, 3], [-1, 0]], np.float32)


def test_the_nearest_are_those_of_the_smallest_angle():
    found = nearest(ARCHIVE, DESCRIPTORS, np.array([[3, 4]], np.float32), 9)
    assert found["image"].tolist() == ["north", "east", "west"]
    assert found["similarity"].tolist() == pytest.approx([0.8, 0.6, -0.6])
    assert found["rank"].tolist() == [1, 2, 3]
    assert found["row"].tolist() == [1, 0, 2]
    assert found["scene"].tolist() == ["b", "a", "c"]
    assert found["labels"].tolist() == [[], ["sea", "sand; wet"], ["sea"]]
    assert len(nearest(ARCHIVE, DESCRIPTORS, np.array([[3, 4]], np.float32), 1)) == 1


def test_an_image_is_as_similar_as_it_is_to_the_turn_that_it_is_most_like():
    turns = np.array([[3, 4], [-1, 0], [-4, 3]], np.float32)
    found = nearest(ARCHIVE, DESCRIPTORS, turns, 2)
    assert found["image"].tolist() == ["west", "north"]
    assert found["similarity"].tolist() == pytest.approx([1, 0.8])
    assert found["rank"].tolist() == [1, 2]


@pytest.fixture
def tiles(tmp_path):
    """Four tiles that are not alike."""
    for scene in ("beach", "forest", "freeway", "harbor"):
        Image.fromarray(draw_tile(scene, 0, seed=0)[0]).save(tmp_path / f"{scene}.png")
    return pd.DataFrame(
        {
            "image": ["beach", "forest", "freeway", "harbor"],
            "path": [f"{scene}.png" for scene in ("beach", "forest", "freeway", "harbor")],
            "scene": "",
            "width": 256,
            "height": 256,
            "sha256": "",
            "sea": [1, 0, 0, 1],
        }
    )


@pytest.mark.parametrize("network", ["color_histogram", "lbp"])
def test_a_turned_tile_of_the_archive_finds_itself_without_learning(tiles, tmp_path, network):
    paths = [tmp_path / path for path in tiles["path"]]
    histograms = describe(network, paths, np.arange(3), 0, 1)
    settings = json.dumps({"library": "handcrafted", "network": network})
    file = tmp_path / "descriptors.h5"
    with array_file(file, list(tiles["image"]), {"backbone_settings": settings}) as described:
        described.append("histogram", histograms)

    with Image.open(paths[2]) as image:
        image.rotate(270).save(tmp_path / "copy.png")
    answer = ask(tmp_path / "copy.png", tiles, file, None, None, None, 4, 1)
    assert answer.descriptor == "histogram"
    assert answer.predicted is None
    assert answer.found["image"].iloc[0] == "freeway"
    assert answer.found["similarity"].iloc[0] == pytest.approx(1)
    with pytest.raises(InputError, match=r"has no descriptor 'pool', but histogram"):
        ask(paths[2], tiles, file, None, None, "pool", 4, 1)


def test_visual_words_are_not_kept(tiles, tmp_path):
    settings = json.dumps({"library": "handcrafted", "network": "bovw_sift"})
    file = tmp_path / "descriptors.h5"
    with array_file(file, list(tiles["image"]), {"backbone_settings": settings}) as described:
        described.append("histogram", np.ones((len(tiles), 3), np.float32))
    with pytest.raises(InputError, match=r"bovw_sift: its visual words are not kept"):
        ask(tmp_path / "beach.png", tiles, file, None, None, None, 4, 1)


def test_descriptors_by_other_weights_are_not_compared_with(tiles, tmp_path):
    settings = json.dumps({"library": "timm", "network": "tf_efficientnet_lite0"})
    file, receipt = tmp_path / "descriptors.h5", tmp_path / "weights.json"
    facts = {"backbone_settings": settings, "weights_sha256": "a" * 64}
    with array_file(file, list(tiles["image"]), facts) as described:
        described.append("pool", np.ones((len(tiles), 3), np.float32))
    photo = tmp_path / "beach.png"
    with pytest.raises(InputError, match=r"weights\.json: not made yet; run: snakemake"):
        ask(photo, tiles, file, receipt, None, None, 4, 1)
    receipt.write_text("null\n")  # random weights
    with pytest.raises(InputError, match=r"descriptors\.h5: its weights_sha256 is aaa.*run again"):
        ask(photo, tiles, file, receipt, None, None, 4, 1)


TEMPLATE = ROOT / "workflow" / "pages" / "query.html"
BLUE, RED = (0, 0, 255), (255, 0, 0)


@pytest.fixture
def shown():
    """A blue picture, and an answer of six red ones, some of hostile names."""
    found = pd.DataFrame(
        {
            "rank": range(1, 7),
            "image": ["<script>alert(1)</script>", "Å" * 99, *"cdef"],
            "scene": "<b>",
            "labels": [["sea", "</li>"], *[[]] * 5],
            "similarity": 0.125,
            "row": range(6),
        }
    )
    jpegs = [thumbnail(Image.new("RGB", (128, 128), RED))] * 6
    return Image.new("RGB", (300, 200), BLUE), Answer("pool", found, {"sea": 0.75}), jpegs


def test_a_contact_sheet_has_the_picture_on_top_and_all_it_found_below(shown):
    photo, answer, jpegs = shown
    sheet = contact_sheet("mine.jpg", photo, "a title", answer, jpegs)
    assert np.allclose(sheet.getpixel((MARGIN + 20, MARGIN + 20)), BLUE, atol=3)
    head, cell = LONGER_SIDE + 2 * MARGIN, LONGER_SIDE + MARGIN
    for number in range(6):
        row, column = divmod(number, COLUMNS)
        corner = (MARGIN + column * cell + 4, head + row * (cell + 3 * LINE) + 4)
        assert np.allclose(sheet.getpixel(corner), RED, atol=3)
    assert sheet.width == MARGIN + COLUMNS * cell
    white = np.asarray(sheet)[-MARGIN:]
    assert (white == 255).all()


def test_a_page_escapes_every_name_and_needs_nothing_beside_it(shown):
    photo, answer, jpegs = shown
    html = as_page(TEMPLATE, "<i>mine</i>.jpg", photo, "<u>title</u>", answer, jpegs)
    for name in ("<script", "<b><", "<i>", "<u>", "<li></li>"):
        assert name not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert html.count("data:image/jpeg;base64,") == 7
    assert "http:" not in html
    assert "https:" not in html


def test_the_text_has_a_row_per_image_and_the_prediction(shown):
    lines = as_text(shown[1]).splitlines()
    assert lines[0].split() == ["rank", "image", "scene", "labels", "similarity"]
    assert lines[1].split() == ["1", "<script>alert(1)</script>", "<b>", "sea;", "</li>", "0.125"]
    assert lines[-1] == "predicted: sea (0.75)"


@pytest.mark.parametrize(
    ("predicted", "words"),
    [({}, "predicted: no label with a probability of 0.5 or more"), (None, None)],
)
def test_a_model_that_is_sure_of_nothing_says_so_and_others_are_silent(shown, predicted, words):
    photo, answer, jpegs = shown
    unsure = replace(answer, predicted=predicted)
    last = as_text(unsure).splitlines()[-1]
    assert last == words if words else "predicted" not in as_text(unsure)
    html = as_page(TEMPLATE, "mine.jpg", photo, "a title", unsure, jpegs)
    assert ("no label is sure" in html) == (predicted is not None)
