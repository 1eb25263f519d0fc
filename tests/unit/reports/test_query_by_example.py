import json
from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest
import rasterio
from PIL import Image

import extract
import visual_words
from project import ROOT
from rsir.archives.archive_table import write_archive
from rsir.archives.pixels import PICTURES, ArchiveImages, write_pixel_format
from rsir.archives.synthetic import draw_tile
from rsir.archives.thumbnails import LONGER_SIDE, thumbnail
from rsir.core.errors import InputError
from rsir.core.hdf5 import array_file, new_arrays, read_attributes
from rsir.descriptors.descriptor_files import read_descriptors
from rsir.descriptors.handcrafted_files import write_histograms
from rsir.evaluation.index_quality import index_for_queries
from rsir.networks.weight_receipt import write_record
from rsir.reports.model_files import ModelFiles
from rsir.reports.query_by_example import QueryResult, nearest, predict, query_by_example
from rsir.reports.query_report import (
    COLUMNS,
    LINE,
    MARGIN,
    as_page,
    as_text,
    contact_sheet,
    query_as_archive,
)
from rsir.training.models import Outputs


@pytest.mark.parametrize(
    ("outputs", "probabilities", "predicted"),
    [
        ([Outputs(["sea", "sand"], "sigmoid")], [0.5, 0.75], {"sand": 0.75, "sea": 0.5}),
        ([Outputs(["sea", "sand"], "sigmoid")], [0.25, 0.375], {}),
        ([Outputs(["beach", "harbor"], "softmax")], [0.25, 0.75], {"harbor": 0.75}),
        ([Outputs(["a", "b", "c"], "softmax")], [0.25, 0.375, 0.375], {"b": 0.375}),
        ([Outputs(["sea"], "sigmoid"), Outputs(["sand"], "sigmoid")], [0.125, 1], {"sand": 1.0}),
    ],
    ids=["labels", "no label", "a scene", "a tie", "a network per label"],
)
def test_predicted_are_probable_labels_or_the_most_probable_class(
    outputs, probabilities, predicted
):
    labels = predict(outputs, np.array(probabilities, np.float32))
    assert list(labels.items()) == list(predicted.items())


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
    hits = nearest(ARCHIVE, DESCRIPTORS, np.array([[3, 4]], np.float32), 9)
    assert hits["image"].tolist() == ["north", "east", "west"]
    assert hits["similarity"].tolist() == pytest.approx([0.8, 0.6, -0.6])
    assert hits["rank"].tolist() == [1, 2, 3]
    assert hits["row"].tolist() == [1, 0, 2]
    assert hits["scene"].tolist() == ["b", "a", "c"]
    assert hits["labels"].tolist() == [[], ["sea", "sand; wet"], ["sea"]]
    assert len(nearest(ARCHIVE, DESCRIPTORS, np.array([[3, 4]], np.float32), 1)) == 1


def test_the_similarity_is_the_largest_over_rotations():
    rotations = np.array([[3, 4], [-1, 0], [-4, 3]], np.float32)
    hits = nearest(ARCHIVE, DESCRIPTORS, rotations, 2)
    assert hits["image"].tolist() == ["west", "north"]
    assert hits["similarity"].tolist() == pytest.approx([1, 0.8])
    assert hits["rank"].tolist() == [1, 2]


@pytest.fixture
def tiles(tmp_path):
    """Four different tiles."""
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


@pytest.fixture
def files(tmp_path):
    """The files of a backbone off the shelf, in folders of their own."""
    made = ModelFiles(tmp_path / "results", "mine", "own", "off_the_shelf")
    for path in (made.descriptors, made.weights, made.precision):
        path.parent.mkdir(parents=True)
    return made


def write_handcrafted(network, tiles, files, folder):
    """Write the handcrafted descriptors of the tiles in a folder, and return them."""
    archive, pixels, split = (folder / name for name in ("archive.csv", "pixels.json", "split.csv"))
    write_archive(tiles, archive)
    write_pixel_format(pixels, PICTURES)
    settings = {"library": "handcrafted", "network": network, "seed": 0}
    words = files.words if network == "bovw_sift" else None
    if words:
        subsets = {"image": tiles["image"], "subset": ["train", "train", "train", "test"]}
        pd.DataFrame(subsets).to_csv(split, index=False)
        visual_words.main(archive, pixels, split, folder, "own", settings, 1, words)
    write_histograms(archive, pixels, words, folder, "own", settings, 1, files.descriptors)
    return read_descriptors(files.descriptors, list(tiles["image"]))["histogram"]


