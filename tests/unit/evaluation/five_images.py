"""An archive of five images, three of them queries, and their rankings."""

import numpy as np
import pandas as pd

from rsir.search.protocol import Search

LABELS = ("all", "some", "rare", "other", "none")

# `all` is on every query, `some` on one query, `rare` on one image, which is a query, `other` on an
# image that is not a query, `none` on no image.
DATABASE = np.array(
    [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [0, 1, 0, 1, 0],
        [1, 0, 1, 0, 0],
        [1, 0, 0, 0, 0],
    ],
    dtype=bool,
)
QUERIES = np.array([0, 1, 3])
RANKED = np.array([[1, 2, 3, 4], [2, 0, 4, 3], [0, 1, 2, 4]])
OWN = QUERIES[:, None]
NOTHING = OWN[:, :0]


def five_images() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "image": list("vwxyz"),
            "path": [f"{image}.png" for image in "vwxyz"],
            "scene": ["port", "port", "farm", "farm", "farm"],
            "width": 1,
            "height": 1,
            "sha256": "0",
            **{label: DATABASE[:, place].astype(int) for place, label in enumerate(LABELS)},
        }
    )


SEARCH = Search(QUERIES, np.arange(5))
WITH_OWN = {"pool": np.column_stack([QUERIES, RANKED])}
