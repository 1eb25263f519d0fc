"""Made duplicates of real and of synthetic tiles."""

from tempfile import TemporaryFile

import cv2
import numpy as np
import pytest
from PIL import Image

from project import SHARED
from rsir.audit.duplicates import find_duplicates
from rsir.audit.local_features import describe, describe_all
from rsir.audit.registration import register

TILES = SHARED / "data" / "ucmerced40" / "Images"
SCENES = ("airplane", "buildings", "freeway", "harbor", "parkinglot", "river")


def texture(seed):
    """Draw an image of blobs."""
    noise = np.random.default_rng(seed).normal(size=(200, 200)).astype(np.float32)
    blobs = cv2.GaussianBlur(noise, (0, 0), 3)
    gray = np.clip(128 + 40 * blobs / blobs.std(), 0, 255).astype(np.uint8)
    return np.stack([gray] * 3, axis=-1)


def jpeg(pixels):
    quality = (cv2.IMWRITE_JPEG_QUALITY, 50)
    return cv2.imdecode(cv2.imencode(".jpg", pixels, quality)[1], cv2.IMREAD_COLOR)


COPIES = {
    "rotated": lambda tile: np.rot90(tile),
    "mirrored": lambda tile: tile[:, ::-1],
    "shifted": lambda tile: tile[40:, 40:],
    "compressed": jpeg,
    "brighter": lambda tile: np.clip(tile * 1.05, 0, 255).astype(np.uint8),
    "smaller": lambda tile: cv2.resize(tile, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA),
}


def found_pairs(images):
    pairs = find_duplicates(images, [str(row) for row in range(len(images))], 2)
    return set(zip(pairs["first"], pairs["second"], strict=True)), pairs


@pytest.mark.parametrize("change", COPIES)
def test_copies_are_found_and_no_other_pairs(change):
    images = [texture(seed) for seed in range(6)]
    copies = [np.ascontiguousarray(COPIES[change](image)) for image in images[:3]]
    assert found_pairs(images + copies)[0] == {(0, 6), (1, 7), (2, 8)}


def test_the_transform_of_a_pair_is_stated():
    image = texture(0)
    turned = np.rot90(image[:, ::-1])
    half = cv2.resize(turned, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    (row,) = found_pairs([image, half])[1].itertuples()
    assert (row.kind, row.mirrored) == ("near", 1)
    assert row.rotation == pytest.approx(90, abs=1)
    assert row.scale == pytest.approx(0.5, rel=0.02)
    assert row.overlap == pytest.approx(1, abs=0.05)


def test_crops_that_share_half_are_overlaps():
    image = texture(1)
    (row,) = found_pairs([image[:, :130], image[:, 65:195]])[1].itertuples()
    assert row.kind == "overlap"
    assert row.overlap == pytest.approx(0.5, abs=0.05)
    assert row.correlation > 0.9


def test_nearly_constant_images_are_duplicates_only_if_they_are_identical():
    random = np.random.default_rng(0)
    water = [np.clip(random.normal(60, 2, (128, 128, 3)), 0, 255).astype(np.uint8) for _ in "1234"]
    blank = [np.full((128, 128, 3), level, np.uint8) for level in (0, 1, 255)]
    assert found_pairs([*water, *blank, water[0]])[0] == {(0, 7)}


def test_duplicates_of_identical_images_are_duplicates_of_each():
    image = texture(2)
    pairs, table = found_pairs([image, image, image[:, ::-1].copy()])
    assert pairs == {(0, 1), (0, 2), (1, 2)}
    assert sorted(table["kind"]) == ["identical", "near", "near"]


def test_equal_renderings_of_different_bands_are_not_identical():
    image = np.zeros((64, 64, 3), np.uint8)
    bands = [np.zeros((64, 64, 4)), np.zeros((64, 64, 4)), np.ones((64, 64, 4))]
    pairs = find_duplicates([image] * 3, ["a", "b", "c"], 1, bands)
    assert pairs[["first", "second"]].to_numpy().tolist() == [[0, 1]]


def test_mirrored_features_are_those_of_the_mirror_image():
    image = texture(3)
    found = register(describe(image).mirrored(), describe(image[:, ::-1].copy()))
    np.testing.assert_allclose(found.matrix, [[1, 0, 0], [0, 1, 0]], atol=0.5)
    assert found.inliers > 50


def test_features_are_read_from_their_file():
    images = [texture(4), np.zeros((50, 80, 3), np.uint8), texture(5)[:90]]
    with TemporaryFile() as file:
        stored, _ = describe_all(images, 2, file)
        for row, image in enumerate(images):
            expected, read = describe(image), stored[row]
            np.testing.assert_array_equal(read.places, expected.places)
            np.testing.assert_array_equal(read.descriptors, expected.descriptors)
            np.testing.assert_array_equal(stored.words(row), expected.words())
            assert read.width == expected.width


def test_the_file_of_features_is_removed(tmp_path):
    images = [texture(seed) for seed in range(2)]
    find_duplicates(images, ["a", "b"], 1, folder=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not TILES.is_dir(), reason="needs tiles of UC Merced")
def test_made_copies_of_real_tiles_are_found():
    files = [TILES / scene / f"{scene}03.tif" for scene in SCENES]
    tiles = [np.array(Image.open(file).convert("RGB")) for file in files]
    copies = [np.ascontiguousarray(copy(tile)) for tile in tiles for copy in COPIES.values()]
    pairs, _ = found_pairs(tiles + copies)
    found = [
        (row, len(tiles) + len(COPIES) * row + copy) in pairs
        for row in range(len(tiles))
        for copy in range(len(COPIES))
    ]
    assert np.mean(found) >= 0.95
    assert not any(first < second < len(tiles) for first, second in pairs)
