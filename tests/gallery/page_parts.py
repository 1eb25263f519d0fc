"""The parts of the gallery's page, as a browser sees them."""

import json

from drawn import SCENES, TILES

QUERIES = len(SCENES) * (TILES - 2)
OFF_THE_SHELF = "net · off_the_shelf · pool"


MULTI_LABEL = "net · multi_label (seed 0) · output"


def listed(page):
    return page.locator("#list .id").all_text_contents()


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
