"""The data of the gallery, and its page."""

import json
from base64 import b64decode

import numpy as np
import pandas as pd
import pytest

from project import ROOT
from rsir.archives.thumbnails import make_thumbnails, write_thumbnails
from rsir.core.errors import InputError
from rsir.evaluation.scores import query_scores
from rsir.evaluation.tables import write_table
from rsir.metrics.scoring import METRICS
from rsir.reports import gallery
from rsir.reports.gallery import (
    Retrieval,
    gallery_data,
    means,
    opening_pair,
    others,
    packed,
    read_retrievals,
    read_run,
    select_queries,
    write_gallery,
)
from rsir.search.exact import rank
from rsir.search.protocol import Search, without
from rsir.search.ranking_file import write_rankings

TEMPLATE = ROOT / "workflow" / "pages" / "gallery.html"


@pytest.fixture
def write_model(archive, tmp_path):
    """Write the rankings and scores of a model with random descriptors."""

    def write(model, search, seed=None, cutoffs=(3, 5)):
        images = archive["image"].to_numpy(str)
        rng = np.random.default_rng(len(model))
        values = {name: rng.normal(size=(9, 4)).astype(np.float32) for name in ("output", "pool")}
        ranked = {
            name: rank(one, search.queries, search.database, depth=9)
            for name, one in values.items()
        }
        attributes = {"backbone": "net", "labeling": model, "seed": seed}
        rankings, scores = tmp_path / f"{model}.h5", tmp_path / f"{model}.csv"
        write_rankings(rankings, images, search, ranked, dict.fromkeys(ranked, 4), attributes)
        positions = {name: places for name, (places, _) in ranked.items()}
        method = ("net", model, seed)
        write_table(scores, query_scores(archive, search, positions, cutoffs, *method))
        return rankings, scores, ranked

    return write


ALL = Search(np.arange(1, 9, 2), np.arange(9))
APART = Search(np.arange(2), np.arange(2, 9))


def test_hits_are_read_without_the_query_itself(write_model, archive):
    rankings, scores, ranked = write_model("multi_label", ALL, seed=4)
    search, retrievals = read_retrievals(archive, rankings, scores)
    assert search.queries.tolist() == ALL.queries.tolist()
    assert [(one.labeling, one.seed, one.descriptor) for one in retrievals] == [
        ("multi_label", 4, "output"),
        ("multi_label", 4, "pool"),
    ]
    for one in retrievals:
        places, similarity = ranked[one.descriptor]
        expected = without(places, search.own_rows[:, None])
        assert one.rows.tolist() == expected[:, :3].tolist()
        assert not (one.rows == search.queries[:, None]).any()
        for query, (rows, values) in enumerate(zip(one.rows, one.similarity, strict=True)):
            pairs = dict(zip(places[query], similarity[query], strict=True))
            assert values.tolist() == [pairs[row] for row in rows]


def test_the_scores_are_those_of_the_query_excluded_at_the_first_cutoff(write_model, archive):
    rankings, scores, _ = write_model("off_the_shelf", ALL)
    _, retrievals = read_retrievals(archive, rankings, scores)
    table = pd.read_csv(scores)
    rows = table[(table["query"] == "excluded") & (table["k"] == 3)]
    for one in retrievals:
        of_descriptor = rows[rows["descriptor"] == one.descriptor]
        np.testing.assert_array_equal(one.scores, of_descriptor[list(METRICS)])
        assert one.seed is None


def test_a_query_outside_the_database_loses_nothing(write_model, archive):
    rankings, scores, ranked = write_model("off_the_shelf", APART)
    _, (output, _) = read_retrievals(archive, rankings, scores)
    places, similarity = ranked["output"]
    assert output.rows.tolist() == (places[:, :3] + 2).tolist()
    assert output.similarity.tolist() == similarity[:, :3].tolist()


def test_the_column_of_the_query_is_left_out_at_any_rank():
    places = np.array([[4, 7, 2], [7, 4, 2], [2, 7, 4]])
    columns = others(places, np.array([[4], [4], [9]]))
    assert columns.tolist() == [[1, 2], [0, 2], [0, 1]]


def test_scores_of_other_queries_are_refused(write_model, archive):
    rankings, _, _ = write_model("off_the_shelf", ALL)
    _, scores, _ = write_model("multi_label", APART)
    flaw = r"multi_label\.csv: does not belong to .*off_the_shelf\.h5"
    with pytest.raises(InputError, match=flaw):
        read_retrievals(archive, rankings, scores)


