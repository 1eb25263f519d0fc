"""Views of an image: the dihedral group, numbers of views and means over them."""

import numpy as np

from rsir.networks.views import all_views, averaged, drawn_views, grouped, turned

PIXELS = np.arange(18, dtype=np.uint8).reshape(3, 3, 2)


def test_the_views_are_the_eight_symmetries_of_the_square():
    views = [turned(PIXELS, view) for view in range(8)]
    assert len({view.tobytes() for view in views}) == 8
    np.testing.assert_array_equal(views[0], PIXELS)
    np.testing.assert_array_equal(views[1], PIXELS.transpose(1, 0, 2)[::-1])
    np.testing.assert_array_equal(views[2], PIXELS[::-1, ::-1])
    np.testing.assert_array_equal(views[4], PIXELS[:, ::-1])
    for one in views:  # a group: a view of a view is a view
        assert {turned(one, view).tobytes() for view in range(8)} == {
            view.tobytes() for view in views
        }


def test_views_are_numbered_by_image():
    assert all_views(np.array([0, 2]), 4).tolist() == [0, 1, 2, 3, 8, 9, 10, 11]
    assert all_views(np.array([3, 5]), 1).tolist() == [3, 5]


def test_a_view_is_drawn_for_each_image_and_nothing_with_one_view():
    rows, generator = np.arange(200), np.random.default_rng(0)
    drawn = drawn_views(rows, 8, generator)
    assert (drawn // 8).tolist() == rows.tolist()
    assert set(drawn % 8) == set(range(8))
    before = generator.bit_generator.state
    assert drawn_views(rows, 1, generator) is rows
    assert generator.bit_generator.state == before


def test_descriptors_are_averaged_by_image():
    values = np.array([[1, 2], [3, 4], [0, 0], [2, 8]], np.float32)
    assert averaged(values, 2).tolist() == [[2, 3], [1, 4]]
    assert averaged(values, 1) is values
    assert grouped(values, 2).shape == (2, 2, 2)
