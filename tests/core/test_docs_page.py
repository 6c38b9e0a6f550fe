"""The documentation in a real browser: it renders, and asks nobody but the service."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.test_serve import serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-headless-shell")
_STEPS = 200
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
def test_the_documentation_renders_and_asks_nobody_else(tmp_path: Path) -> None:
    said: list[str] = []
    asked: list[str] = []
    with serving(tmp_path / "data") as service, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))

        page.goto(f"{service.url}/docs")
        page.wait_for_selector(".opblock")
        wanted = sum(len(path) for path in service.get("/openapi.json")["paths"].values())
        shown: set[str] = set()
        for _ in range(_STEPS):  # of so many, those in sight are there
            ids = "each => each.map(one => one.id)"
            shown.update(page.locator(".opblock").evaluate_all(ids))
            if len(shown) == wanted:
                break
            page.mouse.wheel(0, 400)
            page.wait_for_timeout(50)
        assert len(shown) == wanted
        operation = page.locator("#operations-teams-create_team")
        for _ in range(_STEPS):
            if operation.count():
                break
            page.mouse.wheel(0, -400)
            page.wait_for_timeout(50)
        operation.click()
        page.wait_for_selector("text=validation_failed")
        assert page.locator("button.authorize").is_visible()
        browser.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("data:", service.url))] == []
