"""The results published in the thesis, compared with the results of a run.

M. Compri, *Multi-label remote sensing image retrieval based on deep features*, MSc thesis, 2016,
tables 5.1 to 5.3: UC Merced, 420 test images as queries and as database, the first 20 retrieved
images, one run.
"""

import pandas as pd

from rsir.evaluation.methods import (
    MODEL,
    MULTI_LABEL,
    NAME,
    OFF_THE_SHELF,
    OUTPUT,
    POOL,
    SINGLE_LABEL,
    headline_rows,
    named,
)

METRICS = ("accuracy", "precision", "recall")
CUTOFF = 20

# Percent, in the order of METRICS.
PUBLISHED = {
    ("vgg16", OFF_THE_SHELF): (58.22, 69.40, 69.95),
    ("inception_v3", OFF_THE_SHELF): (52.15, 63.08, 62.64),
    ("resnet50", OFF_THE_SHELF): (66.89, 76.27, 78.06),
    ("vgg16", SINGLE_LABEL): (71.95, 82.16, 82.25),
    ("inception_v3", SINGLE_LABEL): (67.75, 77.89, 77.79),
    ("resnet50", SINGLE_LABEL): (72.06, 82.33, 81.91),
    ("vgg16", MULTI_LABEL): (70.97, 80.54, 81.61),
    ("inception_v3", MULTI_LABEL): (66.97, 76.69, 77.53),
    ("resnet50", MULTI_LABEL): (72.51, 82.18, 83.05),
}

FINE_TUNED_DIFFERS = (
    "optimizer, epochs and preprocessing of the training; "
    "its training labels call the ground of chaparral sand, not bare-soil"
)
DIFFERS = {
    ("vgg16", OFF_THE_SHELF): "its features are the maxima of the last row of the 7×7 map only",
    ("inception_v3", OFF_THE_SHELF): "its weights had not converged",
    ("resnet50", OFF_THE_SHELF): "preprocessing",
}


def thesis_table(comparison: pd.DataFrame) -> pd.DataFrame:
    """Compare the thesis' numbers with ours: a row per backbone, labeling and metric.

    Ours follow the thesis' protocol as far as it is known: query included; pooled features off the
    shelf, the output layer after fine-tuning. `differs` states the known differences in procedure.
    """
    archive = comparison["archive"].iloc[0]
    ours = headline_rows(named(comparison, archive), query="included", cutoff=CUTOFF)
    ours = ours.set_index(NAME)
    rows = []
    for (backbone, labeling), published in PUBLISHED.items():
        descriptor = POOL if labeling == OFF_THE_SHELF else OUTPUT
        method = (backbone, labeling, descriptor)
        if method not in ours.index:
            continue
        for metric, percent in zip(METRICS, published, strict=True):
            names = [metric, f"{metric}_low", f"{metric}_high"]
            mean, low, high = ours.loc[[method]][names].to_numpy(float)[0]
            differs = DIFFERS.get((backbone, labeling), FINE_TUNED_DIFFERS)
            thesis = percent / 100
            trained_on = "" if labeling == OFF_THE_SHELF else archive
            model = (backbone, labeling, trained_on, descriptor)
            rows.append((*model, metric, mean, low, high, thesis, mean - thesis, differs))
    columns = [*MODEL, "metric", "ours", "ours_low", "ours_high"]
    return pd.DataFrame(rows, columns=[*columns, "thesis", "difference", "differs"])
