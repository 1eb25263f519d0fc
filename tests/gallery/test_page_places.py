"""The links of the gallery to the places of images."""

import numpy as np
from drawn import make_gallery
from playwright.sync_api import expect


def test_a_hit_of_known_place_links_to_a_map_and_requests_nothing_itself(
    open_page, tiles, tmp_path
):
    root, archive = tiles
    places = np.full((len(archive), 2), np.nan)
    places[2:4] = [(7.5, 50.25), (-7.5, 40)]  # airplane02 and airplane03
    page = open_page(make_gallery(root, archive, tmp_path, places=places).as_uri())
    expect(page.locator("#query-id")).to_have_text("airplane02")
    link = page.get_by_role("link", name="Map of the place of airplane02")
    address = "https://www.openstreetmap.org/?mlat=50.25000&mlon=7.50000#map=14/50.25000/7.50000"
    expect(link).to_have_attribute("href", address)
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    hits = page.locator("#left-hits").get_by_role("link", name="Map of the place of")
    assert set(hits.evaluate_all("all => all.map((one) => one.ariaLabel)")) <= {
        "Map of the place of airplane03"
    }
    page.goto(page.url.split("#")[0] + "#query=river02")
    expect(page.locator("#query-map")).to_be_empty()
