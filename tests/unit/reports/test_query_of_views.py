"""A query by example of a network with several views per image."""

from dataclasses import replace

import numpy as np
import torch

from rsir.networks.processor import Processor
from rsir.networks.views import turned
from rsir.reports.query_description import describe
from rsir.training.models import Head, Outputs, TaskModel

CPU = Processor(torch.device("cpu"))


def test_a_query_is_described_by_the_mean_over_its_views(small, archive_images):
    torch.manual_seed(0)
    pixels = archive_images[0]
    outputs = [Outputs(["sea"], "sigmoid"), Outputs(["x", "y"], "embedding")]
    model = TaskModel("all", outputs, small.tail, small.pooling, Head(6, 3).eval())
    for models, names in (([], ["pool", "output"]), ([model], ["pool", "output", "embedding"])):
        views = [turned(pixels, view) for view in range(8)]
        each = describe(views, small, models, CPU)
        mean = describe([pixels], replace(small, views=8), models, CPU)
        assert list(mean) == names
        for name, values in mean.items():
            assert len(values) == 1
            np.testing.assert_allclose(values[0], each[name].mean(0), rtol=1e-3, atol=5e-4)