def test_models_of_different_searches_are_refused(write_model, archive):
    rankings, scores, _ = zip(
        write_model("off_the_shelf", ALL), write_model("multi_label", APART), strict=True
    )
    with pytest.raises(InputError, match=r"multi_label\.h5: has other queries or another database"):
        read_run(archive, rankings, scores)


def test_all_models_are_read_in_their_order(write_model, archive):
    rankings, scores, _ = zip(
        write_model("off_the_shelf", ALL), write_model("multi_label", ALL, seed=0), strict=True
    )
    _, retrievals = read_run(archive, rankings, scores)
    assert [(one.labeling, one.descriptor) for one in retrievals] == [
        ("off_the_shelf", "output"),
        ("off_the_shelf", "pool"),
        ("multi_label", "output"),
        ("multi_label", "pool"),
    ]


def a_model(backbone, labeling, descriptor, rows=None, **changes):
    rows = np.zeros((2, 1), int) if rows is None else rows
    values = {"similarity": np.zeros(rows.shape), "scores": np.zeros((len(rows), len(METRICS)))}
    return Retrieval(backbone, labeling, None, descriptor, rows, **(values | changes))


@pytest.mark.parametrize(
    ("models", "left", "right"),
    [
        (["a:off_the_shelf:output", "a:off_the_shelf:pool", "a:single_label:output",
          "a:multi_label:output", "a:multi_label:pool"], 1, 3),
        (["lbp:off_the_shelf:histogram", "a:off_the_shelf:pool", "a:powerset:pool",
          "a:powerset:output", "b:off_the_shelf:pool", "b:multi_label:output"], 1, 3),
        (["a:off_the_shelf:output", "a:off_the_shelf:pool"], 1, 0),
        (["lbp:off_the_shelf:histogram", "bovw:off_the_shelf:histogram"], 0, 1),
        (["lbp:off_the_shelf:histogram"], 0, 0),
    ],
)  # fmt: skip
def test_the_page_opens_with_the_pair_of_the_thesis_or_the_most_similar(models, left, right):
    retrievals = [a_model(*name.split(":")) for name in models]
    pair = opening_pair(retrievals)
    assert [retrievals.index(one) for one in pair] == [left, right]


def test_queries_are_numbered_before_their_hits():
    queries = np.array([8, 2, 5])
    hits = [np.array([[2, 1], [8, 1], [9, 2]]), np.array([[5, 3], [5, 3], [5, 3]])]
    selected, rows = select_queries(queries, hits)
    assert selected.tolist() == [0, 1, 2]
    assert rows.tolist() == [8, 2, 5, 1, 3, 9]


def test_of_many_queries_some_are_selected_evenly(monkeypatch):
    monkeypatch.setattr(gallery, "MOST_QUERIES", 4)
    queries = np.arange(10) * 2
    selected, rows = select_queries(queries, [queries[:, None] + 1])
    assert selected.tolist() == [0, 2, 5, 7]
    assert rows.tolist() == [0, 4, 10, 14, 1, 5, 11, 15]


@pytest.mark.parametrize(("most", "number"), [(20, 10), (19, 5), (9, 2), (1, 1)])
def test_fewer_are_selected_if_they_have_too_many_hits(monkeypatch, most, number):
    monkeypatch.setattr(gallery, "MOST_IMAGES", most)
    selected, _ = select_queries(np.arange(10), [np.arange(10)[:, None] + 10])
    assert len(selected) == number


@pytest.fixture
def thumbnails(archive, archive_images, tmp_path):
    path = tmp_path / "thumbnails.h5"
    (tmp_path / "archive.csv").write_text("image\n")
    images = archive["image"].to_numpy(str)
    write_thumbnails(path, tmp_path / "archive.csv", images, make_thumbnails(archive_images, 1))
    return path


@pytest.fixture
def data(write_model, archive, thumbnails):
    rankings, scores, _ = zip(
        write_model("off_the_shelf", ALL), write_model("multi_label", ALL, seed=0), strict=True
    )
    archive = archive.assign(scene=archive["scene"].replace("farm", "river"))
    return gallery_data("nine", archive, *read_run(archive, rankings, scores), thumbnails)


def unpacked(text, dtype):
    return np.frombuffer(b64decode(text), dtype)


