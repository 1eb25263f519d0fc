"""Models that another archive fine-tuned: their names, and what they are compared with."""

import numpy as np
import pandas as pd
from contrast_tables import LBP, MULTI, RANDOM, SHELF, rows, scenes

from rsir.core.origin import method_of
from rsir.evaluation.contrasts import contrasts
from rsir.evaluation.methods import (
    MODEL,
    NAME,
    labeling_name,
    named,
    training_archives,
    with_training_archives,
)
from rsir.evaluation.planned import default_pairs
from rsir.evaluation.tables import read_results, write_table

TRANSFERRED = ("vgg16", "multi_label-from-aid", "pool")


def test_a_path_names_the_archive_of_training():
    for model, labeling, trained_on, seed in (
        ("off_the_shelf", "off_the_shelf", None, None),
        ("multi_label-seed3", "multi_label", "mine", 3),
        ("multi_label-seed3-from-aid", "multi_label", "aid", 3),
        ("own-seed1-seed0-from-aid-seed2+codes", "own-seed1", "aid-seed2", 0),
        ("off_the_shelf+codes", "off_the_shelf", None, None),
    ):
        assert method_of("mine", "vgg16", model) == {
            "backbone": "vgg16",
            "labeling": labeling,
            "trained_on": trained_on,
            "seed": seed,
        }


def test_reports_name_the_archive_of_training_only_if_it_is_another_one():
    assert labeling_name("multi_label", "mine", "mine") == "multi_label"
    assert labeling_name("off_the_shelf", "", "mine") == "off_the_shelf"
    assert labeling_name("multi_label", "aid", "mine") == "multi_label-from-aid"
    table = pd.DataFrame([("vgg16", "multi_label", "aid", "pool")], columns=MODEL)
    assert named(table, "mine").loc[0, NAME].tolist() == list(TRANSFERRED)
    assert list(named(table, "mine").columns) == NAME


def test_a_transferred_model_is_compared_with_the_shelf_and_with_the_archives_own():
    pairs = default_pairs([SHELF, MULTI, TRANSFERRED, LBP, RANDOM])
    assert [other for one, other in pairs if one == TRANSFERRED] == [SHELF, MULTI, LBP]
    assert TRANSFERRED not in [other for _, other in pairs]


def test_tables_of_several_archives_name_the_archive_of_training():
    models = {
        "mine": [("vgg16", "multi_label", "mine", "pool"), ("vgg16", "multi_label", "aid", "pool")],
        "aid": [("vgg16", "multi_label", "aid", "pool"), ("lbp", "off_the_shelf", "", "histogram")],
    }
    keyed = {archive: pd.DataFrame(rows, columns=MODEL) for archive, rows in models.items()}
    sources = training_archives(keyed)
    rows = [
        (archive, *method)
        for archive, table in keyed.items()
        for method in named(table, archive)[NAME].to_numpy()
    ]
    rows.append(("across", "vgg16", "multi_label", "pool"))
    table = pd.DataFrame(rows, columns=["archive", *NAME])
    for prefix, shown in (
        ("", table),
        ("against_", table.rename(columns={name: f"against_{name}" for name in NAME})),
    ):
        made = with_training_archives(shown, sources)
        assert list(made) == ["archive", *(f"{prefix}{name}" for name in MODEL)]
        assert made[f"{prefix}trained_on"].tolist() == ["mine", "aid", "aid", "", "across"]
        pd.testing.assert_frame_equal(named(made, "across"), shown)
    ranks = with_training_archives(table.tail(1).drop(columns="archive"), sources)
    assert ranks["trained_on"].tolist() == ["across"]


def test_its_contrasts_are_of_its_own_scores(tmp_path):
    parts = [
        rows(method, [np.full(6, score)])
        for method, score in ((SHELF, 0.4), (MULTI, 0.7), (("vgg16", "multi_label", "pool"), 0.5))
    ]
    parts[1]["trained_on"], parts[2]["trained_on"] = "mine", "aid"
    write_table(tmp_path / "scores.csv", pd.concat(parts, ignore_index=True))
    table = contrasts("mine", read_results(tmp_path / "scores.csv"), scenes([""] * 6))
    found = table[table["metric"] == "accuracy"].set_index(["trained_on", "against_trained_on"])
    assert found["difference"].round(9).to_dict() == {
        ("mine", ""): 0.3,
        ("aid", ""): 0.1,
        ("aid", "mine"): -0.2,
    }
