from dataclasses import dataclass
from http.cookies import SimpleCookie

import pytest
from httpx2 import AsyncClient, Headers, Response

from src.auth import cookies
from src.auth.constants import Transport
from src.config import AuthenticationSettings, CorsSettings, Settings
from src.database import Connection
from tests import factories
from tests.conftest import MakeClient
from tests.http import BASE_URL, acting_as, bearer, problem

OWN = {"Origin": BASE_URL}
FOREIGN = [
    dict[str, str](),
    {"Origin": "null"},
    {"Origin": "https://evil.example"},
    {"Origin": "https://test.local"},
    {"Origin": "http://test.local:8080"},
    {"Origin": "http://evil.test.local"},
    {"Origin": "http://test.local.evil.example"},
    {"Origin": "http://test.local@evil.example"},
    {"Referer": "https://evil.example/http://test.local/"},
    {"Referer": "http://["},
    {"Origin": "https://evil.example", "Referer": "http://test.local/"},
    {"Origin": BASE_URL, "Sec-Fetch-Site": "cross-site"},
]


@dataclass
class SignedIn:
    """A browser with cookies, and what its page knows."""

    client: AsyncClient
    csrf_token: str

    @property
    def headers(self) -> dict[str, str]:
        return {**OWN, "X-CSRF-Token": self.csrf_token}


def flags(response: Response) -> dict[str, dict[str, str]]:
    """The attributes of each cookie that the answer sets."""
    found: dict[str, dict[str, str]] = {}
    for line in response.headers.get_list("set-cookie"):
        for name, morsel in SimpleCookie(line).items():
            found[name] = {key: value for key, value in morsel.items() if value}
            found[name]["value"] = morsel.value
    return found


async def log_in(
    client: AsyncClient, conn: Connection, headers: dict[str, str] | None = None
) -> Response:
    ann = await factories.user(conn)
    return await client.post(
        "/v1/auth/login",
        json={
            "identifier": ann.email,
            "password": ann.password,
            "token_transport": "cookie",
        },
        headers=OWN if headers is None else headers,
    )


@pytest.fixture
async def browser(client: AsyncClient, conn: Connection, settings: Settings) -> SignedIn:
    ann = await factories.user(conn, transport=Transport.COOKIE)
    client.cookies.set("core_at", ann.access_token, domain="test.local", path="/")
    client.cookies.set("core_rt", ann.refresh_token, domain="test.local", path="/v1/auth")
    return SignedIn(client, cookies.csrf_token(settings, ann.session_id))


async def create_team(browser: SignedIn, headers: dict[str, str]) -> Response:
    return await browser.client.post("/v1/teams", json={"name": "Birds"}, headers=headers)


async def test_in_cookie_transport_the_body_has_no_token(
    client: AsyncClient, conn: Connection
) -> None:
    response = await log_in(client, conn)

    assert response.json()["tokens"] is None
    sent = flags(response)
    for cookie in sent.values():
        assert cookie["value"] not in response.text
    assert sent.keys() == {"core_at", "core_rt", "core_browser"}


async def test_in_bearer_transport_there_is_no_cookie(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)

    for path, body in [
        ("login", {"identifier": ann.email, "password": ann.password}),
        ("token/refresh", {"refresh_token": ann.refresh_token}),
        ("signup", {"email": "new@example.org", "password": ann.password}),
    ]:
        response = await client.post(f"/v1/auth/{path}", json=body)
        assert response.is_success, response.text
        assert "set-cookie" not in response.headers


async def test_secure_cookies_are_tied_to_https_and_to_their_paths(
    make_client: MakeClient, conn: Connection
) -> None:
    client = await make_client(
        base_url="https://test.local",
        authentication=AuthenticationSettings(cookie_secure=True),
    )

    response = await log_in(client, conn, {"Origin": "https://test.local"})

    assert response.status_code == 200, response.text
    sent = flags(response)
    assert sent.keys() == {"__Host-core_at", "__Secure-core_rt", "__Secure-core_browser"}
    assert sent["__Host-core_at"]["path"] == "/"
    assert sent["__Secure-core_rt"]["path"] == "/v1/auth"
    assert sent["__Secure-core_browser"]["path"] == "/v1/auth"
    for cookie in sent.values():
        assert cookie["httponly"]
        assert cookie["secure"]
        assert cookie["samesite"].lower() == "lax"
        assert "domain" not in cookie
    assert 540 < int(sent["__Host-core_at"]["max-age"]) <= 600
    assert (await client.get("/v1/users/me")).status_code == 200


async def test_cookies_sign_requests(browser: SignedIn) -> None:
    me = await browser.client.get("/v1/users/me")
    assert me.status_code == 200
    assert me.headers["cache-control"] == "no-store"

    response = await create_team(browser, browser.headers)

    assert response.status_code == 201, response.text


