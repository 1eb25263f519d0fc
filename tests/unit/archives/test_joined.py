"""Archives of the queries of one archive and the database of another."""

import numpy as np
import pandas as pd
import pytest

from rsir.archives.archive_table import label_names, read_archive, write_archive
from rsir.archives.joined import joined_archive, rows_in
from rsir.core.errors import InputError


def archive(images, scene, **labels) -> pd.DataFrame:
    fixed = {"image": images, "path": [f"{image}.png" for image in images], "scene": scene}
    return pd.DataFrame({**fixed, "width": 8, "height": 8, "sha256": "0" * 64, **labels})


FIRST = archive(["a", "b", "c"], "port", sea=[1, 1, 0], dock=[1, 0, 0], car=[0, 1, 1])
SECOND = archive(["a", "d"], ["port", "farm"], car=[1, 0], grass=[0, 1], sea=[0, 1])
ROWS = np.array([2, 0]), np.array([1])


def test_images_keep_the_labels_that_both_archives_have(tmp_path):
    write_archive(joined_archive(("x", "y"), (FIRST, SECOND), ROWS), tmp_path / "archive.csv")
    joined = read_archive(tmp_path / "archive.csv")
    assert joined["image"].tolist() == ["x/c", "x/a", "y/d"]
    assert label_names(joined) == ["sea", "car"]
    assert joined[["sea", "car"]].to_numpy().tolist() == [[0, 1], [1, 0], [1, 0]]
    assert rows_in(FIRST, "x", joined).tolist() == [2, 0]
    assert rows_in(SECOND, "y", joined).tolist() == [1]


def test_scenes_remain_if_the_archives_share_some():
    both = joined_archive(("x", "y"), (FIRST, SECOND), (ROWS[0], np.array([0, 1])))
    assert both["scene"].tolist() == ["port", "port", "port", "farm"]
    apart = joined_archive(("x", "y"), (FIRST, SECOND.assign(scene="lake")), ROWS)
    assert set(apart["scene"]) == {""}


def test_archives_without_a_common_label_are_refused():
    other = archive(["a"], "port", snow=[1])
    with pytest.raises(InputError, match=r"run\.cross: x and y have no label in common"):
        joined_archive(("x", "y"), (FIRST, other), (ROWS[0], np.array([0])))
