"""The figure of the contrasts shows each difference once."""

import numpy as np
import pandas as pd
import pytest
from figure_tables import (
    LABELINGS,
    contrasts,
    marks,
    methods,
    rows_of,
)

from rsir.evaluation.methods import headline_rows
from rsir.reports.figures.contrasts import contrasts_figure
from rsir.reports.figures.contrasts import place_of as contrast_place
from rsir.reports.figures.panels import OFFSETS


@pytest.mark.parametrize(
    "of",
    [methods(), methods(["vgg16"], LABELINGS, []), methods(["vgg16"], [], ["lbp"])],
    ids=["all", "no baseline", "no labeling"],
)
def test_each_contrast_is_drawn_once_and_filled_if_significant(of) -> None:
    table = contrasts(of)
    figure = contrasts_figure(table, LABELINGS)
    rows = headline_rows(table)
    rows = rows[(rows["metric"] == "accuracy") & (rows["labeling"] != "")]
    networks = list(rows["backbone"].unique())
    panels = np.reshape(figure.axes, (-1, len(networks)))
    count = 0
    for across in panels:
        places = rows_of(across[0])
        for network, axes in zip(networks, across, strict=True):
            remaining = marks(axes)
            count += len(remaining)
            for row in rows[rows["backbone"] == network].to_dict("records"):
                if (place := places.get(contrast_place(row))) is not None:
                    spot = round(place + OFFSETS[row["descriptor"]], 2), round(row["difference"], 9)
                    assert remaining.pop(spot)[1] == (row["p_holm"] <= 0.05)
            assert not remaining
    assert count == len(rows) > 0


def test_derived_descriptors_and_ensembles_have_rows_of_their_own() -> None:
    table = contrasts(methods(["vgg16"], LABELINGS, []))
    derived = table[table["labeling"] == "multi_label"].assign(descriptor="codes")
    joined = derived.assign(backbone="both", labeling="ensemble", descriptor="joined")
    figure = contrasts_figure(pd.concat([table, derived, joined]), LABELINGS)
    labels = rows_of(figure.axes[0])
    assert {label for _, label in labels if "codes" in label or "joined" in label} >= {
        "multi-label, codes",
        "ensemble, joined vs off the shelf (pool)",
    }
    assert "derived" in [text.get_text() for text in figure.legends[0].get_texts()]
