"""The gallery by keyboard, on a phone, in a frame, and with names and archives that are unusual."""

import base64

import pytest
from page_parts import QUERIES, listed, search, the_query
from playwright.sync_api import expect


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
