"""Learning curves run over both stages."""

import numpy as np
from figure_tables import (
    LABELINGS,
    curve,
)

from rsir.evaluation.tables import write_table
from rsir.reports.figures.learning import learning_figure, read_curve


def test_learning_curves_run_through_both_stages_with_their_mean_over_tasks(tmp_path) -> None:
    tasks = ("$sea$", "_car", "12")
    path = tmp_path / "vgg16" / "own-seed-seed7.csv"
    curves = curve("own-seed", tasks).drop(columns=["backbone", "labeling", "seed"])
    write_table(path, curves)
    read = read_curve(path)
    assert (read[["backbone", "labeling"]] == ["vgg16", "own-seed"]).all(axis=None)
    assert set(read["seed"]) == {7}
    figure = learning_figure([read, curve("own-seed", tasks, seed=1)], ["own-seed"])
    (axes,) = figure.axes
    lines = [line for line in axes.lines if len(line.get_xdata()) == 5]
    thick = [line for line in lines if line.get_linewidth() > 1]
    assert (len(thick), len(lines)) == (2, 2 * (1 + len(tasks)))
    expected = curves.assign(step=[*range(1, 6)] * 3).groupby("step")["train_loss"].mean()
    assert np.allclose(thick[0].get_ydata(), expected)
    assert list(thick[0].get_xdata()) == [1, 2, 3, 4, 5]
    (border,) = (line for line in axes.lines if line.get_linestyle() == ":")
    assert border.get_xdata()[0] == 2.5


def test_a_validation_part_adds_its_loss_and_its_precision() -> None:
    curves = [curve(valid=True), curve(valid=True, backbone="resnet50")]
    figure = learning_figure(curves, LABELINGS)
    assert len(figure.axes) == 4
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == [
        f"{name}\n{what}" for name in ("VGG16", "ResNet50") for what in ("loss", "mAP")
    ]
    dashed = [line for line in figure.axes[0].lines if line.get_linestyle() == "--"]
    assert np.allclose(dashed[0].get_ydata(), curves[0]["validation_loss"])
    (precision,) = (line for line in figure.axes[1].lines if len(line.get_xdata()) == 5)
    assert np.allclose(precision.get_ydata(), curves[0]["validation_map"])
