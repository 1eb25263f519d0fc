"""Derived descriptors and ensembles, beside a finished run."""

import h5py
import numpy as np
import pandas as pd
from small_results import BACKBONE, SHELF

from project import Project

DESCRIPTORS = {
    "codes": {"from": "pool", "steps": [{"pca": 16}, {"binarize": "itq"}]},
    "soft": {"from": "output", "similarity": "soft_jaccard"},
    "expanded": {
        "from": "pool",
        "database_augmentation": {"neighbours": 2},
        "query_expansion": {"neighbours": 3},
    },
}
MEMBER = f"{BACKBONE}/multi_label/output"
CONFIG = {
    "descriptors": DESCRIPTORS,
    "ensembles": {"seeds": {"members": [MEMBER], "over": "seeds"}},
    "run": {
        "backbones": [BACKBONE, "seeds"],
        "labelings": ["multi_label"],
        "descriptors": ["pool", "output", "joined", *DESCRIPTORS],
    },
}


def test_derived_descriptors_and_ensembles_stand_in_the_comparison(finished: Project) -> None:
    before = pd.read_csv(finished.path("results/sample/tables/comparison.csv"))
    outcome = finished.configure(CONFIG).make("results/sample/tables/comparison.csv")
    assert outcome.status == 0, outcome.text
    table = pd.read_csv(finished.path("results/sample/tables/comparison.csv"))
    keys = ["backbone", "labeling", "descriptor", "query", "duplicates", "k"]
    after = table.set_index(keys)
    sizes = table.groupby(["labeling", "descriptor"])["bytes_per_image"].first().to_dict()
    assert sizes == {
        **{(labeling, "pool"): 4 * 1280 for labeling in ("off_the_shelf", "multi_label")},
        **{(labeling, "expanded"): 4 * 1280 for labeling in ("off_the_shelf", "multi_label")},
        **{(labeling, "codes"): 2 for labeling in ("off_the_shelf", "multi_label")},
        ("off_the_shelf", "output"): 4 * 1000,
        **{(labeling, "output"): 4 * 17 for labeling in ("multi_label", "ensemble")},
        **{(labeling, "soft"): 4 * 17 for labeling in ("multi_label", "ensemble")},
        ("ensemble", "joined"): 4 * 17,
    }
    # The values of before are unchanged, and an ensemble of one seed is this seed.
    shelf = before[(before[["backbone", "labeling", "descriptor"]] == SHELF).all(axis=1)]
    columns = [column for column in before if column.startswith("accuracy")]
    np.testing.assert_array_equal(
        after.loc[pd.MultiIndex.from_frame(shelf[keys]), columns], shelf[columns]
    )
    alone = after.loc[(BACKBONE, "multi_label", ["output", "soft"]), "accuracy"].to_numpy()
    joined = after.loc[("seeds", "ensemble", ["joined", "soft"]), "accuracy"].to_numpy()
    np.testing.assert_allclose(joined, alone, atol=2e-6)
    codes = finished.path(f"results/sample/descriptors/{BACKBONE}/off_the_shelf+codes.h5")
    with h5py.File(codes) as file:
        assert file["codes"].shape == (105, 2)
        assert file.attrs["labeling"] == "off_the_shelf"


def test_what_a_model_lacks_is_refused_in_one_line(finished: Project) -> None:
    target = f"results/sample/scores/{BACKBONE}/off_the_shelf+soft.csv"
    refused = finished.configure(CONFIG).run(target, "--dry-run", "--cores", "1")
    assert refused.status != 0
    assert f"{target}: off_the_shelf has no probabilities of labels" in refused.text