@pytest.mark.parametrize("network", ["color_histogram", "lbp", "bovw_sift"])
def test_a_rotated_tile_of_the_archive_is_its_own_first_hit(tiles, files, tmp_path, network):
    images = ArchiveImages(tmp_path, tiles["path"], PICTURES)
    histograms = write_handcrafted(network, tiles, files, tmp_path)

    Image.fromarray(images[2]).rotate(270).save(tmp_path / "copy.png")
    turned = ArchiveImages(tmp_path, ["copy.png"], PICTURES)
    result = query_by_example(turned, tiles, files, None, 4, 1)
    assert result.descriptor == "histogram"
    assert result.predicted is None
    assert result.hits["image"].iloc[0] == "freeway"
    assert result.hits["similarity"].iloc[0] == pytest.approx(1)
    assert result.search == "exact"
    created = {"descriptors_created": read_attributes(files.descriptors)["created"]}
    files.indexes.parent.mkdir(parents=True)
    with new_arrays(files.indexes, created) as file:
        index_for_queries("hnsw", histograms, 3).write(file, "histogram")
    by_index = query_by_example(turned, tiles, files, None, 4, 1, use_index=True)
    assert by_index.search == "by the index hnsw, efSearch=32, whose recall at 3 is 1.000"
    pd.testing.assert_frame_equal(by_index.hits, result.hits)
    with pytest.raises(InputError, match=r"there is no descriptor 'pool'; choose from histogram"):
        query_by_example(turned, tiles, files, "pool", 4, 1)


@pytest.mark.parametrize(
    ("network", "entry", "descriptor"),
    [
        ("vit_xsmall_patch16_clip_224", {"size": 32}, "projection"),
        ("resnet18", {"size": 32, "cut": "layer4.1.conv2"}, "pool"),
    ],
    ids=["a projection", "two tensors at the cut"],
)
def test_a_network_finds_a_rotated_image(
    archive, root, files, tmp_path, network, entry, descriptor
):
    inputs = {"archive": tmp_path / "archive.csv", "pixels": tmp_path / "pixels.json"}
    archive.to_csv(inputs["archive"], index=False)
    write_pixel_format(inputs["pixels"], PICTURES)
    write_record(files.weights, None)
    settings = {"library": "timm", "network": network, "weights": "random", **entry}
    results = (files.descriptors, tmp_path / "activations.h5", files.precision)
    inputs["weights"] = files.weights
    extract.main(inputs, root, "own", settings, 1, False, *results)
    image = ArchiveImages(root, archive["path"], PICTURES)[4]
    Image.fromarray(image).rotate(90, expand=True).save(tmp_path / "copy.png")
    turned = ArchiveImages(tmp_path, ["copy.png"], PICTURES)
    result = query_by_example(turned, archive, files, descriptor, 3, 1)
    assert result.descriptor == descriptor
    assert result.hits["image"].iloc[0] == "e"
    assert result.hits["similarity"].iloc[0] > 0.9999
    assert result.hits["similarity"].iloc[1] < result.hits["similarity"].iloc[0]


def test_other_visual_words_than_those_of_the_archive_are_not_counted(tiles, files, tmp_path):
    write_handcrafted("bovw_sift", tiles, files, tmp_path)
    query_image = ArchiveImages(tmp_path, ["beach.png"], PICTURES)
    with h5py.File(files.words, "a") as file:
        file["words"][0] = 0
    with pytest.raises(InputError, match=r"words/own\.h5: its words_sha256 is .*run again"):
        query_by_example(query_image, tiles, files, None, 4, 1)
    files.words.unlink()
    with pytest.raises(InputError, match=r"words/own\.h5: does not exist yet; run: snakemake"):
        query_by_example(query_image, tiles, files, None, 4, 1)


def test_descriptors_by_other_weights_are_not_compared_with(tiles, files, tmp_path):
    settings = json.dumps({"library": "timm", "network": "tf_efficientnet_lite0"})
    attributes = {"backbone_settings": settings, "weights_sha256": "a" * 64}
    with array_file(files.descriptors, list(tiles["image"]), attributes) as arrays:
        arrays.append("pool", np.ones((len(tiles), 3), np.float32))
    query_image = ArchiveImages(tmp_path, ["beach.png"], PICTURES)
    with pytest.raises(InputError, match=r"weights/own\.json: does not exist yet; run: snakemake"):
        query_by_example(query_image, tiles, files, None, 4, 1)
    files.weights.write_text("null\n")  # random weights
    with pytest.raises(
        InputError, match=r"precision/own\.json: does not exist yet; run: snakemake"
    ):
        query_by_example(query_image, tiles, files, None, 4, 1)
    files.precision.touch()
    with pytest.raises(
        InputError, match=r"off_the_shelf\.h5: its weights_sha256 is aaa.*run again"
    ):
        query_by_example(query_image, tiles, files, None, 4, 1)


