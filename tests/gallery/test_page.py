"""The gallery in a browser, opened as a file."""

import base64
import json
import re

import numpy as np
import pytest
from drawn import CUTOFF, SCENES, TILES
from playwright.sync_api import expect

QUERIES = len(SCENES) * (TILES - 2)
OFF_THE_SHELF = "net · off_the_shelf · pool"
MULTI_LABEL = "net · multi_label (seed 0) · output"


def listed(page):
    return page.locator("#list .id").all_inner_texts()


def hits(page, side):
    return page.locator(f"#{side}-hits .id").all_inner_texts()


def chosen(page, side):
    return page.locator(f"#{side} option:checked").inner_text()


def the_query(page):
    return page.locator("#query-id")


def search(page, words):
    page.get_by_label("Find", exact=True).fill(words)


def pick(page, image):
    page.locator("#list").get_by_role("button", name=image).click()


def embedded(page):
    return json.loads(page.locator("#data").text_content())


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
    texts = page.locator("#list .number").all_inner_texts()
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


def test_the_keyboard_is_enough(open_page, gallery, tmp_path):
    page = open_page(gallery)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#list button:focus .id")).to_have_text("airplane03")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(the_query(page)).to_have_text("airplane04")
    page.keyboard.press("/")
    expect(page.get_by_label("Find", exact=True)).to_be_focused()
    page.keyboard.type("river")
    page.keyboard.press("Enter")
    expect(the_query(page)).to_have_text("river02")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(the_query(page)).to_have_text("river05")
    page.screenshot(path=tmp_path / "keyboard.png")
    page.keyboard.press("Escape")
    assert len(listed(page)) == QUERIES
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.screenshot(path=tmp_path / "keys.png")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("#list button:focus .id")).to_have_text("river05")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Left model", exact=True)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#left-hits a").first).to_be_focused()
    image = page.locator("#left-hits a .id").first.inner_text()
    page.keyboard.press("Enter")
    expect(the_query(page)).to_have_text(image)


def test_letters_are_typed_in_the_search_field(open_page, gallery):
    page = open_page(gallery)
    page.get_by_label("Find", exact=True).focus()
    page.keyboard.type("jk?/")
    expect(page.get_by_label("Find", exact=True)).to_have_value("jk?/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_one_column_and_one_model(open_page, gallery, scheme, tmp_path):
    page = open_page(gallery, width=390, height=844, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    expect(page.locator("#left-hits")).to_be_visible()
    expect(page.locator("#right-hits")).to_be_hidden()
    page.get_by_role("radio", name="right").check(force=True)
    expect(page.locator("#right-hits")).to_be_visible()
    expect(page.locator("#left-hits")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.screenshot(path=tmp_path / "phone.png", full_page=True)
    page.locator("#right-hits .hit").last.scroll_into_view_if_needed()
    expect(page.locator(".sides")).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(open_page, gallery, scheme, tmp_path):
    page = open_page(gallery, scheme=scheme)
    page.screenshot(path=tmp_path / f"{scheme}.png")
    ratios = page.evaluate(CONTRASTS)
    assert len(ratios) > 100
    assert {text: ratio for text, ratio in ratios if ratio < 4.5} == {}


def test_names_that_are_code_are_shown_as_they_are(open_page, gallery_of, tmp_path):
    script = "</script><script>alert(1)</script>"
    image = "<img src=x onerror=alert(2)>"

    def renamed(archive):
        images = archive["image"].where(archive["image"] != "airplane02", image)
        scenes = archive["scene"].where(archive["scene"] != "airplane", script)
        return archive.assign(image=images, scene=scenes).rename(columns={"pavement": script})

    page = open_page(gallery_of(renamed, name=script))
    expect(the_query(page)).to_have_text(image)
    expect(page.locator("#query-scene")).to_have_text(script)
    expect(page.locator("h1")).to_contain_text(script)
    search(page, "</script>")
    assert image in listed(page)
    other = open_page(page.url)
    expect(the_query(other)).to_have_text(image)
    other.screenshot(path=tmp_path / "hostile.png")


def test_without_scenes_the_page_has_no_scenes(open_page, gallery_of):
    page = open_page(gallery_of(lambda archive: archive.assign(scene="")))
    expect(the_query(page)).to_have_text("airplane02")
    expect(page.locator(".hit .scene")).to_have_count(0)
    expect(page.locator(".of-scenes")).to_be_hidden()
    expect(page.locator("#scores tr").last.locator("td").first).to_have_text("–")
    assert page.get_by_role("navigation").get_by_role("link").all_inner_texts() == [
        *("worst", "best", "most improved")
    ]


def test_the_page_works_in_a_frame_without_an_origin(open_page, gallery, tmp_path):
    page = open_page(gallery)
    frame = tmp_path / "report.html"
    content = base64.b64encode(page.content().encode()).decode()
    address = f"data:text/html;charset=utf8;base64,{content}"
    frame.write_text(f"<iframe width=1300 height=900 src='{address}'></iframe>")
    report = open_page(frame.as_uri()).frame_locator("iframe")
    expect(report.locator("#query-id")).to_have_text("airplane02")
    report.locator("#list").get_by_role("button", name="river03").click()
    expect(report.locator("#query-id")).to_have_text("river03")
    report.get_by_role("link", name="runway", exact=True).click()
    expect(report.locator("#query-id")).to_have_text("runway02")
    report.get_by_label("Order").select_option("best")
    report.get_by_label("Find", exact=True).fill("harbor")
    expect(report.locator("#list button")).to_have_count(4)


CONTRASTS = """() => {
  const over = ([r, g, b, a = 1], ground) =>
    [r, g, b].map((value, place) => a * value + (1 - a) * ground[place]);
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const ground = (element) =>
    element
      ? over(rgba(getComputedStyle(element).backgroundColor), ground(element.parentElement))
      : [255, 255, 255];
  const luminance = (color) => {
    const [r, g, b] = color.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.checkVisibility() && !element.closest("b"))
    .filter((element) => [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .map((element) => {
      const behind = ground(element);
      const text = over(rgba(getComputedStyle(element).color), behind);
      const [a, b] = [luminance(text), luminance(behind)];
      return [element.textContent, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
    });
}"""
