"""Handcrafted descriptors of images of few colours and of textured images."""

import colorsys

import numpy as np
import pytest
from PIL import Image

from rsir.archives.pixels import PICTURES, ArchiveImages
from rsir.archives.synthetic import SCENES, draw_tile
from rsir.core.errors import InputError
from rsir.descriptors import visual_words
from rsir.descriptors.handcrafted import (
    LBP_SCALES,
    color_histogram,
    count_words,
    describe,
    lbp,
    sift,
)
from rsir.descriptors.visual_words import VISUAL_WORDS, learn_words, sample_keypoints

RED, BLUE = (255, 0, 0), (0, 0, 255)
RED_BIN, BLUE_BIN = 0 * 16 + 3 * 4 + 3, 5 * 16 + 3 * 4 + 3  # hue, full saturation, full value
FEW_WORDS = 8
NETWORKS = ("color_histogram", "lbp", "bovw_sift")


def flat(color, height=32, width=32):
    return np.tile(np.array(color, np.uint8), (height, width, 1))


def noise(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (24, 31, 3), dtype=np.uint8)


def rectangles(seed):
    """Draw rectangles of random sizes and colours, in which SIFT detects keypoints."""
    rng = np.random.default_rng(seed)
    pixels = flat(rng.integers(0, 256, 3), 96, 96)
    for top, left, height, width in rng.integers(3, 90, (40, 4)):
        pixels[top : top + height // 4, left : left + width // 4] = rng.integers(0, 256, 3)
    return pixels


@pytest.fixture
def paths(tmp_path):
    """Seven textured images, and a last one without keypoints."""
    files = [tmp_path / f"{number}.png" for number in range(8)]
    for number, path in enumerate(files):
        pixels = rectangles(number) if number < 7 else flat((90, 120, 60))
        Image.fromarray(pixels).save(path)
    return files


TRAIN = np.array([1, 3, 5])


@pytest.fixture
def few_words(monkeypatch):
    monkeypatch.setattr(visual_words, "VISUAL_WORDS", FEW_WORDS)


# Colours.


@pytest.mark.parametrize(
    ("color", "bin_number"),
    [
        (RED, RED_BIN),
        (BLUE, BLUE_BIN),
        ((255, 0, 64), 7 * 16 + 3 * 4 + 3),  # hue 345°, in the last eighth
        ((255, 0, 8), 7 * 16 + 3 * 4 + 3),  # hue 358°, the largest value of OpenCV
        ((255, 0, 1), RED_BIN),  # hue 359.8°, rounded to 360° = 0°
        ((0, 0, 0), 0),
        ((255, 255, 255), 3),
        ((128, 97, 97), 0 * 16 + 0 * 4 + 2),  # saturation just below 1/4, value 1/2
        ((128, 96, 96), 0 * 16 + 1 * 4 + 2),
    ],
)
def test_an_image_of_one_colour_fills_one_bin(color, bin_number):
    expected = np.zeros(128, np.float32)
    expected[bin_number] = 1
    np.testing.assert_array_equal(color_histogram(flat(color)), expected)


def test_each_eighth_of_the_hues_has_its_own_bin():
    for eighth in range(8):
        pure = colorsys.hsv_to_rgb((eighth + 0.5) / 8, 1, 1)
        descriptor = color_histogram(flat([round(255 * value) for value in pure]))
        assert np.flatnonzero(descriptor).tolist() == [eighth * 16 + 15]


def test_an_image_half_red_and_half_blue():
    pixels = flat(RED)
    pixels[:, 16:] = BLUE
    descriptor = color_histogram(pixels)
    assert np.flatnonzero(descriptor).tolist() == [RED_BIN, BLUE_BIN]
    assert descriptor[[RED_BIN, BLUE_BIN]] == pytest.approx(np.sqrt(0.5))
    # The cosine with a red image is the Bhattacharyya coefficient, √(1 · 1/2).
    assert descriptor @ color_histogram(flat(RED)) == pytest.approx(np.sqrt(0.5))


def test_a_colour_histogram_does_not_depend_on_pixel_positions():
    pixels = noise()
    shuffled = np.random.default_rng(1).permutation(pixels.reshape(-1, 3)).reshape(pixels.shape)
    descriptor = color_histogram(pixels)
    np.testing.assert_array_equal(color_histogram(shuffled), descriptor)
    assert (color_histogram(noise(2)) != descriptor).any()


@pytest.mark.parametrize("histogram", [color_histogram, lbp])
@pytest.mark.parametrize("pixels", [noise(), rectangles(0), flat((7, 200, 99))])
def test_the_squares_of_a_histogram_sum_to_1(histogram, pixels):
    descriptor = histogram(pixels)
    assert descriptor.dtype == np.float32
    assert (descriptor >= 0).all()
    assert (descriptor.astype(float) ** 2).sum() == pytest.approx(1, abs=1e-6)


def test_colours_are_more_similar_within_a_scene_than_between_scenes():
    scenes = np.repeat(SCENES[::3], 3)
    tiles = [draw_tile(scene, number, seed=0)[0] for number, scene in enumerate(scenes)]
    descriptors = np.stack([color_histogram(tile) for tile in tiles])
    cosine = descriptors @ descriptors.T
    same = scenes[:, None] == scenes
    others = ~np.eye(len(scenes), dtype=bool)
    assert cosine[same & others].mean() > cosine[~same].mean() + 0.15


# Texture.


def test_patterns_agree_with_their_definition():
    pixels = noise()
    descriptor = lbp(pixels)
    assert descriptor.shape == (54,)
    start = 0
    for neighbours, radius in LBP_SCALES:
        counts = pattern_counts(pixels, neighbours, radius)
        shares = descriptor[start : start + neighbours + 2].astype(float) ** 2
        np.testing.assert_allclose(shares, counts / (3 * counts.sum()), atol=1e-7)
        start += neighbours + 2
    assert start == 54


def pattern_counts(pixels, neighbours, radius):
    """Count uniform patterns by their definition; pixels outside the image are black."""
    gray = np.rint(pixels.astype(float) @ [0.299, 0.587, 0.114])
    height, width = gray.shape
    padded = np.pad(gray, radius + 1)
    counts = np.zeros(neighbours + 2)
    angles = 2 * np.pi * np.arange(neighbours) / neighbours
    for row in range(height):
        for column in range(width):
            brighter = [
                interpolate(padded, row - radius * np.sin(angle), column + radius * np.cos(angle))
                >= gray[row, column]
                for angle in angles
            ]
            changes = sum(brighter[number - 1] != brighter[number] for number in range(neighbours))
            counts[sum(brighter) if changes <= 2 else neighbours + 1] += 1
    return counts


def interpolate(padded, row, column):
    """Interpolate bilinearly in an image that is padded by the radius plus one pixel."""
    pad = (padded.shape[0] - 24) // 2
    row, column = np.round([row + pad, column + pad], 5)
    top, left = int(row), int(column)
    down, right = row - top, column - left
    corners = padded[top : top + 2, left : left + 2]
    return np.array([1 - down, down]) @ corners @ np.array([1 - right, right])


def test_all_neighbours_in_a_flat_image_are_equally_bright():
    all_bright = [8, 10 + 16, 28 + 24]  # bins of patterns with all neighbours set
    descriptor = lbp(flat((0, 0, 0)))
    assert np.flatnonzero(descriptor).tolist() == all_bright
    assert descriptor[all_bright] == pytest.approx(np.sqrt(1 / 3))
    # Outside the image all pixels are black, so border pixels have other patterns.
    inside = np.array([30, 28, 26]) ** 2 / 32**2
    assert lbp(flat((128, 128, 128)))[all_bright] ** 2 == pytest.approx(inside / 3)


@pytest.mark.parametrize("pixels", [noise(), rectangles(0)])
def test_texture_is_invariant_to_quarter_turns(pixels):
    np.testing.assert_allclose(lbp(np.rot90(pixels)), lbp(pixels), atol=1e-6)
    np.testing.assert_allclose(lbp(np.rot90(pixels, 2)), lbp(pixels), atol=1e-6)


def test_texture_is_invariant_to_brightness():
    gray = np.repeat(noise()[..., :1] // 2, 3, axis=2)
    np.testing.assert_array_equal(lbp(2 * gray), lbp(gray))


# Visual words.


def test_sift_descriptors_have_128_dimensions():
    keypoints = sift(rectangles(0))
    assert keypoints.dtype == np.float32
    assert keypoints.shape[1] == 128
    assert len(keypoints) > FEW_WORDS


def test_a_flat_image_has_no_keypoints():
    keypoints = sift(flat((90, 120, 60)))
    assert (keypoints.shape, keypoints.dtype) == ((0, 128), np.float32)


@pytest.fixture
def clusters():
    """Keypoints in eight separate clusters of 30, and the cluster of each."""
    rng = np.random.default_rng(0)
    cluster = rng.permutation(np.repeat(np.arange(FEW_WORDS), 30))
    centres = 100 * rng.random((FEW_WORDS, 128))
    return (centres[cluster] + rng.normal(size=(len(cluster), 128))).astype(np.float32), cluster


@pytest.mark.usefixtures("few_words")
def test_clusters_of_keypoints_become_words(clusters):
    keypoints, cluster = clusters
    words = learn_words(keypoints, seed=0)
    of_cluster = [count_words(words, keypoints[cluster == one]) for one in range(FEW_WORDS)]
    assert all(np.count_nonzero(counts) == 1 for counts in of_cluster)
    assert np.sum(of_cluster, axis=0).tolist() == [1] * FEW_WORDS


@pytest.mark.usefixtures("few_words")
def test_keypoints_are_assigned_to_the_nearest_word():
    rng = np.random.default_rng(0)
    words = learn_words(rng.random((200, 128)).astype(np.float32), seed=0)
    keypoints = rng.random((50, 128)).astype(np.float32)
    distance = np.linalg.norm(keypoints[:, None] - words, axis=2)
    counts = np.bincount(distance.argmin(axis=1), minlength=FEW_WORDS)
    assert (counts > 0).sum() > 1
    descriptor = count_words(words, keypoints)
    assert descriptor.dtype == np.float32
    assert descriptor == pytest.approx(np.sqrt(counts / 50), abs=1e-6)


@pytest.mark.usefixtures("few_words")
def test_an_image_without_keypoints_has_no_words():
    words = learn_words(np.random.default_rng(0).random((20, 128)).astype(np.float32), seed=0)
    descriptor = count_words(words, np.empty((0, 128), np.float32))
    assert (descriptor.dtype, descriptor.tolist()) == (np.float32, [0] * FEW_WORDS)


def test_fewer_keypoints_than_words_are_refused():
    keypoints = np.random.default_rng(0).random((VISUAL_WORDS - 1, 128)).astype(np.float32)
    with pytest.raises(InputError) as raised:
        learn_words(keypoints, seed=0)
    assert str(raised.value) == (
        "bovw_sift: the training images have 255 keypoints, but at least 256 are needed; "
        "use more training images or leave this backbone out"
    )


@pytest.mark.usefixtures("few_words")
def test_the_clustering_depends_on_the_seed():
    keypoints = np.random.default_rng(0).random((200, 128)).astype(np.float32)
    one, same, other = (learn_words(keypoints, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_as_many_keypoints_as_words_are_enough():
    keypoints = np.random.default_rng(0).random((VISUAL_WORDS, 128)).astype(np.float32)
    assert learn_words(keypoints, seed=0).shape == (256, 128)


# Images.


def images_of(paths):
    return ArchiveImages(paths[0].parent, [path.name for path in paths], PICTURES)


def described(network, paths, seed=0, workers=2):
    """Describe images; visual words are learnt from those in the rows `TRAIN`."""
    images, words = images_of(paths), None
    if network == "bovw_sift":
        words = learn_words(sample_keypoints(images, TRAIN, seed, workers), seed)
    return describe(network, images, words, workers)


@pytest.mark.parametrize(
    ("network", "histogram"), [("color_histogram", color_histogram), ("lbp", lbp)]
)
def test_descriptors_are_in_the_order_of_the_images(paths, network, histogram):
    order = [paths[number] for number in (4, 0, 7, 2)]
    expected = [histogram(np.asarray(Image.open(path).convert("RGB"))) for path in order]
    descriptor = described(network, order, workers=3)
    assert descriptor.dtype == np.float32
    np.testing.assert_array_equal(descriptor, expected)


@pytest.mark.usefixtures("few_words")
@pytest.mark.parametrize("network", NETWORKS)
def test_descriptors_do_not_depend_on_the_number_of_workers(paths, network):
    one_worker, three_workers = (described(network, paths, workers=workers) for workers in (1, 3))
    np.testing.assert_array_equal(one_worker, three_workers)
    assert len(np.unique(one_worker, axis=0)) == len(paths)


@pytest.mark.usefixtures("few_words")
def test_visual_words_of_images_with_and_without_keypoints(paths):
    descriptor = described("bovw_sift", paths)
    assert descriptor.shape == (8, FEW_WORDS)
    assert (descriptor.astype(float) ** 2).sum(axis=1) == pytest.approx([1] * 7 + [0], abs=1e-6)


@pytest.mark.usefixtures("few_words")
def test_visual_words_are_learnt_from_training_images_only(paths):
    before = described("bovw_sift", paths)
    Image.fromarray(rectangles(20)).save(paths[2])
    after = described("bovw_sift", paths)
    assert np.flatnonzero((before != after).any(axis=1)).tolist() == [2]
    Image.fromarray(rectangles(21)).save(paths[3])
    relearnt = described("bovw_sift", paths)
    assert (relearnt != after).any(axis=1)[:7].all()


@pytest.mark.usefixtures("few_words")
def test_visual_words_are_deterministic_for_a_seed(paths):
    one, same, other = (described("bovw_sift", paths, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_training_images_contribute_equal_numbers_of_keypoints(paths, monkeypatch):
    """With a limit of 12, each of 5 images contributes 2 keypoints; one image has none."""
    monkeypatch.setattr(visual_words, "CODEBOOK_KEYPOINTS", 12)
    train = np.array([0, 1, 2, 3, 7])
    assert sample_keypoints(images_of(paths), train, seed=0, workers=2).shape == (8, 128)


@pytest.mark.usefixtures("few_words")
@pytest.mark.parametrize("damaged", [2, 3], ids=["test image", "training image"])
@pytest.mark.parametrize("network", NETWORKS)
def test_a_damaged_image_is_named(paths, network, damaged):
    whole = paths[damaged].read_bytes()
    paths[damaged].write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=rf"/{damaged}\.png: cannot be decoded .*replace the file"):
        described(network, paths)
