"""The gallery in a browser, opened as a file."""

import base64
import re

import numpy as np
import pytest
from drawn import CUTOFF
from page_parts import (
    MULTI_LABEL,
    OFF_THE_SHELF,
    QUERIES,
    chosen,
    embedded,
    hits,
    listed,
    pick,
    search,
    the_query,
)
from playwright.sync_api import expect


def test_the_page_opens_from_a_file_with_the_first_query(open_page, gallery, tmp_path):
    page = open_page(gallery)
    expect(page).to_have_title("airplane02 · tiles · retrieval gallery")
    expect(the_query(page)).to_have_text("airplane02")
    assert [chosen(page, side) for side in ("left", "right")] == [OFF_THE_SHELF, MULTI_LABEL]
    assert len(listed(page)) == QUERIES
    expect(page.get_by_role("status")).to_have_text(f"{QUERIES} queries")
    for side in ("left", "right"):
        assert len(hits(page, side)) == CUTOFF
        assert "airplane02" not in hits(page, side)
    widths = page.locator("img").evaluate_all("images => images.map(i => i.naturalWidth)")
    assert max(widths) == 128
    page.screenshot(path=tmp_path / "opened.png", full_page=True)


def test_hits_are_marked_by_rank_similarity_scene_and_labels(open_page, gallery):
    page = open_page(gallery)
    data = embedded(page)
    model = data["models"][data["opening"][0]]
    numbers = np.frombuffer(base64.b64decode(model["hits"]), "<u2")[:CUTOFF]
    similarity = np.frombuffer(base64.b64decode(model["similarity"]), "<i2")[:CUTOFF] / 1000
    query = data["images"][0]
    for rank, (number, value) in enumerate(zip(numbers, similarity, strict=True), 1):
        hit = page.locator("#left-hits .hit").nth(rank - 1)
        image = data["images"][number]
        expect(hit.locator(".place")).to_have_text(f"{rank}{value:.3f}")
        expect(hit.locator(".id")).to_have_text(image["id"])
        same = image["scene"] == query["scene"]
        expect(hit.locator(".scene b")).to_have_text("=" if same else "≠")
        of_query, of_hit = set(query["labels"]), set(image["labels"])
        kinds = {
            "shared": of_query & of_hit,
            "missing": of_query - of_hit,
            "extra": of_hit - of_query,
        }
        for kind, labels in kinds.items():
            texts = hit.locator(f".chip.{kind}").all_inner_texts()
            assert {re.split(r": ?", text)[-1].strip() for text in texts} == {
                data["labels"][label] for label in labels
            }


def test_scores_are_next_to_their_means_and_difference(open_page, gallery):
    page = open_page(gallery)
    data = embedded(page)
    accuracy = page.locator("#scores tr").first
    cells = accuracy.locator("td").all_inner_texts()
    values = [float(cell.replace("−", "-").split()[0]) for cell in cells]
    for place, model in zip((1, 3), data["opening"], strict=True):
        scores = np.frombuffer(base64.b64decode(data["models"][model]["scores"]), "<f4")
        assert values[place - 1] == pytest.approx(scores[0], abs=0.0006)
        assert values[place] == pytest.approx(data["models"][model]["means"][0], abs=0.0006)
    assert values[4] == pytest.approx(values[2] - values[0], abs=0.0011)
    assert len(page.locator("#scores tr").all()) == len(data["metrics"])


@pytest.mark.parametrize(
    ("words", "number"),
    [("harbor", 4), ("HARBOR03", 1), ("harbor 03", 1), ("dock river", 0), ("  ", QUERIES)],
)
def test_queries_are_filtered_by_id_scene_and_label_together(open_page, gallery, words, number):
    page = open_page(gallery)
    search(page, words)
    expect(page.locator("#list button")).to_have_count(number)
    expect(page.get_by_text("No query matches all words.")).to_be_visible(visible=number == 0)


def test_a_label_filters_the_queries_that_have_it(open_page, gallery):
    page = open_page(gallery)
    data = embedded(page)
    label = data["labels"].index("water")
    search(page, "water")
    having = [image for image in data["images"][:QUERIES] if label in image["labels"]]
    assert having
    assert listed(page) == [image["id"] for image in having]
    expect(page.get_by_role("status")).to_have_text(f"{len(having)} of {QUERIES} queries")


