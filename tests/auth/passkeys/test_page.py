"""The page to try a passkey on: in a real browser, with an authenticator of the browser's own."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from src.constants import Environment
from tests import factories
from tests.auth.mfa.securing import code_of
from tests.conftest import MakeClient
from tests.core.test_docs_page import QUIET
from tests.http import problem
from tests.test_serve import serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-headless-shell")
PAGE = "/v1/local/passkeys"


@pytest.mark.parametrize("environment", [e for e in Environment if e is not Environment.LOCAL])
async def test_only_a_local_service_has_the_page(
    make_client: MakeClient, environment: Environment
) -> None:
    client = await make_client(environment=environment)

    for path in (PAGE, f"{PAGE}/assets/page.js"):
        problem(await client.get(path), 404, "not_found")


async def test_the_page_runs_nothing_but_its_own_script(make_client: MakeClient) -> None:
    client = await make_client(environment=Environment.LOCAL)

    response = await client.get(PAGE)

    assert response.status_code == 200
    policy = response.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "connect-src 'self'"} <= set(policy)
    assert "unsafe" not in response.headers["content-security-policy"]
    assert "onclick" not in response.text
    script = await client.get(f"{PAGE}/assets/page.js")
    assert script.status_code == 200
    assert "innerHTML" not in script.text


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
def test_a_passkey_is_registered_and_signs_in_in_a_real_browser(tmp_path: Path) -> None:
    said: list[str] = []
    asked: list[str] = []
    with serving(tmp_path / "data") as service, sync_playwright() as playwright:
        site = service.url.replace("127.0.0.1", "localhost")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page()
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        add_authenticator(page)

        page.goto(f"{site}{PAGE}")
        page.fill("#email", "ann@example.org")
        page.fill("#password", factories.PASSWORD)
        page.click("#signup")
        page.wait_for_selector("text=ann@example.org is signed in (aal1).")
        page.click("#register")
        page.wait_for_selector("text=POST /v1/users/me/passkeys: 201")
        assert "recovery_codes" in page.inner_text("#said")
        page.click("#logout")
        page.wait_for_selector("text=Nobody is signed in.")

        page.click("#passkey")
        page.wait_for_selector("text=ann@example.org is signed in (aal2).")
        page.click("#logout")
        page.wait_for_selector("text=Nobody is signed in.")
        # By password: the passkey is the second step.
        page.click("#login")
        page.click("#by-passkey")
        page.wait_for_selector("text=ann@example.org is signed in (aal2).")
        browser.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("data:", site))] == []


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
def test_who_has_an_authenticator_app_is_asked_for_a_code(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as service, sync_playwright() as playwright:
        known = {"email": "ann@example.org", "password": factories.PASSWORD}
        token = service.get("/v1/auth/signup", known)["tokens"]["access_token"]
        seed = service.get("/v1/users/me/mfa/totp", {}, token)["secret"]
        made = service.get("/v1/users/me/mfa/totp/confirm", {"code": code_of(seed)}, token)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page()

        page.goto(f"{service.url.replace('127.0.0.1', 'localhost')}{PAGE}")
        page.fill("#email", known["email"])
        page.fill("#password", known["password"])
        page.click("#login")
        page.wait_for_selector("#by-code")
        assert not page.is_visible("#by-passkey")
        page.select_option("#method", "recovery_code")
        page.fill("#code", made["recovery_codes"][0])
        page.click("#by-code button")
        page.wait_for_selector("text=ann@example.org is signed in (aal2).")
        assert not page.is_visible("#second")
        browser.close()


def add_authenticator(page: Page) -> None:
    """One that asks its user, who says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
