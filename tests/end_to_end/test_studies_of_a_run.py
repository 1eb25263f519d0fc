"""A run with transfer, a search across archives, a published protocol and label transfer."""

import pandas as pd
import pytest

from own_tiles import write_tiles
from project import Project

TINY = {
    "library": "timm",
    "network": "resnet18",
    "weights": "random",
    "cut": "layer4.1",
    "size": 64,
}
TARGETS = (
    *(f"results/two/tables/{name}.csv" for name in ("comparison", "published", "label_transfer")),
    *(f"results/across/tables/{name}.csv" for name in ("comparison", "contrasts", "ranks")),
    "results/across/one-in-two/tables/comparison.csv",
)
MODELS = {("off_the_shelf", ""), ("multi_label", "one"), ("multi_label", "two")}
KEY = ["labeling", "trained_on", "descriptor"]


@pytest.fixture
def studied(project: Project) -> Project:
    for name, per_scene in (("one", 20), ("two", 23)):
        folder, table = project.path(name), project.path(f"{name}.csv")
        write_tiles(folder, table, scenes=True, per_scene=per_scene)
    archives = {
        name: {"kind": "table", "root": name, "labels": f"{name}.csv"} for name in ("one", "two")
    }
    project.configure(
        {
            "archives": archives,
            "backbones": {"tiny": TINY},
            "protocol": "ibm2024",
            "audit": {"duplicates": False},
            "finetuning": {"batch_size": 8, "head": {"epochs": 1}, "tail": {"epochs": 1}},
            "run": {
                "archives": ["one", "two"],
                "backbones": ["tiny"],
                "labelings": ["multi_label"],
                "transfer": [{"from": "one", "to": "two"}],
                "cross": [{"queries": "one", "database": "two"}],
                "seeds": [0],
            },
        }
    )
    made = project.make(*TARGETS)
    assert made.status == 0, made.text
    return project


def read(project: Project, path: str) -> pd.DataFrame:
    return pd.read_csv(project.path(path)).fillna({"trained_on": "", "labeling": ""})


def models_of(table: pd.DataFrame) -> set[tuple[str, str]]:
    return set(table.loc[table["labeling"] != "", KEY[:2]].itertuples(index=False, name=None))


def test_transfer_cross_and_protocol_stand_in_the_tables(studied: Project) -> None:
    comparison, published, transferred, across, contrasts, ranks, crossed = (
        read(studied, path) for path in TARGETS
    )
    for table in (comparison, published, transferred, crossed):
        assert models_of(table) == MODELS

    # With cutoff 20, the paper's mAP by any shared label is that of the tables.
    assert set(published["metric"]) == {"map_any_label", "map_equal_labels"}
    assert set(published["k"]) == {20}
    ours = comparison[(comparison["query"] == "excluded") & (comparison["labeling"] != "")]
    theirs = published[published["metric"] == "map_any_label"].set_index(KEY)["value"]
    for row in ours.to_dict("records"):
        assert theirs[tuple(row[name] for name in KEY)] == pytest.approx(row["map"], abs=2e-6)

    split = pd.read_csv(studied.path("results/two/split.csv"))["subset"]
    assert set(transferred["queries"]) == {(split == "validation").sum()}
    assert set(transferred["database"]) == {(split == "train").sum()}
    for measure in ("micro_map", "macro_map", "f1"):
        assert transferred[measure].between(0, 1).all()

    assert models_of(across[across["archive"] == "one"]) == MODELS - {("multi_label", "two")}
    assert models_of(across[across["archive"] == "two"]) == MODELS
    both = {("off_the_shelf", ""), ("multi_label", "across")}
    assert models_of(across[across["archive"] == "across"]) == models_of(ranks) == both
    pairs = contrasts[["archive", "trained_on", "against_trained_on"]].fillna("").to_numpy()
    assert {("two", "one", ""), ("two", "one", "two"), ("across", "across", "")} <= set(
        map(tuple, pairs.tolist())
    )
