"""Predictions from outputs of one and of several groups."""

import numpy as np

from rsir.training.models import Outputs
from rsir.training.predictions import label_columns, predictions

SOFTMAX, SIGMOID = Outputs(["city", "farm"], "softmax"), Outputs(["sea", "ship"], "sigmoid")


def test_predictions_of_a_softmax_are_the_most_probable():
    output = np.array([[0.4, 0.6], [0.9, 0.1]], np.float32)
    assert [list(row) for row in predictions([SOFTMAX], output)] == [["farm"], ["city"]]


def test_predictions_of_several_networks_stand_side_by_side():
    outputs = [Outputs([name], "sigmoid") for name in ("sea", "ship", "car")]
    output = np.array([[0.5, 0.1, 0.75], [0.0, 0.25, 0.0]], np.float32)
    assert predictions(outputs, output) == [{"sea": 0.5, "car": 0.75}, {}]


def test_scenes_and_labels_side_by_side_predict_labels():
    output = np.array([[0.9, 0.1, 0.25, 0.5]], np.float32)
    assert predictions([SOFTMAX, SIGMOID], output) == [{"ship": 0.5}]
    assert label_columns([SOFTMAX, SIGMOID]).tolist() == [2, 3]
