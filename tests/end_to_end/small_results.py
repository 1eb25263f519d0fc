"""What the small run makes, and how its files are read."""

import hashlib

import h5py
import pandas as pd

from project import Project

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
METHOD = ["backbone", "labeling", "trained_on", "descriptor", "query", "duplicates", "k"]
NAME = ["backbone", "labeling", "descriptor"]
SETTING = ["query", "duplicates", "k"]
SHELF = (BACKBONE, "off_the_shelf", "pool")
IMAGES = 105  # 5 of each of 21 scenes, of which 2 train, 1 validates and 2 test
QUERIES = 42
LABELS = 17
METHODS = len(MODELS) * 2 + 3 + 3  # two descriptors of each model, those without learning, bounds
SETTINGS = 2 * 2  # protocols, cutoffs


def read_tables(project: Project, name: str) -> pd.DataFrame:
    """Read a table; the labeling, archive of training and descriptor may be empty texts."""
    table = pd.read_csv(project.path(f"results/sample/tables/{name}"))
    names = ("labeling", "trained_on", "descriptor", "against_trained_on")
    texts = [column for column in names if column in table]
    return table.fillna(dict.fromkeys(texts, ""))


def read_scores(project: Project, backbone: str, model: str) -> pd.DataFrame:
    table = pd.read_csv(project.path(f"results/sample/scores/{backbone}/{model}.csv"))
    return table.fillna({"trained_on": ""})


def open_array(project: Project, kind: str, model: str, backbone: str = BACKBONE) -> h5py.File:
    return h5py.File(project.path(f"results/sample/{kind}/{backbone}/{model}.h5"))


def descriptors_of(backbone: str) -> tuple[str, ...]:
    return ("histogram",) if backbone in HANDCRAFTED else ("output", "pool")


def digest(project: Project, path: str) -> str:
    return hashlib.sha256(project.path(path).read_bytes()).hexdigest()


def label_columns(archive: pd.DataFrame) -> list[str]:
    return list(archive.columns[6:])


def pair(row: pd.Series) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    first = row["backbone"], row["labeling"], row["descriptor"]
    return first, (row["against_backbone"], row["against_labeling"], row["against_descriptor"])
