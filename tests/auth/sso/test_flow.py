"""Through the browser: to the provider, back, and the exchange of what it brought."""

from typing import Any

import time_machine
from fastapi import FastAPI
from httpx2 import AsyncClient
from starlette.responses import PlainTextResponse

from src.config import Settings
from tests.auth.sso import going
from tests.auth.sso.going import VERIFIER, come_back, ended, exchange, said, sign_in
from tests.conftest import Execute
from tests.fakes.issuer import Issuer
from tests.http import bearer, problem

ANN: dict[str, Any] = {"email": "ann@example.org", "email_verified": True}


async def test_the_providers_are_listed(client: AsyncClient) -> None:
    response = await client.get(f"{going.BASE}/providers")

    assert response.json()["items"] == [
        {"id": "op", "name": "op", "kind": "oidc"},
        {"id": "other", "name": "other", "kind": "oidc"},
        {"id": "facebook", "name": "Facebook", "kind": "facebook"},
    ]


async def test_an_unknown_provider_does_not_exist(client: AsyncClient) -> None:
    problem(await going.begin(client, "nobody"), 404, "sso_provider_not_found")


async def test_the_browser_is_sent_to_the_provider_with_all_that_guards_it(
    client: AsyncClient, issuer: Issuer
) -> None:
    response = await going.begin(client)

    asked = said(response.headers["location"])
    assert response.headers["location"].startswith(f"{issuer.url}/authorize?")
    assert {name: asked[name] for name in ("response_type", "client_id", "redirect_uri")} == {
        "response_type": "code",
        "client_id": "core",
        "redirect_uri": "http://test.local/v1/auth/sso/op/callback",
    }
    assert asked["scope"] == "openid email profile"
    assert asked["code_challenge_method"] == "S256"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("core_sso_op=")
    for part in ("HttpOnly", "Max-Age=600", "Path=/", "SameSite=lax"):
        assert part in cookie
    # What is in it can be read by nobody.
    assert not any(asked[name] in cookie for name in ("state", "nonce", "code_challenge"))


async def test_leaving_writes_nothing(client: AsyncClient, execute: Execute) -> None:
    await going.begin(client)

    assert await execute("SELECT 1 FROM sso_nonce UNION ALL SELECT 1 FROM one_time_token") == []


async def test_somebody_new_gets_an_account_without_a_password(
    client: AsyncClient, issuer: Issuer, execute: Execute
) -> None:
    response = await sign_in(client, issuer, given_name="Ann", family_name="Heron", **ANN)

    body = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == "/v1/users/me"
    assert body["user"]["email"] == "ann@example.org"
    assert body["user"]["email_verified_at"] is not None
    assert (body["user"]["given_name"], body["user"]["family_name"]) == ("Ann", "Heron")
    session = await client.get("/v1/auth/session", headers=bearer(body["tokens"]["access_token"]))
    assert session.json()["session"]["auth_methods"] == ["sso"]
    assert await execute("SELECT 1 FROM password") == []


async def test_who_comes_again_gets_the_same_account_whatever_the_email_says(
    client: AsyncClient, issuer: Issuer
) -> None:
    first = await sign_in(client, issuer, **ANN)

    again = await sign_in(client, issuer, email="bob@example.org", email_verified=True)

    assert again.status_code == 200
    assert again.json()["user"]["id"] == first.json()["user"]["id"]
    assert again.json()["user"]["email"] == "ann@example.org"


async def test_cookies_are_set_by_the_exchange_for_a_page_of_ours(
    client: AsyncClient, issuer: Issuer
) -> None:
    back = ended(await going.round_trip(client, issuer, **ANN))

    client.headers["origin"] = "http://test.local"
    response = await exchange(client, back["login_code"], token_transport="cookie")

    assert response.status_code == 201
    assert response.json()["tokens"] is None
    assert {"core_at", "core_rt"} <= set(client.cookies)


async def test_another_site_cannot_sign_its_visitors_in_by_cookie(
    client: AsyncClient, issuer: Issuer
) -> None:
    back = ended(await going.round_trip(client, issuer, **ANN))

    client.headers["origin"] = "https://evil.example"
    response = await exchange(client, back["login_code"], token_transport="cookie")

    problem(response, 403, "csrf_failed")
    assert (await exchange(client, back["login_code"])).status_code == 201