def test_the_data_are_json_and_hold_the_hits(data, write_model, archive):
    data = json.loads(json.dumps(data))
    assert data["archive"] == "nine"
    assert (data["k"], data["total_queries"], data["database"]) == (3, 4, 9)
    assert data["labels"] == ["sea", "ship", "grass", "lava"]
    assert [image["id"] for image in data["images"][: data["queries"]]] == ["b", "d", "f", "h"]
    assert data["images"][0] == {"id": "b", "scene": "port", "labels": [0]}
    assert data["opening"] == [1, 2]
    assert data["figures"] == [{"figure": "5.3", "scene": "river", "query": 1}]
    rankings, scores, _ = write_model("off_the_shelf", ALL)
    _, retrievals = read_retrievals(archive, rankings, scores)
    for model, one in zip(data["models"], retrievals, strict=False):
        assert (model["labeling"], model["descriptor"]) == (one.labeling, one.descriptor)
        names = [data["images"][number]["id"] for number in unpacked(model["hits"], "<u2")]
        assert names == [archive["image"][row] for row in one.rows.ravel()]
        similarity = unpacked(model["similarity"], "<i2") / 1000
        assert np.abs(similarity - one.similarity.ravel()).max() <= 0.0005 + 1e-6
        np.testing.assert_allclose(unpacked(model["scores"], "<f4"), one.scores.ravel(), 1e-6)


def test_each_image_has_its_thumbnail(data):
    assert len(data["thumbnails"]) == len(data["images"])
    assert all(b64decode(jpeg).startswith(b"\xff\xd8") for jpeg in data["thumbnails"])


def test_a_mean_is_over_the_queries_that_have_a_score():
    assert means(np.array([[1, np.nan], [0.5, np.nan]])) == [0.75, None]
    assert means(np.array([[np.nan], [0.25]])) == [0.25]


def test_arrays_are_little_endian_whatever_they_were():
    assert b64decode(packed(np.array([1, 258], dtype=">i8"), "<u2")) == b"\x01\x00\x02\x01"


def test_means_are_over_all_queries_also_if_some_are_selected(monkeypatch, archive, thumbnails):
    monkeypatch.setattr(gallery, "MOST_QUERIES", 1)
    scores = np.zeros((2, len(METRICS)))
    scores[1] = 1
    model = a_model("net", "off_the_shelf", "pool", scores=scores)
    data = gallery_data("nine", archive, Search(np.arange(2), np.arange(9)), [model], thumbnails)
    assert (data["queries"], data["total_queries"]) == (1, 2)
    assert data["models"][0]["means"] == [0.5] * len(METRICS)


def test_images_of_known_places_have_the_address_of_a_map(write_model, archive, thumbnails):
    run = read_run(archive, *([file] for file in write_model("off_the_shelf", ALL)[:2]))
    places = np.full((9, 2), np.nan)
    places[1] = (-7.25, 40.5)
    data = gallery_data("nine", archive, *run, thumbnails, places)
    address = "https://www.openstreetmap.org/?mlat=40.50000&mlon=-7.25000#map=14/40.50000/-7.25000"
    assert [one["id"] for one, link in zip(data["images"], data["maps"], strict=True) if link] == [
        archive["image"][1]
    ]
    assert [link for link in data["maps"] if link] == [address]


def test_the_page_is_one_file_that_names_no_other(data, tmp_path):
    path = tmp_path / "gallery" / "index.html"
    write_gallery(path, TEMPLATE, data)
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "http:" not in page
    assert "https:" not in page
    assert "<title>nine · retrieval gallery</title>" in page
    assert "4 queries" in page
    assert [entry.name for entry in path.parent.iterdir()] == ["index.html"]


def test_the_page_states_that_queries_are_selected(data, tmp_path):
    path = tmp_path / "index.html"
    write_gallery(path, TEMPLATE, data | {"total_queries": 12_345})
    assert "4 of 12,345 queries, evenly spaced" in path.read_text(encoding="utf-8")


def test_names_cannot_end_the_script_they_stand_in(data, tmp_path):
    hostile = "</script><script>alert(1)</script>\u2028&<!--"
    path = tmp_path / "index.html"
    write_gallery(path, TEMPLATE, data | {"archive": hostile, "labels": [hostile] * 4})
    page = path.read_text(encoding="utf-8")
    assert "<script>alert" not in page
    block = page.split('<script type="application/json" id="data">')[1].split("</script>")[0]
    assert not set("<>&\u2028") & set(block)
    assert json.loads(block)["labels"] == [hostile] * 4
    assert "&lt;/script&gt;" in page.split("<title>")[1].split("</title>")[0]


def test_a_number_that_json_lacks_is_refused(data, tmp_path):
    with pytest.raises(ValueError, match="Out of range float"):
        write_gallery(tmp_path / "index.html", TEMPLATE, data | {"k": float("nan")})
    assert not (tmp_path / "index.html").exists()
