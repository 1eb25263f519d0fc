"""Descriptors without learning: by hand on images of few colours, and on textured ones."""

import colorsys

import numpy as np
import pytest
from PIL import Image

from rsir.archives.synthetic import SCENES, draw_tile
from rsir.core.errors import InputError
from rsir.descriptors import handcrafted
from rsir.descriptors.handcrafted import (
    LBP_SCALES,
    VISUAL_WORDS,
    color_histogram,
    count_words,
    describe,
    lbp,
    learn_words,
    sift,
)

RED, BLUE = (255, 0, 0), (0, 0, 255)
RED_BIN, BLUE_BIN = 0 * 16 + 3 * 4 + 3, 5 * 16 + 3 * 4 + 3  # eighth of the hues, full, bright
FEW_WORDS = 8
NETWORKS = ("color_histogram", "lbp", "bovw_sift")


def flat(color, height=32, width=32):
    return np.tile(np.array(color, np.uint8), (height, width, 1))


def noise(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (24, 31, 3), dtype=np.uint8)


def rectangles(seed):
    """Draw what SIFT finds keypoints in: rectangles of any size and colour."""
    rng = np.random.default_rng(seed)
    pixels = flat(rng.integers(0, 256, 3), 96, 96)
    for top, left, height, width in rng.integers(3, 90, (40, 4)):
        pixels[top : top + height // 4, left : left + width // 4] = rng.integers(0, 256, 3)
    return pixels


@pytest.fixture
def paths(tmp_path):
    """Seven textured images, and a last one in which there are no keypoints."""
    found = [tmp_path / f"{number}.png" for number in range(8)]
    for number, path in enumerate(found):
        pixels = rectangles(number) if number < 7 else flat((90, 120, 60))
        Image.fromarray(pixels).save(path)
    return found


TRAIN = np.array([1, 3, 5])


@pytest.fixture
def few_words(monkeypatch):
    monkeypatch.setattr(handcrafted, "VISUAL_WORDS", FEW_WORDS)


# Colours.


@pytest.mark.parametrize(
    ("color", "where"),
    [
        (RED, RED_BIN),
        (BLUE, BLUE_BIN),
        ((255, 0, 64), 7 * 16 + 3 * 4 + 3),  # hue 345°, in the last eighth
        ((255, 0, 8), 7 * 16 + 3 * 4 + 3),  # hue 358°, as far round as it goes
        ((255, 0, 1), RED_BIN),  # hue 359.8°, which is rounded to a whole turn
        ((0, 0, 0), 0),
        ((255, 255, 255), 3),
        ((128, 97, 97), 0 * 16 + 0 * 4 + 2),  # saturation just below 1/4, value 1/2
        ((128, 96, 96), 0 * 16 + 1 * 4 + 2),
    ],
)
def test_an_image_of_one_colour_has_one_bin(color, where):
    expected = np.zeros(128, np.float32)
    expected[where] = 1
    np.testing.assert_array_equal(color_histogram(flat(color)), expected)


def test_each_eighth_of_the_hues_has_its_bins():
    for eighth in range(8):
        pure = colorsys.hsv_to_rgb((eighth + 0.5) / 8, 1, 1)
        found = color_histogram(flat([round(255 * value) for value in pure]))
        assert np.flatnonzero(found).tolist() == [eighth * 16 + 15]


def test_an_image_half_red_and_half_blue():
    pixels = flat(RED)
    pixels[:, 16:] = BLUE
    found = color_histogram(pixels)
    assert np.flatnonzero(found).tolist() == [RED_BIN, BLUE_BIN]
    assert found[[RED_BIN, BLUE_BIN]] == pytest.approx(np.sqrt(0.5))
    # The cosine with a red image is the Bhattacharyya coefficient, √(1 · 1/2).
    assert found @ color_histogram(flat(RED)) == pytest.approx(np.sqrt(0.5))


def test_a_colour_histogram_does_not_know_where_the_pixels_are():
    pixels = noise()
    shuffled = np.random.default_rng(1).permutation(pixels.reshape(-1, 3)).reshape(pixels.shape)
    found = color_histogram(pixels)
    np.testing.assert_array_equal(color_histogram(shuffled), found)
    assert (color_histogram(noise(2)) != found).any()


@pytest.mark.parametrize("histogram", [color_histogram, lbp])
@pytest.mark.parametrize("pixels", [noise(), rectangles(0), flat((7, 200, 99))])
def test_the_squares_of_a_histogram_sum_to_1(histogram, pixels):
    found = histogram(pixels)
    assert found.dtype == np.float32
    assert (found >= 0).all()
    assert (found.astype(float) ** 2).sum() == pytest.approx(1, abs=1e-6)


def test_tiles_of_a_scene_are_more_alike_in_colour_than_tiles_of_two():
    scenes = np.repeat(SCENES[::3], 3)
    tiles = [draw_tile(scene, number, seed=0)[0] for number, scene in enumerate(scenes)]
    described = np.stack([color_histogram(tile) for tile in tiles])
    cosine = described @ described.T
    same = scenes[:, None] == scenes
    others = ~np.eye(len(scenes), dtype=bool)
    assert cosine[same & others].mean() > cosine[~same].mean() + 0.15


# Texture.


def test_patterns_are_those_worked_out_pixel_by_pixel():
    pixels = noise()
    found = lbp(pixels)
    assert found.shape == (54,)
    start = 0
    for neighbours, radius in LBP_SCALES:
        counts = pattern_counts(pixels, neighbours, radius)
        shares = found[start : start + neighbours + 2].astype(float) ** 2
        np.testing.assert_allclose(shares, counts / (3 * counts.sum()), atol=1e-7)
        start += neighbours + 2
    assert start == 54


def pattern_counts(pixels, neighbours, radius):
    """Count uniform patterns by their definition; around the image all is black."""
    gray = np.rint(pixels.astype(float) @ [0.299, 0.587, 0.114])
    height, width = gray.shape
    around = np.pad(gray, radius + 1)
    counts = np.zeros(neighbours + 2)
    angles = 2 * np.pi * np.arange(neighbours) / neighbours
    for row in range(height):
        for column in range(width):
            brighter = [
                between(around, row - radius * np.sin(angle), column + radius * np.cos(angle))
                >= gray[row, column]
                for angle in angles
            ]
            changes = sum(brighter[place - 1] != brighter[place] for place in range(neighbours))
            counts[sum(brighter) if changes <= 2 else neighbours + 1] += 1
    return counts


def between(around, row, column):
    """Interpolate linearly in an image that is padded by a pixel more than the radius."""
    pad = (around.shape[0] - 24) // 2
    row, column = np.round([row + pad, column + pad], 5)
    top, left = int(row), int(column)
    down, right = row - top, column - left
    corners = around[top : top + 2, left : left + 2]
    return np.array([1 - down, down]) @ corners @ np.array([1 - right, right])


def test_in_a_flat_image_all_neighbours_are_as_bright():
    all_bright = [8, 10 + 16, 28 + 24]  # as many as there are neighbours
    found = lbp(flat((0, 0, 0)))
    assert np.flatnonzero(found).tolist() == all_bright
    assert found[all_bright] == pytest.approx(np.sqrt(1 / 3))
    # Around a gray image all is black, so the pixels on its border have other patterns.
    inside = np.array([30, 28, 26]) ** 2 / 32**2
    assert lbp(flat((128, 128, 128)))[all_bright] ** 2 == pytest.approx(inside / 3)


@pytest.mark.parametrize("pixels", [noise(), rectangles(0)])
def test_a_quarter_turn_changes_no_texture(pixels):
    np.testing.assert_allclose(lbp(np.rot90(pixels)), lbp(pixels), atol=1e-6)
    np.testing.assert_allclose(lbp(np.rot90(pixels, 2)), lbp(pixels), atol=1e-6)


def test_twice_the_brightness_is_the_same_texture():
    gray = np.repeat(noise()[..., :1] // 2, 3, axis=2)
    np.testing.assert_array_equal(lbp(2 * gray), lbp(gray))


# Visual words.


def test_keypoints_are_described_by_128_numbers():
    found = sift(rectangles(0))
    assert found.dtype == np.float32
    assert found.shape[1] == 128
    assert len(found) > FEW_WORDS


def test_a_flat_image_has_no_keypoints():
    found = sift(flat((90, 120, 60)))
    assert (found.shape, found.dtype) == ((0, 128), np.float32)


@pytest.fixture
def heaps():
    """Keypoints in eight heaps far from one another, 30 in each, and the heap of each."""
    rng = np.random.default_rng(0)
    heap = rng.permutation(np.repeat(np.arange(FEW_WORDS), 30))
    centres = 100 * rng.random((FEW_WORDS, 128))
    return (centres[heap] + rng.normal(size=(len(heap), 128))).astype(np.float32), heap


@pytest.mark.usefixtures("few_words")
def test_heaps_of_keypoints_become_words(heaps):
    keypoints, heap = heaps
    words = learn_words(keypoints, seed=0)
    of_heap = [set(words.predict(keypoints[heap == one])) for one in range(FEW_WORDS)]
    assert all(len(found) == 1 for found in of_heap)
    assert set.union(*of_heap) == set(range(FEW_WORDS))


@pytest.mark.usefixtures("few_words")
def test_words_are_counted_by_the_nearest_centre():
    rng = np.random.default_rng(0)
    words = learn_words(rng.random((200, 128)).astype(np.float32), seed=0)
    keypoints = rng.random((50, 128)).astype(np.float32)
    distance = np.linalg.norm(keypoints[:, None] - words.cluster_centers_, axis=2)
    counts = np.bincount(distance.argmin(axis=1), minlength=FEW_WORDS)
    assert (counts > 0).sum() > 1
    found = count_words(words, keypoints)
    assert found.dtype == np.float32
    assert found == pytest.approx(np.sqrt(counts / 50), abs=1e-6)


@pytest.mark.usefixtures("few_words")
def test_an_image_without_keypoints_has_no_words():
    words = learn_words(np.random.default_rng(0).random((20, 128)).astype(np.float32), seed=0)
    found = count_words(words, np.empty((0, 128), np.float32))
    assert (found.dtype, found.tolist()) == (np.float32, [0] * FEW_WORDS)


def test_fewer_keypoints_than_words_are_refused():
    keypoints = np.random.default_rng(0).random((VISUAL_WORDS - 1, 128)).astype(np.float32)
    with pytest.raises(InputError) as raised:
        learn_words(keypoints, seed=0)
    assert str(raised.value) == (
        "bovw_sift: the training images have 255 keypoints, but at least 256 are needed; "
        "use more training images or leave this backbone out"
    )


@pytest.mark.usefixtures("few_words")
def test_the_clustering_starts_by_the_seed():
    keypoints = np.random.default_rng(0).random((200, 128)).astype(np.float32)
    one, same, other = (learn_words(keypoints, seed).cluster_centers_ for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_as_many_keypoints_as_words_are_enough():
    keypoints = np.random.default_rng(0).random((VISUAL_WORDS, 128)).astype(np.float32)
    assert learn_words(keypoints, seed=0).cluster_centers_.shape == (256, 128)


# Images.


@pytest.mark.parametrize(
    ("network", "histogram"), [("color_histogram", color_histogram), ("lbp", lbp)]
)
def test_each_image_is_described_in_the_order_of_the_paths(paths, network, histogram):
    order = [paths[place] for place in (4, 0, 7, 2)]
    expected = [histogram(np.asarray(Image.open(path).convert("RGB"))) for path in order]
    found = describe(network, order, np.array([0]), seed=0, workers=3)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


@pytest.mark.usefixtures("few_words")
@pytest.mark.parametrize("network", NETWORKS)
def test_the_number_of_workers_changes_nothing(paths, network):
    alone, together = (describe(network, paths, TRAIN, 0, workers) for workers in (1, 3))
    np.testing.assert_array_equal(alone, together)
    assert len(np.unique(alone, axis=0)) == len(paths)


@pytest.mark.usefixtures("few_words")
def test_visual_words_describe_all_images_that_have_keypoints(paths):
    found = describe("bovw_sift", paths, TRAIN, seed=0, workers=2)
    assert found.shape == (8, FEW_WORDS)
    assert (found.astype(float) ** 2).sum(axis=1) == pytest.approx([1] * 7 + [0], abs=1e-6)


@pytest.mark.usefixtures("few_words")
def test_visual_words_are_learnt_from_training_images_alone(paths):
    before = describe("bovw_sift", paths, TRAIN, seed=0, workers=2)
    Image.fromarray(rectangles(20)).save(paths[2])
    after = describe("bovw_sift", paths, TRAIN, seed=0, workers=2)
    assert np.flatnonzero((before != after).any(axis=1)).tolist() == [2]
    Image.fromarray(rectangles(21)).save(paths[3])
    learnt_anew = describe("bovw_sift", paths, TRAIN, seed=0, workers=2)
    assert (learnt_anew != after).any(axis=1)[:7].all()


@pytest.mark.usefixtures("few_words")
def test_visual_words_depend_on_the_seed_and_on_nothing_else(paths):
    one, same, other = (describe("bovw_sift", paths, TRAIN, seed, 2) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@pytest.mark.usefixtures("few_words")
def test_each_training_image_gives_as_many_keypoints(paths, monkeypatch):
    """Of 12 keypoints each of 5 images may give 2; one of them has none."""
    monkeypatch.setattr(handcrafted, "CODEBOOK_KEYPOINTS", 12)
    monkeypatch.setattr(handcrafted, "VISUAL_WORDS", 9)
    with pytest.raises(InputError, match="the training images have 8 keypoints, but at least 9"):
        describe("bovw_sift", paths, np.array([0, 1, 2, 3, 7]), seed=0, workers=2)


@pytest.mark.usefixtures("few_words")
@pytest.mark.parametrize("damaged", [2, 3], ids=["test image", "training image"])
@pytest.mark.parametrize("network", NETWORKS)
def test_a_damaged_image_is_named(paths, network, damaged):
    whole = paths[damaged].read_bytes()
    paths[damaged].write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=rf"/{damaged}\.png: cannot be decoded .*replace the file"):
        describe(network, paths, TRAIN, seed=0, workers=2)
