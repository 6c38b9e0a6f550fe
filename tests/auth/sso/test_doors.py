"""The two other doors: a page brings the provider's code, an app brings its token."""

from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from src.auth.sso.flows import challenge_of
from src.config import Settings, SsoSettings
from tests.auth.sso import going
from tests.auth.sso.going import PAGE, VERIFIER
from tests.conftest import settings_for
from tests.fakes import facebook
from tests.fakes.issuer import Issuer
from tests.http import mistakes, problem

ANN: dict[str, Any] = {"email": "ann@example.org", "email_verified": True}
NONCE = "the-app-made-this-up-for-once"


async def by_token(client: AsyncClient, provider: str = "op", **sent: Any) -> Response:
    return await client.post(f"{going.BASE}/{provider}/token", json=sent)


async def by_code(client: AsyncClient, given: str, **changes: Any) -> Response:
    sent = {"code": given, "code_verifier": VERIFIER, "redirect_uri": PAGE, "nonce": NONCE}
    return await client.post(f"{going.BASE}/op/code", json={**sent, **changes})


def code_of(issuer: Issuer, **claims: Any) -> str:
    """As a page gets it that has sent the browser to the provider itself."""
    return issuer.authorize(
        f"?redirect_uri={PAGE}&nonce={NONCE}&code_challenge={challenge_of(VERIFIER)}"
        "&code_challenge_method=S256",
        **claims,
    )


async def test_an_app_signs_in_with_an_id_token(client: AsyncClient, issuer: Issuer) -> None:
    first = await by_token(client, id_token=issuer.id_token(NONCE, **ANN), nonce=NONCE)
    again = await by_token(client, id_token=issuer.id_token("n" * 20, **ANN), nonce="n" * 20)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["user"]["id"] == again.json()["user"]["id"]
    assert first.json()["tokens"]["access_token"]


async def test_an_id_token_serves_once(client: AsyncClient, issuer: Issuer) -> None:
    token = issuer.id_token(NONCE, **ANN)

    assert (await by_token(client, id_token=token, nonce=NONCE)).status_code == 201
    problem(await by_token(client, id_token=token, nonce=NONCE), 401, "sso_token_invalid")
    other = issuer.id_token(NONCE, **ANN, more="of the same nonce")
    problem(await by_token(client, id_token=other, nonce=NONCE), 401, "sso_token_invalid")


async def test_a_token_of_another_nonce_is_refused(client: AsyncClient, issuer: Issuer) -> None:
    token = issuer.id_token(NONCE, **ANN)

    response = await by_token(client, id_token=token, nonce="n" * 20)

    problem(response, 401, "sso_token_invalid")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("missing", ["id_token", "nonce"])
async def test_both_are_needed(client: AsyncClient, issuer: Issuer, missing: str) -> None:
    sent: dict[str, Any] = {"id_token": issuer.id_token(NONCE), "nonce": NONCE}
    sent[missing] = None

    assert mistakes(await by_token(client, **sent)) == {(f"/{missing}", "missing")}


class TestApps:
    """Apps with client ids of their own."""

    @pytest.fixture
    def settings(self, url: str, sso: SsoSettings) -> Settings:
        given = sso.model_dump()
        given["providers"]["op"]["other_client_ids"] = ("core-on-phones",)
        return settings_for(url, sso=SsoSettings.model_validate(given))

    @pytest.mark.parametrize(
        "claims",
        [{"aud": "core-on-phones"}, {"aud": "core", "azp": "core-on-phones"}],
    )
    async def test_their_tokens_are_taken(
        self, client: AsyncClient, issuer: Issuer, claims: dict[str, Any]
    ) -> None:
        token = issuer.id_token(NONCE, **ANN, **claims)

        assert (await by_token(client, id_token=token, nonce=NONCE)).status_code == 201

    async def test_but_not_where_a_browser_was_sent_by_us(
        self, client: AsyncClient, issuer: Issuer
    ) -> None:
        issuer.claims = {"aud": "core-on-phones"}

        assert going.ended(await going.round_trip(client, issuer, **ANN)) == {
            "error": "sso_token_invalid"
        }


