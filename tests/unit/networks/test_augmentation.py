"""Draws of an image for the training of a whole network."""

from dataclasses import replace

import numpy as np
import pytest

from rsir.networks.augmentation import ASPECT, Augmentation, random_crop
from rsir.networks.views import turned


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)


def test_a_draw_is_determined_by_its_number(image, preprocessing):
    varied = Augmentation(views=8, crop=0.5)
    draws = [varied.apply(image, preprocessing, draw) for draw in (5, 5, 6)]
    assert draws[0].shape == (16, 16, 3)
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


@pytest.mark.parametrize("resize", ["squash", "crop"])
def test_without_crops_draws_are_the_views(image, preprocessing, resize):
    preprocessing = replace(preprocessing, resize=resize)
    views = [turned(preprocessing.prepare(image), view).tobytes() for view in range(8)]
    varied = Augmentation(views=8, crop=1)
    drawn = {varied.apply(image, preprocessing, draw).tobytes() for draw in range(1, 100)}
    assert drawn == set(views)
    same = Augmentation(views=1, crop=1).apply(image, preprocessing, 7)
    np.testing.assert_array_equal(same, preprocessing.prepare(image))


def test_crops_are_inside_and_cover_at_least_the_least_area():
    generator = np.random.default_rng(1)
    crops = [random_crop((600, 400), 0.4, generator) for _ in range(1000)]
    sides = np.array(
        [[rows.stop - rows.start, columns.stop - columns.start] for rows, columns in crops]
    )
    parts = sides / (600, 400)
    starts = np.array([[rows.start, columns.start] for rows, columns in crops])
    assert (starts >= 0).all()
    assert (starts + sides <= (600, 400)).all()
    assert parts.prod(axis=1).min() > 0.4 / ASPECT**0.5
    assert parts.prod(axis=1).max() > 0.9
    inside = (parts < 1).all(axis=1)
    aspects = parts[inside, 0] / parts[inside, 1]
    assert aspects.min() == pytest.approx(1 / ASPECT, abs=0.02)
    assert aspects.max() == pytest.approx(ASPECT, abs=0.02)


def test_a_part_of_a_pixel_is_a_pixel():
    rows, columns = random_crop((1, 1), 0.1, np.random.default_rng(0))
    assert (rows, columns) == (slice(0, 1), slice(0, 1))
