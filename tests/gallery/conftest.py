"""A browser, and galleries to open in it."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from drawn import draw_archive, make_gallery
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; if it is not installed, skip, or fail if it is required."""
    program = shutil.which("chromium")
    if program is None:
        message = "Chromium is not installed; on Debian: apt-get install chromium"
        if "CHROMIUM_REQUIRED" in os.environ:
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Return a function that opens a page; pages must not log errors or request URLs."""
    messages: list[str] = []
    requests: list[str] = []
    contexts: list[BrowserContext] = []

    def opened(address: str, width: int = 1400, height: int = 1000, scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("dialog", lambda dialog: messages.append(dialog.message))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert messages == []
    assert [url[:80] for url in requests if not url.startswith(("file:", "data:"))] == []


@pytest.fixture(scope="session")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """A folder of synthetic tiles, and their table."""
    root = tmp_path_factory.mktemp("tiles")
    return root, draw_archive(root)


@pytest.fixture(scope="session")
def gallery(tiles: tuple[Path, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of the gallery of these tiles."""
    return make_gallery(*tiles, tmp_path_factory.mktemp("gallery")).as_uri()


@pytest.fixture
def gallery_of(tiles: tuple[Path, pd.DataFrame], tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes a gallery of a changed table, and returns its address."""
    root, archive = tiles

    def write(change: Callable[[pd.DataFrame], pd.DataFrame], name: str = "tiles") -> str:
        return make_gallery(root, change(archive), tmp_path, name).as_uri()

    return write
