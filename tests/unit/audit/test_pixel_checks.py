import numpy as np
import pandas as pd
import pytest
from made_archive import archive_of, remarks_of, rows_of
from PIL import Image

from rsir.archives.thumbnails import make_thumbnails, write_thumbnails
from rsir.audit.file_modes import file_modes
from rsir.audit.pixel_checks import (
    empty_images,
    grey_images,
    grouping_attributes,
    standardised_difference,
    two_radiometries,
    unusual_modes,
    unusual_sizes,
)
from rsir.audit.pixel_statistics import PixelStatistics, pixel_statistics, statistics_of

USUAL = (120.0, 40.0, 100, 0.1, 0.01, 20.0)
"""Brightness, contrast, commonest level, its share, white share and colour of a usual image."""


@pytest.fixture(scope="module")
def drawn() -> list[np.ndarray]:
    """Noise in colour, the same in grey, black, three quarters black, and three eighths white."""
    noise = np.random.default_rng(0).integers(20, 230, (64, 64, 3), dtype=np.uint8)
    grey = np.repeat(noise[..., :1], 3, axis=2)
    black, part, white = np.zeros_like(noise), noise.copy(), noise.copy()
    part[:, :48] = 0
    white[:, :24] = 255
    return [noise, grey, black, part, white]


@pytest.fixture(scope="module")
def statistics(drawn, tmp_path_factory) -> PixelStatistics:
    path = tmp_path_factory.mktemp("statistics") / "thumbnails.h5"
    archive = path.with_name("archive.csv")
    archive.write_text("")
    names = np.array(list("abcde"))
    write_thumbnails(path, archive, names, make_thumbnails(drawn, 1))
    return pixel_statistics(path, names)


def test_statistics_of_thumbnails_are_those_of_the_images(statistics, drawn):
    grey = np.array([np.asarray(Image.fromarray(one).convert("L"), float) for one in drawn])
    np.testing.assert_allclose(statistics.brightness, grey.mean(axis=(1, 2)), atol=1)
    np.testing.assert_allclose(statistics.contrast, grey.std(axis=(1, 2)), rtol=0.1, atol=0.1)
    np.testing.assert_allclose(statistics.plain[2:4], [1, 0.75], atol=0.02)
    np.testing.assert_allclose(statistics.clipped, [0, 0, 0, 0, 0.375], atol=0.06)
    assert statistics.color[0] > 20
    np.testing.assert_allclose(statistics.color[1:3], 0, atol=0.5)
    assert list(statistics.commonest[2:4]) == [0, 0]


def test_empty_plain_and_saturated_images(statistics):
    constant, plain, white = empty_images(statistics)
    assert (constant.kind, rows_of(constant)) == ("nearly constant images", [(2,)])
    assert (plain.kind, rows_of(plain)) == ("images that are mostly one value", [(3,)])
    assert "of grey level 0" in remarks_of(plain)[0]
    assert (white.kind, rows_of(white)) == ("saturated images", [(4,)])
    assert constant.severity == "warning"


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        ((120, 1.9, 100, 0.9, 0, 20), "nearly constant images"),
        ((120, 9.0, 100, 0.51, 0, 20), "images that are mostly one value"),
        ((120, 40, 100, 0.4, 0.26, 20), "saturated images"),
    ],
)
def test_an_image_is_reported_for_one_of_these(other, kind):
    (finding,) = empty_images(statistics_of([USUAL] * 99 + [other]))
    assert (finding.kind, finding.severity, rows_of(finding)) == (kind, "note", [(99,)])


def test_usual_images():
    usual = statistics_of([USUAL] * 30)
    assert list(empty_images(usual)) == []
    assert list(grey_images(usual)) == []


def test_grey_images_among_coloured_ones():
    (finding,) = grey_images(statistics_of([USUAL] * 3 + [(*USUAL[:5], 0.9)]))
    assert rows_of(finding) == [(3,)]
    assert list(grey_images(statistics_of([(*USUAL[:5], 0.0)] * 3 + [USUAL]))) == []
    black = (0.0, 0.0, 0, 1.0, 0.0, 0.0)
    assert list(grey_images(statistics_of([USUAL] * 3 + [black]))) == []


def sized(widths: list[int], heights: list[int]) -> pd.DataFrame:
    return archive_of({"sea": "1" * len(widths)}).assign(width=widths, height=heights)


def test_images_of_another_size():
    (note,) = unusual_sizes(sized([256] * 20 + [250], [256] * 21))
    assert (note.severity, rows_of(note)) == ("note", [(20,)])
    assert remarks_of(note) == ["250 × 256 pixels"]
    (warning,) = unusual_sizes(sized([256] * 20 + [100], [256] * 21))
    assert warning.severity == "warning"


def test_images_of_one_size_or_of_any():
    assert list(unusual_sizes(sized([256] * 20, [256] * 20))) == []
    assert list(unusual_sizes(sized([256] * 8 + [250] * 2, [256] * 10))) == []


def test_images_stored_in_another_way(tmp_path):
    for number in range(21):
        mode = "RGBA" if number == 20 else "RGB"
        Image.new(mode, (4, 4)).save(tmp_path / f"{number}.png")
    (tmp_path / "21.png").write_bytes(b"none")
    modes = file_modes(tmp_path, [f"{number}.png" for number in range(22)], 2)
    assert modes == ["colour"] * 20 + ["colour with alpha", "unknown"]
    (finding,) = unusual_modes(modes)
    assert (rows_of(finding), remarks_of(finding)) == (
        [(20,), (21,)],
        ["colour with alpha", "unknown"],
    )
    assert list(unusual_modes(["colour"] * 8 + ["grey"] * 2)) == []
    assert list(unusual_modes(["grey"] * 8)) == []


def test_the_difference_of_groups_is_in_standard_deviations_within_scenes():
    values = np.array([10.0, 12.0, 0.0, 2.0, 110.0, 112.0, 102.0, 104.0])
    chosen = np.array([1, 1, 0, 0, 1, 1, 0, 0], bool)
    scenes = np.array(["dark"] * 4 + ["bright"] * 4)
    # differences 10 and 8; each part of a scene has the variance 2
    assert standardised_difference(values, chosen, scenes) == pytest.approx(9 / np.sqrt(2))
    assert standardised_difference(values, ~chosen, scenes) == pytest.approx(-9 / np.sqrt(2))
    assert standardised_difference(values, scenes == "dark", scenes) == 0


@pytest.mark.parametrize(("shift", "found"), [(30, 1), (5, 0)])
def test_a_group_of_another_radiometry(shift, found):
    rng = np.random.default_rng(0)
    group = np.array(["a", "b"] * 30)
    rows = [(120 + rng.normal(0, 5) + shift * (one == "b"), *USUAL[1:]) for one in group]
    archive = archive_of({"sea": 60 * "1"})
    findings = list(two_radiometries(archive, {"sensor": group}, statistics_of(rows)))
    assert len(findings) == 2 * found  # each of the two against the other
    if found:
        assert "30 images with sensor 'a' are darker" in findings[0].what


def test_attributes_that_group_an_archive():
    attributes = pd.DataFrame(
        {
            "image": list("abcd"),
            "country": list("xxyy"),
            "longitude": list("1122"),
            "same": list("zzzz"),
        }
    )
    assert list(grouping_attributes(attributes)) == ["country"]
    many = pd.DataFrame({"image": range(21), "name": range(21)}).astype(str)
    assert grouping_attributes(many) == {}