async def test_a_referer_serves_where_there_is_no_origin(browser: SignedIn) -> None:
    headers = {"Referer": f"{BASE_URL}/page?x=1", "X-CSRF-Token": browser.csrf_token}

    assert (await create_team(browser, headers)).status_code == 201


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_foreign_page_cannot_write(browser: SignedIn, origin: dict[str, str]) -> None:
    headers = {"X-CSRF-Token": browser.csrf_token, **origin}

    problem(await create_team(browser, headers), 403, "csrf_failed")

    teams = await browser.client.get("/v1/teams")
    assert teams.json()["items"] == []


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_foreign_page_cannot_sign_in_refresh_or_sign_out(
    browser: SignedIn, conn: Connection, origin: dict[str, str]
) -> None:
    client = browser.client
    headers = {"X-CSRF-Token": browser.csrf_token, **origin}

    problem(await client.post("/v1/auth/token/refresh", headers=headers), 403, "csrf_failed")
    problem(await client.post("/v1/auth/logout", headers=headers), 403, "csrf_failed")
    response = await log_in(client, conn, headers)
    problem(response, 403, "csrf_failed")
    assert "set-cookie" not in response.headers
    body = {
        "email": "new@example.org",
        "password": factories.PASSWORD,
        "token_transport": "cookie",
    }
    response = await client.post("/v1/auth/signup", json=body, headers=headers)
    problem(response, 403, "csrf_failed")

    assert (await client.get("/v1/users/me")).status_code == 200


@pytest.mark.parametrize("token", [b"", b"x", b"A" * 43, b"\xe9", b"\xc3\xa9"])
async def test_a_wrong_csrf_token_is_refused(browser: SignedIn, token: bytes) -> None:
    browser.client.headers = Headers([(b"x-csrf-token", token)])

    problem(await create_team(browser, OWN), 403, "csrf_failed")


async def test_a_missing_csrf_token_is_refused(browser: SignedIn) -> None:
    problem(await create_team(browser, OWN), 403, "csrf_failed")


async def test_a_csrf_token_is_bound_to_its_session(browser: SignedIn, conn: Connection) -> None:
    before = browser.csrf_token
    after = (await log_in(browser.client, conn)).json()["csrf_token"]

    response = await create_team(browser, {**OWN, "X-CSRF-Token": before})

    problem(response, 403, "csrf_failed")
    response = await create_team(browser, {**OWN, "X-CSRF-Token": after})
    assert response.status_code == 201


async def test_a_page_gets_its_csrf_token_by_refreshing_or_asking(browser: SignedIn) -> None:
    refreshed = await browser.client.post("/v1/auth/token/refresh", headers=OWN)

    assert refreshed.status_code == 200, refreshed.text
    assert refreshed.json() == {"tokens": None, "csrf_token": browser.csrf_token}
    assert flags(refreshed).keys() == {"core_at", "core_rt"}
    session = await browser.client.get("/v1/auth/session")
    assert session.json()["csrf_token"] == browser.csrf_token


async def test_an_allowed_origin_is_no_foreign_one(
    make_client: MakeClient, conn: Connection
) -> None:
    page = "https://app.example.org"
    client = await make_client(cors=CorsSettings(allow_origins=(page,)))

    response = await log_in(client, conn, {"Origin": page})
    assert response.status_code == 200, response.text
    browser = SignedIn(client, response.json()["csrf_token"])

    headers = {**browser.headers, "Origin": page, "Sec-Fetch-Site": "cross-site"}
    assert (await create_team(browser, headers)).status_code == 201
    headers["Origin"] = "https://app.example.org.evil.example"
    problem(await create_team(browser, headers), 403, "csrf_failed")


@pytest.mark.parametrize("allow_credentials", [True, False])
async def test_a_wildcard_of_cors_allows_no_page_to_use_cookies(
    make_client: MakeClient, conn: Connection, allow_credentials: bool
) -> None:
    cors = CorsSettings(allow_origins=("*",), allow_credentials=allow_credentials)
    client = await make_client(cors=cors)

    for origin in ("https://evil.example", "*"):
        response = await log_in(client, conn, {"Origin": origin})
        problem(response, 403, "csrf_failed")


async def test_signing_out_clears_the_cookies(browser: SignedIn) -> None:
    response = await browser.client.post("/v1/auth/logout", headers=browser.headers)

    assert response.status_code == 204, response.text
    sent = flags(response)
    assert {name: cookie["path"] for name, cookie in sent.items()} == {
        "core_at": "/",
        "core_rt": "/v1/auth",
    }
    for cookie in sent.values():
        assert cookie["value"] == ""
        assert cookie["max-age"] == "0" or "1970" in cookie["expires"]
    assert not browser.client.cookies
    problem(await browser.client.get("/v1/users/me"), 401, "not_authenticated")


async def test_signing_out_works_when_the_access_cookie_has_gone(browser: SignedIn) -> None:
    browser.client.cookies.delete("core_at")

    response = await browser.client.post("/v1/auth/logout", headers=OWN)

    assert response.status_code == 204, response.text


async def test_a_header_wins_over_a_cookie(browser: SignedIn, conn: Connection) -> None:
    bob = await factories.user(conn)

    me = await browser.client.get("/v1/users/me", headers=acting_as(bob))
    assert me.json()["id"] == str(bob.id)
    # No page can make a browser send that header for it: there is nothing to forge.
    response = await create_team(browser, acting_as(bob))
    assert response.status_code == 201
    problem(await browser.client.get("/v1/users/me", headers=bearer("x")), 401, "invalid_token")


async def test_a_token_in_the_wrong_cookie_is_worth_nothing(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)

    client.cookies.set("core_at", ann.refresh_token)
    problem(await client.get("/v1/users/me"), 401, "invalid_token")
    client.cookies.clear()
    client.cookies.set("core_rt", ann.access_token)
    problem(await client.post("/v1/auth/token/refresh", headers=OWN), 401, "refresh_invalid")
    client.cookies.clear()
    client.cookies.set("__Host-core_at", ann.access_token)
    problem(await client.get("/v1/users/me"), 401, "not_authenticated")
