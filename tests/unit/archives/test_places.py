"""Where on Earth images are."""

import json

import numpy as np
import pandas as pd
import pytest
from pyproj import Transformer

from named_archives import write_picture, write_raster
from project import SHARED
from rsir.archives.places import add_places

REAL = SHARED / "data" / "bigearthnet" / "v1" / "BigEarthNet-v1.0"
BANDS = np.ones((2, 12, 12), np.uint16)


def placed(root, paths, **columns):
    attributes = pd.DataFrame({"image": [str(row) for row in range(len(paths))], **columns})
    return add_places(attributes, root, paths, 2)


def test_the_centre_and_the_bounds_of_a_raster(tmp_path):
    write_raster(tmp_path / "a.tif", BANDS)  # 120 m wide in zone 33 of UTM
    east, north = Transformer.from_crs(32633, 4326, always_xy=True).transform(404460, 5342340)
    row = placed(tmp_path, ["a.tif"]).iloc[0]
    assert float(row["longitude"]) == pytest.approx(east, abs=1e-6)
    assert float(row["latitude"]) == pytest.approx(north, abs=1e-6)
    assert row["crs"] == "EPSG:32633"
    assert row["bounds"] == "404400 5342280 404520 5342400"


def test_images_without_a_georeference_have_no_place(tmp_path):
    write_picture(tmp_path / "a.png")
    write_picture(tmp_path / "b.tif")
    assert list(placed(tmp_path, ["a.png", "b.tif"]).columns) == ["image"]
    write_raster(tmp_path / "c.tif", BANDS)
    table = placed(tmp_path, ["a.png", "b.tif", "c.tif"])
    assert (table["longitude"] != "").tolist() == [False, False, True]


def test_a_folder_of_bands_or_several_have_the_place_of_the_first(tmp_path):
    write_raster(tmp_path / "s1" / "a" / "a_VV.tif", BANDS[:1])
    write_raster(tmp_path / "s2" / "a" / "a_B01.tif", BANDS[:1, :2, :2])
    (tmp_path / "s2" / "a" / "a.json").write_text("{}")
    table = placed(tmp_path, ["s1/a//s2/a", "s2/a"])
    assert table["bounds"].tolist() == ["404400 5342280 404520 5342400"] * 2


def test_places_of_a_table_are_kept(tmp_path):
    write_raster(tmp_path / "a.tif", BANDS)
    table = placed(tmp_path, ["a.tif"], longitude=["7"], latitude=["50"])
    assert table.iloc[0].tolist() == ["0", "7", "50"]


def test_the_real_patches_are_where_their_metadata_say():
    if not REAL.is_dir():
        pytest.skip("the patches of BigEarthNet are not available")
    patches = sorted(path.name for path in REAL.iterdir())
    table = placed(REAL, patches)
    for patch, row in zip(patches, table.itertuples(), strict=True):
        metadata = json.loads((REAL / patch / f"{patch}_labels_metadata.json").read_text())
        corners = metadata["coordinates"]
        stated = [corners[name] for name in ("ulx", "lry", "lrx", "uly")]
        assert [float(value) for value in row.bounds.split()] == stated
        to_degrees = Transformer.from_crs(row.crs, 4326, always_xy=True)
        east, north = to_degrees.transform((stated[0] + stated[2]) / 2, (stated[1] + stated[3]) / 2)
        assert (float(row.longitude), float(row.latitude)) == pytest.approx((east, north), abs=2e-6)
        assert row.crs in ("EPSG:32629", "EPSG:32633", "EPSG:32634", "EPSG:32635")