async def test_a_page_signs_in_with_a_code(client: AsyncClient, issuer: Issuer) -> None:
    assert (await by_code(client, code_of(issuer, **ANN))).status_code == 201


@pytest.mark.parametrize(
    "changes",
    [{"code": "made-up"}, {"code_verifier": "x" * 43}, {"nonce": "n" * 20}],
)
async def test_the_provider_and_we_look_at_all_of_it(
    client: AsyncClient, issuer: Issuer, changes: dict[str, str]
) -> None:
    response = await by_code(client, code_of(issuer, **ANN), **changes)

    problem(response, 401, "sso_token_invalid")


async def test_a_code_serves_once(client: AsyncClient, issuer: Issuer) -> None:
    code = code_of(issuer, **ANN)

    assert (await by_code(client, code)).status_code == 201
    problem(await by_code(client, code), 401, "sso_token_invalid")


async def test_a_code_for_another_page_is_not_asked_about(
    client: AsyncClient, issuer: Issuer
) -> None:
    response = await by_code(
        client, code_of(issuer, **ANN), redirect_uri="https://evil.example/signed-in"
    )

    problem(response, 400, "redirect_not_allowed")
    assert "/token" not in issuer.asked


async def test_another_site_signs_nobody_in_and_spends_nothing(
    client: AsyncClient, issuer: Issuer
) -> None:
    client.headers["origin"] = "https://evil.example"
    token = issuer.id_token(NONCE, **ANN)

    refused = await by_token(client, id_token=token, nonce=NONCE, token_transport="cookie")

    problem(refused, 403, "csrf_failed")
    assert (await by_token(client, id_token=token, nonce=NONCE)).status_code == 201


async def test_a_token_that_may_not_link_can_be_brought_again_later(
    client: AsyncClient, issuer: Issuer
) -> None:
    await by_token(client, id_token=issuer.id_token("n" * 20, **ANN), nonce="n" * 20)
    token = issuer.id_token(NONCE, sub="another", email="ann@example.org")

    for _ in range(2):
        response = await by_token(client, id_token=token, nonce=NONCE)
        problem(response, 409, "account_exists_login_to_link")


async def test_an_app_signs_in_with_a_token_of_facebooks(client: AsyncClient) -> None:
    token = facebook.token("42", email="ann@example.org")

    response = await by_token(client, "facebook", access_token=token)

    assert response.status_code == 201
    user = response.json()["user"]
    assert (user["email"], user["given_name"]) == ("ann@example.org", "Ann")
    # Facebook's word about an address is never enough.
    assert user["email_verified_at"] is None
    assert (await by_token(client, "facebook", access_token=token)).status_code == 200


async def test_a_browser_goes_to_facebook_and_back(client: AsyncClient) -> None:
    asked = await going.address(client, "facebook")
    assert asked.startswith("https://www.facebook.com/v24.0/dialog/oauth?")
    code = facebook.code(asked, facebook.token("42", email="ann@example.org"))

    response = await going.come_back(
        client, "facebook", code=code, state=going.said(asked)["state"]
    )

    back = going.ended(response)
    assert (await going.exchange(client, back["login_code"])).status_code == 201


async def test_a_code_of_facebooks_needs_our_verifier(client: AsyncClient) -> None:
    theirs = await going.address(client, "facebook")
    client.cookies.clear()
    mine = await going.address(client, "facebook")

    response = await going.come_back(
        client,
        "facebook",
        code=facebook.code(theirs, facebook.token("42", email="ann@example.org")),
        state=going.said(mine)["state"],
    )

    assert going.ended(response) == {"error": "sso_token_invalid"}


async def test_facebook_needs_its_own_kind_of_token(client: AsyncClient, issuer: Issuer) -> None:
    response = await by_token(
        client, "facebook", id_token=issuer.id_token(NONCE, **ANN), nonce=NONCE
    )

    assert mistakes(response) == {("/access_token", "missing")}