TEMPLATE = ROOT / "workflow" / "pages" / "query.html"
BLUE, RED = (0, 0, 255), (255, 0, 0)


@pytest.fixture
def result_of_six():
    """A blue image, and a result of six red ones, some with hostile names."""
    hits = pd.DataFrame(
        {
            "rank": range(1, 7),
            "image": ["<script>alert(1)</script>", "Å" * 99, *"cdef"],
            "scene": "<b>",
            "labels": [["sea", "</li>"], *[[]] * 5],
            "similarity": 0.125,
            "row": range(6),
        }
    )
    jpegs = [thumbnail(np.full((128, 128, 3), RED, np.uint8))] * 6
    return np.full((200, 300, 3), BLUE, np.uint8), QueryResult("pool", hits, {"sea": 0.75}), jpegs


def test_a_contact_sheet_has_the_query_image_on_top_and_its_hits_below(result_of_six):
    image, result, jpegs = result_of_six
    sheet = contact_sheet("mine.jpg", image, "a title", result, jpegs)
    assert np.allclose(sheet.getpixel((MARGIN + 20, MARGIN + 20)), BLUE, atol=3)
    head, cell = LONGER_SIDE + 2 * MARGIN, LONGER_SIDE + MARGIN
    for number in range(6):
        row, column = divmod(number, COLUMNS)
        corner = (MARGIN + column * cell + 4, head + row * (cell + 3 * LINE) + 4)
        assert np.allclose(sheet.getpixel(corner), RED, atol=3)
    assert sheet.width == MARGIN + COLUMNS * cell
    white = np.asarray(sheet)[-MARGIN:]
    assert (white == 255).all()


def test_a_page_escapes_every_name_and_is_self_contained(result_of_six):
    image, result, jpegs = result_of_six
    html = as_page(TEMPLATE, "<i>mine</i>.jpg", image, "<u>title</u>", result, jpegs)
    for name in ("<script", "<b><", "<i>", "<u>", "<li></li>"):
        assert name not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert html.count("data:image/jpeg;base64,") == 7
    assert "http:" not in html
    assert "https:" not in html


def test_the_text_has_a_row_per_image_and_the_prediction(result_of_six):
    lines = as_text(result_of_six[1]).splitlines()
    assert lines[0].split() == ["rank", "image", "scene", "labels", "similarity"]
    assert lines[1].split() == ["1", "<script>alert(1)</script>", "<b>", "sea;", "</li>", "0.125"]
    assert lines[-2:] == ["predicted: sea (0.75)", "search: exact"]


@pytest.mark.parametrize(
    ("predicted", "words"),
    [({}, "predicted: no label with a probability of 0.5 or more"), (None, None)],
)
def test_a_model_that_predicts_no_label_states_so(result_of_six, predicted, words):
    image, result, jpegs = result_of_six
    unsure = replace(result, predicted=predicted)
    last = as_text(unsure).splitlines()[-2]
    assert last == words if words else "predicted" not in as_text(unsure)
    html = as_page(TEMPLATE, "mine.jpg", image, "a title", unsure, jpegs)
    assert ("no label with a probability of 0.5 or more" in html) == (predicted is not None)


def test_a_query_image_has_the_bands_of_the_archive_or_is_a_picture(tmp_path):
    of_archive = replace(PICTURES, sensor="naip", bands=("R", "G", "B", "N"), count=4, nodata="tag")
    of_archive = replace(of_archive, numbers=(1, 2, 3, 4), mean=(0.0,) * 4)
    bands = np.random.default_rng(0).integers(0, 255, (4, 6, 5)).astype(np.uint16)
    profile = {"driver": "GTiff", "height": 6, "width": 5, "count": 4, "dtype": "uint16"}
    with rasterio.open(tmp_path / "bands.tif", "w", **profile) as file:
        file.write(bands)
    query = query_as_archive(tmp_path / "bands.tif", of_archive)
    assert np.array_equal(query.select(["N"])[0][..., 0], bands[3])
    pixels = np.moveaxis(bands[:3], 0, -1).astype(np.uint8)
    assert np.array_equal(query[0], pixels)
    Image.fromarray(pixels).save(tmp_path / "picture.png")
    picture = query_as_archive(tmp_path / "picture.png", of_archive)
    assert np.array_equal(picture[0], pixels)
    with pytest.raises(InputError, match="the network needs band N, which the images lack"):
        picture.select(["N"])
    with pytest.raises(InputError, match="4 bands of uint16, not an 8-bit picture"):
        query_as_archive(tmp_path / "bands.tif", PICTURES)[0]
