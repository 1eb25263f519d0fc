"""Derived descriptors and ensembles, beside a finished run."""

import h5py
import numpy as np
import pandas as pd
import pytest
from small_results import BACKBONE, SHELF

from project import Outcome, Project
from rsir.archives.archive_table import read_archive
from rsir.archives.pixels import ArchiveImages, read_pixel_format
from rsir.descriptors.descriptor_files import read_descriptors
from rsir.networks.processor import prepare_processor
from rsir.reports.model_files import ModelFiles
from rsir.reports.query_by_example import nearest, query_by_example
from rsir.reports.query_description import describe_query
from rsir.search.similarities import COSINE

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
TILE = "results/sample/tiles/Images/beach/beach00.png"
CONFIG = {
    "queries": {"own": TILE},
    "descriptors": DESCRIPTORS,
    "ensembles": {"seeds": {"members": [MEMBER], "over": "seeds"}},
    "run": {
        "backbones": [BACKBONE, "seeds"],
        "labelings": ["multi_label"],
        "descriptors": ["pool", "output", "joined", *DESCRIPTORS],
    },
}


@pytest.fixture(scope="module")
def derived(
    small_run: tuple[Project, Outcome], tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """A copy of the small run with derived descriptors and an ensemble."""
    project, outcome = small_run
    assert outcome.status == 0, outcome.text
    made = project.clone(tmp_path_factory.mktemp("derived") / "project").configure(CONFIG)
    outcome = made.make(
        "results/sample/tables/comparison.csv",
        "results/sample/queries/own/seeds/ensemble+soft.csv",
    )
    assert outcome.status == 0, outcome.text
    return made


def test_derived_descriptors_and_ensembles_stand_in_the_comparison(
    derived: Project, small_run: tuple[Project, Outcome]
) -> None:
    before = pd.read_csv(small_run[0].path("results/sample/tables/comparison.csv"))
    table = pd.read_csv(derived.path("results/sample/tables/comparison.csv"))
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
    codes = derived.path(f"results/sample/descriptors/{BACKBONE}/off_the_shelf+codes.h5")
    with h5py.File(codes) as file:
        assert file["codes"].shape == (105, 2)
        assert file.attrs["labeling"] == "off_the_shelf"


@pytest.mark.parametrize(
    ("backbone", "model", "similarity"),
    [
        (BACKBONE, "multi_label-seed0+codes", COSINE),
        (BACKBONE, "off_the_shelf+expanded", COSINE),
        (BACKBONE, "multi_label-seed0+soft", "soft_jaccard"),
        ("seeds", "ensemble", COSINE),
        ("seeds", "ensemble+soft", "soft_jaccard"),
    ],
)
def test_an_image_of_the_archive_as_a_query_is_described_as_it_is_stored(
    derived: Project, backbone: str, model: str, similarity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(derived.folder)
    results = derived.path("results")
    files = ModelFiles(results, "sample", backbone, model)
    archive = read_archive(results / "sample" / "archive.csv")
    (row,) = np.flatnonzero(archive["image"] == "beach00")
    name = model.partition("+")[2] or "joined"
    stored = read_descriptors(files.descriptors, list(archive["image"]))[name]
    pixel_format = read_pixel_format(results / "sample" / "pixels.json")
    image = ArchiveImages(derived.folder, [TILE], pixel_format)
    described = describe_query(image, files, prepare_processor(1, use_gpu=False)).vectors[name]
    assert len(described) == 4
    np.testing.assert_allclose(described[0], stored[row], rtol=1e-3, atol=1e-5)
    same, of_row = (
        nearest(archive, stored, vectors, 20, similarity)
        for vectors in (described[:1], stored[row : row + 1])
    )
    assert same["image"].tolist() == of_row["image"].tolist()
    np.testing.assert_allclose(same["similarity"], of_row["similarity"], atol=1e-4)
    result = query_by_example(image, archive, files, None, 5, 1)
    assert result.descriptor == name
    assert (result.predicted is None) == (model == "off_the_shelf+expanded")
    assert result.hits["image"][0] == "beach00"


def test_a_derived_descriptor_of_an_ensemble_is_a_target_for_a_query(derived: Project) -> None:
    hits = pd.read_csv(derived.path("results/sample/queries/own/seeds/ensemble+soft.csv"))
    assert hits["image"][0] == "beach00"
    assert hits["similarity"][0] == pytest.approx(1, abs=1e-4)


def test_what_a_model_lacks_is_refused_in_one_line(finished: Project) -> None:
    target = f"results/sample/scores/{BACKBONE}/off_the_shelf+soft.csv"
    refused = finished.configure(CONFIG).run(target, "--dry-run", "--cores", "1")
    assert refused.status != 0
    assert f"{target}: off_the_shelf has no probabilities of labels" in refused.text