def test_a_query_is_picked_and_a_hit_becomes_the_query(open_page, gallery):
    page = open_page(gallery)
    pick(page, "river03")
    expect(the_query(page)).to_have_text("river03")
    link = page.locator("#right-hits a").first
    image = link.locator(".id").inner_text()
    link.click()
    expect(the_query(page)).to_have_text(image)
    expect(page.locator("#list [aria-current] .id")).to_have_text(image)


def test_a_hit_that_is_not_a_query_is_not_a_link(open_page, gallery):
    page = open_page(gallery)
    data = embedded(page)
    queries = {image["id"] for image in data["images"][:QUERIES]}
    for query in listed(page)[:6]:
        pick(page, query)
        linked = page.locator(".hits a .id").all_inner_texts()
        every = hits(page, "left") + hits(page, "right")
        assert sorted(linked) == sorted(image for image in every if image in queries)


def test_models_are_switched(open_page, gallery):
    page = open_page(gallery)
    page.get_by_label("Right model", exact=True).select_option(label=OFF_THE_SHELF)
    assert hits(page, "right") == hits(page, "left")
    differences = page.locator("#scores .difference").all_inner_texts()
    assert set(differences) == {"0.000"}


@pytest.mark.parametrize(
    ("order", "falling"),
    [("worst", False), ("best", True), ("improved", True), ("worsened", False)],
)
def test_queries_are_ordered_by_accuracy(open_page, gallery, order, falling):
    page = open_page(gallery)
    page.get_by_label("Order").select_option(order)
    texts = page.locator("#list .number").all_text_contents()  # of those in view and others
    values = [float(text.replace("−", "-")) for text in texts]
    assert values == sorted(values, reverse=falling)
    assert len(set(values)) > 3


def test_presets_lead_to_the_figures_and_the_extremes(open_page, gallery):
    page = open_page(gallery)
    presets = page.get_by_role("navigation")
    assert presets.get_by_role("link").all_inner_texts() == [
        *("airplane", "river", "runway"),
        *("worst", "best", "most improved"),
    ]
    page.get_by_label("Left model", exact=True).select_option(label="net · off_the_shelf · output")
    presets.get_by_role("link", name="river").click()
    expect(the_query(page)).to_have_text("river02")
    assert chosen(page, "left") == OFF_THE_SHELF
    presets.get_by_role("link", name="most improved").click()
    expect(page.get_by_label("Order")).to_have_value("improved")
    expect(the_query(page)).to_have_text(listed(page)[0])


def test_a_link_leads_back_to_the_same_view(open_page, gallery):
    page = open_page(gallery)
    page.get_by_label("Left model", exact=True).select_option(
        label="net · multi_label (seed 0) · pool"
    )
    page.get_by_label("Order").select_option("best")
    search(page, "r 0")
    pick(page, "river04")
    other = open_page(page.url)
    expect(the_query(other)).to_have_text("river04")
    expect(other.get_by_label("Order")).to_have_value("best")
    expect(other.get_by_label("Find", exact=True)).to_have_value("r 0")
    for side in ("left", "right"):
        assert chosen(other, side) == chosen(page, side)
        assert hits(other, side) == hits(page, side)
    assert listed(other) == listed(page)


@pytest.mark.parametrize("hash_", ["query=none&left=a/b/c", "order=toString", "%%%", "search=%F0"])
def test_an_invalid_address_opens_the_page(open_page, gallery, hash_):
    page = open_page(f"{gallery}#{hash_}")
    expect(the_query(page)).not_to_be_empty()
    assert chosen(page, "left") == OFF_THE_SHELF


def test_back_and_forward_work(open_page, gallery):
    page = open_page(gallery)
    pick(page, "river03")
    page.get_by_role("navigation").get_by_role("link", name="runway").click()
    expect(the_query(page)).to_have_text("runway02")
    page.go_back()
    expect(the_query(page)).to_have_text("river03")
    page.go_back()
    expect(the_query(page)).to_have_text("airplane02")
    page.go_forward()
    expect(the_query(page)).to_have_text("river03")