async def test_a_page_with_a_query_of_its_own_keeps_it(client: AsyncClient, issuer: Issuer) -> None:
    page = "https://app.example.org/page?tab=1"
    asked = await going.address(client, redirect_to=page)

    response = await come_back(
        client, code=issuer.authorize(asked, **ANN), state=said(asked)["state"]
    )

    assert response.headers["location"].startswith(f"{page}&login_code=core_once_")


async def test_a_login_code_serves_once(client: AsyncClient, issuer: Issuer) -> None:
    back = ended(await going.round_trip(client, issuer, **ANN))

    assert (await exchange(client, back["login_code"])).status_code == 201
    problem(await exchange(client, back["login_code"]), 400, "invalid_token")


async def test_a_login_code_lives_a_minute(
    client: AsyncClient, issuer: Issuer, execute: Execute
) -> None:
    back = ended(await going.round_trip(client, issuer, **ANN))
    ((seconds,),) = await execute(
        "SELECT extract(epoch FROM expires_at - created_at)::int FROM one_time_token"
    )

    await execute("UPDATE one_time_token SET expires_at = now()")

    assert seconds == 60
    problem(await exchange(client, back["login_code"]), 400, "expired_token")


async def test_a_stolen_login_code_is_useless_and_then_dead(
    client: AsyncClient, issuer: Issuer
) -> None:
    back = ended(await going.round_trip(client, issuer, **ANN))

    stolen = await exchange(client, back["login_code"], code_verifier=VERIFIER[::-1])

    problem(stolen, 400, "code_verifier_invalid")
    problem(await exchange(client, back["login_code"]), 400, "invalid_token")


async def test_a_flow_to_link_signs_nobody_in(client: AsyncClient, issuer: Issuer) -> None:
    back = ended(await going.round_trip(client, issuer, mode="link", **ANN))

    problem(await exchange(client, back["login_code"]), 400, "code_verifier_invalid")


async def test_after_ten_minutes_the_answer_comes_too_late(
    client: AsyncClient, issuer: Issuer
) -> None:
    asked = await going.address(client)
    kept = dict(client.cookies)
    with time_machine.travel("2036-01-01T00:00:00Z", tick=True):
        client.cookies.update(kept)  # a browser that does not forget
        response = await come_back(
            client, code=issuer.authorize(asked, **ANN), state=said(asked)["state"]
        )

    assert ended(response) == {"error": "sso_flow_expired"}


async def test_who_is_refused_by_the_provider_is_told_so(client: AsyncClient) -> None:
    asked = await going.address(client)

    response = await come_back(client, error="access_denied", state=said(asked)["state"])

    assert ended(response) == {"error": "sso_denied"}


async def test_a_provider_that_is_down_is_a_code_and_no_stack(
    client: AsyncClient, issuer: Issuer
) -> None:
    issuer.answer = PlainTextResponse("<h1>Oh no</h1>", 502)

    assert ended(await going.round_trip(client, issuer, **ANN)) == {
        "error": "sso_provider_unavailable"
    }


async def test_a_provider_may_send_a_form(client: AsyncClient, issuer: Issuer) -> None:
    asked = await going.address(client)
    code = issuer.authorize(asked, **ANN)

    response = await client.post(
        f"{going.BASE}/op/callback", data={"code": code, "state": said(asked)["state"]}
    )

    assert (await exchange(client, ended(response)["login_code"])).status_code == 201


async def test_the_cookie_is_taken_back_when_it_has_served(
    client: AsyncClient, issuer: Issuer
) -> None:
    response = await going.round_trip(client, issuer, **ANN)

    assert 'core_sso_op=""' in response.headers["set-cookie"]
    assert "core_sso_op" not in client.cookies


async def test_the_address_for_the_provider_begins_with_the_public_one(
    app: FastAPI, client: AsyncClient, settings: Settings
) -> None:
    app.state.settings = settings.model_copy(update={"public_url": "https://core.example.org"})

    asked = await going.address(client)

    assert said(asked)["redirect_uri"] == "https://core.example.org/v1/auth/sso/op/callback"


async def test_claims_that_only_userinfo_tells_are_asked_for(
    client: AsyncClient, issuer: Issuer
) -> None:
    issuer.userinfo = {"sub": "ann", **ANN}

    response = await sign_in(client, issuer)

    assert response.json()["user"]["email"] == "ann@example.org"


async def test_userinfo_of_somebody_else_is_refused(client: AsyncClient, issuer: Issuer) -> None:
    issuer.userinfo = {"sub": "bob", **ANN}

    assert ended(await going.round_trip(client, issuer)) == {"error": "sso_token_invalid"}
