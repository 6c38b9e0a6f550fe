"""A browser that is known has a count of its own; whoever steals its cookie has no more."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from httpx2 import AsyncClient, Response

from src.auth.browsers import ACCOUNTS_MAX, LIFETIME, Browser
from src.config import LimitSettings, RateSettings
from src.database import Connection
from src.security import Sealer
from src.users.schemas import UserId
from tests import factories
from tests.auth.test_codes_outlive_keys import of_keys
from tests.auth.test_lockout import WRONG, held_up
from tests.conftest import Execute, MakeClient
from tests.http import BASE_URL, problem

COOKIE = "core_browser"
NOW = datetime(2026, 11, 28, tzinfo=UTC)
LIMITS = LimitSettings(rates=RateSettings(login_failures=10, login_failures_in_a_row=15))


@pytest.fixture
async def client(make_client: MakeClient) -> AsyncClient:
    """A service where ten wrong passwords are free, and fifteen in a row the last."""
    return await make_client(limits=LIMITS)


@pytest.fixture
async def ann(conn: Connection) -> factories.User:
    return await factories.user(conn)


async def log_in(
    client: AsyncClient,
    user: factories.User,
    cookie: str | None = None,
    *,
    password: str = factories.PASSWORD,
    origin: str = BASE_URL,
    transport: str = "cookie",
) -> Response:
    client.cookies.clear()
    return await client.post(
        "/v1/auth/login",
        json={"identifier": user.email, "password": password, "token_transport": transport},
        headers={"Origin": origin} | ({"Cookie": f"{COOKIE}={cookie}"} if cookie else {}),
    )


async def fail(client: AsyncClient, user: factories.User, times: int, *cookie: str) -> None:
    for _ in range(times):
        problem(await log_in(client, user, *cookie, password=WRONG), 401, "invalid_credentials")


async def known_browser(
    client: AsyncClient, user: factories.User, cookie: str | None = None
) -> str:
    """The cookie of a browser that its owner has signed in with."""
    response = await log_in(client, user, cookie)
    assert response.status_code == 200, response.text
    return response.cookies[COOKIE]


async def test_after_ten_failures_of_a_stranger_the_known_browser_signs_in_at_once(
    client: AsyncClient, ann: factories.User, execute: Execute
) -> None:
    cookie = await known_browser(client, ann)
    await fail(client, ann, 10)
    await held_up(execute)

    problem(await log_in(client, ann), 401, "invalid_credentials")
    assert (await log_in(client, ann, cookie)).status_code == 200
    assert (await log_in(client, ann)).status_code == 200


async def test_a_browser_is_known_for_everybody_who_has_signed_in_with_it(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    bob = await factories.user(conn)
    cookie = await known_browser(client, bob, await known_browser(client, ann))
    for user in (ann, bob):
        await fail(client, user, 10)
    await held_up(execute)

    for user in (ann, bob):
        assert (await log_in(client, user, cookie)).status_code == 200


async def test_signing_in_to_an_account_of_ones_own_gives_no_new_count_for_another(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    """Whoever has stolen a cookie could have it made anew again and again."""
    stolen = await known_browser(client, ann)
    await fail(client, ann, 10, stolen)
    renewed = await known_browser(client, await factories.user(conn), stolen)
    await held_up(execute)

    await fail(client, ann, 10, renewed)

    counted = await execute("SELECT in_a_row FROM login_attempt")
    assert counted == [(10,), (10,)], "its own, and the one of all others"


@pytest.mark.parametrize("other", ["somebody's", "forged", "of another key", "cut", "no base64"])
async def test_only_a_cookie_of_ours_that_names_them_counts_by_itself(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute, other: str
) -> None:
    cookie = await known_browser(client, ann)
    sealed = Sealer(b"k" * 32).seal(
        Browser.new().having(ann.id, now=datetime.now(UTC)).to_bytes(), place="cookie.browser"
    )
    cookie = {
        "somebody's": await known_browser(client, await factories.user(conn)),
        "forged": cookie[:-8] + "AAAAAAAA",
        "of another key": base64.urlsafe_b64encode(sealed).decode(),
        "cut": cookie[:40],
        "no base64": "***",
    }[other]
    await fail(client, ann, 10)
    await held_up(execute)

    problem(await log_in(client, ann, cookie), 401, "invalid_credentials")


async def test_another_site_cannot_use_up_what_a_browser_may_fail(
    client: AsyncClient, ann: factories.User, execute: Execute
) -> None:
    cookie = await known_browser(client, ann)
    for _ in range(10):
        response = await log_in(
            client, ann, cookie, password=WRONG, origin="https://evil.example", transport="bearer"
        )
        problem(response, 401, "invalid_credentials")
    await held_up(execute)

    assert (await log_in(client, ann, cookie)).status_code == 200


async def test_it_is_no_way_in_and_stays_when_its_owner_signs_out(
    client: AsyncClient, ann: factories.User
) -> None:
    response = await log_in(client, ann)
    cookie = response.cookies[COOKIE]
    headers = {"Origin": BASE_URL, "X-CSRF-Token": response.json()["csrf_token"]}

    left = await client.post("/v1/auth/logout", headers=headers)

    assert left.status_code == 204, left.text
    assert COOKIE not in left.headers.get("set-cookie", "")
    client.cookies.clear()
    sent = {"Origin": BASE_URL, "Cookie": f"{COOKIE}={cookie}"}
    problem(await client.get("/v1/users/me", headers=sent), 401, "not_authenticated")
    problem(await client.post("/v1/auth/token/refresh", headers=sent), 401, "refresh_invalid")


async def test_it_says_nobody_s_name(client: AsyncClient, ann: factories.User) -> None:
    cookie = await known_browser(client, ann)

    kept = base64.urlsafe_b64decode(cookie + "==")

    assert ann.id.bytes not in kept
    assert str(ann.id).encode() not in kept


async def test_bearer_transport_gets_none(client: AsyncClient, ann: factories.User) -> None:
    response = await log_in(client, ann, transport="bearer")

    assert response.status_code == 200, response.text
    assert "set-cookie" not in response.headers


async def test_it_outlives_a_change_of_the_key_and_is_made_anew_by_refreshing(
    make_client: MakeClient, ann: factories.User, execute: Execute
) -> None:
    new, later = "n" * 32, "l" * 32
    old_client = await make_client(limits=LIMITS)
    cookie = await known_browser(old_client, ann)
    keys = of_keys(new, factories.SECRET_KEY)
    client = await make_client(limits=LIMITS, secrets=keys)
    await fail(client, ann, 10)
    await held_up(execute)
    # Signing in seals it anew by itself; what is asked for here is a browser that stays signed in.
    signed_in = await log_in(client, ann, cookie)
    assert signed_in.status_code == 200, signed_in.text

    async def refresh(cookie: str) -> Response:
        token = client.cookies["core_rt"]
        sent = {"Origin": BASE_URL, "Cookie": f"core_rt={token}; {COOKIE}={cookie}"}
        response = await client.post("/v1/auth/token/refresh", headers=sent)
        assert response.status_code == 200, response.text
        return response

    renewed = (await refresh(cookie)).cookies[COOKIE]
    assert COOKIE not in (await refresh(renewed)).cookies, "one of the current key is left alone"
    await execute("DELETE FROM signing_key")  # the first of keys: nobody has sealed them anew
    last = await make_client(limits=LIMITS, secrets=of_keys(later, new))
    await fail(last, ann, 10)
    await held_up(execute)
    problem(await log_in(last, ann, cookie), 401, "invalid_credentials")
    assert (await log_in(last, ann, renewed)).status_code == 200


def test_an_account_is_known_for_half_a_year() -> None:
    user_id = UserId(uuid4())
    browser = Browser.of_bytes(Browser.new().having(user_id, now=NOW).to_bytes())

    assert browser.knows(user_id, now=NOW + LIFETIME - timedelta(seconds=1))
    assert not browser.knows(user_id, now=NOW + LIFETIME)
    assert not browser.knows(UserId(uuid4()), now=NOW)


def test_the_last_accounts_are_kept() -> None:
    browser = Browser.new()
    users = [UserId(uuid4()) for _ in range(ACCOUNTS_MAX + 1)]
    for user_id in (*users, users[1]):
        browser = browser.having(user_id, now=NOW)

    assert list(browser.signed_in) == [*users[2:], users[1]]
    assert Browser.of_bytes(browser.to_bytes()) == browser
