"""What somebody might try who wants to come in as somebody else."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import AsyncClient
from joserfc import jws
from starlette.responses import JSONResponse

from tests.auth.sso import going
from tests.auth.sso.going import PAGE, begin, come_back, ended, exchange, round_trip, said
from tests.conftest import Execute
from tests.fakes.issuer import Internet, Issuer, another_key
from tests.http import problem

ANN: dict[str, Any] = {"email": "ann@example.org", "email_verified": True}
REFUSED = {"error": "sso_token_invalid"}
Claims = dict[str, Any]


async def test_an_answer_without_a_flow_goes_nowhere(client: AsyncClient, issuer: Issuer) -> None:
    asked = await going.address(client)
    code = issuer.authorize(asked, **ANN)
    client.cookies.clear()

    response = await come_back(client, code=code, state=said(asked)["state"])

    problem(response, 400, "sso_flow_invalid")
    assert "/token" not in issuer.asked


@pytest.mark.parametrize("text", ["", "x", "!", "AAAA", "é", "a" * 5000])
async def test_a_flow_cannot_be_made_up(client: AsyncClient, text: str) -> None:
    response = await client.get(
        f"{going.BASE}/op/callback?code=x&state=x",
        headers=[(b"cookie", b"core_sso_op=" + text.encode())],
    )

    problem(response, 400, "sso_flow_invalid")


async def test_a_flow_of_one_provider_is_none_of_another(
    client: AsyncClient, issuer: Issuer
) -> None:
    asked = await going.address(client)
    sealed = client.cookies["core_sso_op"]

    response = await client.get(
        f"{going.BASE}/other/callback",
        params={"code": issuer.authorize(asked, **ANN), "state": said(asked)["state"]},
        headers={"cookie": f"core_sso_other={sealed}"},
    )

    problem(response, 400, "sso_flow_invalid")


@pytest.mark.parametrize("state", [{}, {"state": ""}, {"state": "x" * 43}])
async def test_without_its_own_state_an_answer_is_refused_and_the_flow_goes_on(
    client: AsyncClient, issuer: Issuer, state: dict[str, str]
) -> None:
    asked = await going.address(client)
    code = issuer.authorize(asked, **ANN)

    refused = await come_back(client, code=code, **state)
    right = await come_back(client, code=code, state=said(asked)["state"])

    assert ended(refused) == {"error": "sso_state_invalid"}
    assert "login_code" in ended(right)


async def test_the_state_of_another_browser_is_refused(client: AsyncClient, issuer: Issuer) -> None:
    theirs = await going.address(client)
    client.cookies.clear()
    await going.address(client)

    response = await come_back(
        client, code=issuer.authorize(theirs, **ANN), state=said(theirs)["state"]
    )

    assert ended(response) == {"error": "sso_state_invalid"}


async def test_an_answer_serves_once(client: AsyncClient, issuer: Issuer) -> None:
    asked = await going.address(client)
    kept = client.cookies["core_sso_op"]
    answer = {"code": issuer.authorize(asked, **ANN), "state": said(asked)["state"]}

    first = await come_back(client, **answer)
    client.cookies.set("core_sso_op", kept)
    again = await come_back(client, **answer)

    assert ended(again) == {"error": "sso_flow_used"}
    assert issuer.asked.count("/token") == 1
    assert (await exchange(client, ended(first)["login_code"])).status_code == 201


async def test_a_code_that_the_provider_has_seen_is_refused(
    client: AsyncClient, issuer: Issuer
) -> None:
    asked = await going.address(client)
    code = issuer.authorize(asked, **ANN)
    await come_back(client, code=code, state=said(asked)["state"])

    again = await going.address(client)
    response = await come_back(client, code=code, state=said(again)["state"])

    assert ended(response) == REFUSED


async def test_a_code_of_somebody_elses_flow_is_refused(
    client: AsyncClient, issuer: Issuer
) -> None:
    """PKCE: the provider knows for which flow it gave the code."""
    theirs = await going.address(client)
    client.cookies.clear()
    mine = await going.address(client)

    response = await come_back(
        client, code=issuer.authorize(theirs, **ANN), state=said(mine)["state"]
    )

    assert ended(response) == REFUSED


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": ""},
        {"code_challenge": "x"},
        {"code_challenge": "x" * 44},
        {"code_challenge": "x" * 42 + "="},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": ""},
        {"mode": "admin"},
    ],
)
async def test_pkce_cannot_be_talked_down(client: AsyncClient, changes: dict[str, str]) -> None:
    problem(await begin(client, **changes), 422, "validation_failed")


async def test_pkce_cannot_be_left_out(client: AsyncClient) -> None:
    response = await client.get(f"{going.BASE}/op/authorize", params={"redirect_to": PAGE})

    problem(response, 422, "validation_failed")


@pytest.mark.parametrize("issuer_said", ["https://other.example.net", "https://op.example.net/"])
async def test_an_answer_that_says_to_be_anothers_is_refused(
    client: AsyncClient, issuer: Issuer, issuer_said: str
) -> None:
    asked = await going.address(client)

    response = await come_back(
        client,
        code=issuer.authorize(asked, **ANN),
        state=said(asked)["state"],
        iss=issuer_said,
    )

    assert ended(response) == REFUSED
    assert "/token" not in issuer.asked


async def test_a_provider_that_says_who_it_is_has_to(client: AsyncClient, issuer: Issuer) -> None:
    issuer.metadata = {"authorization_response_iss_parameter_supported": True}
    asked = await going.address(client)
    code = issuer.authorize(asked, **ANN)

    assert ended(await come_back(client, code=code, state=said(asked)["state"])) == REFUSED

    asked = await going.address(client)
    answer = {"code": issuer.authorize(asked, **ANN), "state": said(asked)["state"]}
    assert "login_code" in ended(await come_back(client, iss=issuer.url, **answer))


async def test_two_providers_cannot_be_mixed_up(
    client: AsyncClient, issuer: Issuer, other: Issuer
) -> None:
    """The bad one sends the browser to the good one: it gets the code at its own callback."""
    bad = await going.address(client, "other")
    at_good = said(bad) | {"redirect_uri": said(bad)["redirect_uri"].replace("other", "op")}
    code = issuer.authorize(
        "?" + "&".join(f"{name}={value}" for name, value in at_good.items()), **ANN
    )

    by_good = await come_back(client, "op", code=code, state=said(bad)["state"])
    by_bad = await come_back(client, "other", code=code, state=said(bad)["state"], iss=issuer.url)

    problem(by_good, 400, "sso_flow_invalid")
    assert ended(by_bad) == REFUSED
    # The code was shown to nobody.
    assert "/token" not in other.asked + issuer.asked


async def test_a_token_of_another_provider_is_refused(
    client: AsyncClient, issuer: Issuer, other: Issuer
) -> None:
    issuer.claims = {"iss": other.url}

    assert ended(await round_trip(client, issuer, **ANN)) == REFUSED


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://op.example.net/"},
        {"iss": "http://op.example.net"},
        {"iss": "https://OP.example.net"},
        {"iss": None},
        {"aud": "another"},
        {"aud": []},
        {"aud": ["another"]},
        {"aud": ["core", "another"]},
        {"aud": None},
        {"aud": {"core": 1}},
        {"azp": "another"},
        {"nonce": "x" * 43},
        {"nonce": None},
        {"nonce": 7},
        {"exp": 1},
        {"exp": None},
        {"exp": "4102444800"},
        {"exp": float("inf")},
        {"exp": True},
        {"iat": 1},
        {"iat": None},
        {"iat": 4102444800},
        {"nbf": 4102444800},
        {"sub": ""},
        {"sub": None},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "a\0b"},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"at_hash": 7},
    ],
)
async def test_a_token_has_to_say_the_right_things(
    client: AsyncClient, issuer: Issuer, claims: Claims
) -> None:
    issuer.claims = claims

    assert ended(await round_trip(client, issuer, **ANN)) == REFUSED


@pytest.mark.parametrize(
    "claims",
    [{}, {"aud": ["core"]}, {"azp": "core"}, {"at_hash": True}, {"nbf": 0}],
)
async def test_and_may_say_them_in_other_words(
    client: AsyncClient, issuer: Issuer, claims: Claims
) -> None:
    assert "login_code" in ended(await round_trip(client, issuer, **{**ANN, **claims}))


def _parts(header: Claims, claims: Claims) -> str:
    def part(said: Claims) -> str:
        return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")

    return f"{part(header)}.{part(claims)}"


def _by_public_key(issuer: Issuer) -> Callable[[Claims], str]:
    """HMAC under the key that everybody knows, as a library that trusts `alg` would verify it."""
    key = issuer.key.as_pem(private=False)

    def made(claims: Claims) -> str:
        text = _parts({"alg": "HS256", "kid": issuer.key.kid}, claims)
        mac = hmac.new(key, text.encode(), hashlib.sha256).digest()
        return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

    return made


async def test_a_token_without_a_signature_is_refused(client: AsyncClient, issuer: Issuer) -> None:
    for algorithm in ("none", "None", "NONE", ""):
        issuer.token = lambda claims, alg=algorithm: (
            _parts({"alg": alg, "kid": issuer.key.kid}, claims) + "."
        )
        assert ended(await round_trip(client, issuer, **ANN)) == REFUSED


async def test_a_token_signed_by_the_public_key_is_refused(
    client: AsyncClient, issuer: Issuer
) -> None:
    issuer.token = _by_public_key(issuer)

    assert ended(await round_trip(client, issuer, **ANN)) == REFUSED


@pytest.mark.parametrize("more", [{"jwk": True}, {"jku": "https://evil.example/jwks"}])
async def test_a_token_does_not_bring_its_own_key(
    client: AsyncClient, issuer: Issuer, more: Claims
) -> None:
    evil = another_key()
    given = {"jwk": evil.as_dict(private=False)} if "jwk" in more else more

    def made(claims: Claims) -> str:
        header = {"alg": "RS256", "kid": issuer.key.kid, **given}
        return jws.serialize_compact(header, json.dumps(claims), evil, algorithms=["RS256"])

    issuer.token = made

    assert ended(await round_trip(client, issuer, **ANN)) == REFUSED


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "é.é.é", "." * 5, "e30.e30.e30"])
async def test_what_is_no_token_is_refused(client: AsyncClient, issuer: Issuer, token: str) -> None:
    issuer.token = lambda _: token

    assert ended(await round_trip(client, issuer, **ANN)) == REFUSED


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"id_token": None},
        {"id_token": 7, "access_token": "x"},
        {"id_token": "a.b.c", "access_token": {}},
        {"access_token": "x", "token_type": "Bearer"},
    ],
)
async def test_an_answer_without_a_token_is_refused(
    client: AsyncClient, issuer: Issuer, answer: Claims
) -> None:
    issuer.answer = JSONResponse(answer)

    assert ended(await round_trip(client, issuer, **ANN)) == REFUSED


async def test_a_provider_that_is_not_who_the_settings_say_is_not_asked(
    client: AsyncClient, issuer: Issuer
) -> None:
    issuer.metadata = {"issuer": f"{issuer.url}/"}

    problem(await begin(client), 503, "sso_provider_unavailable")


async def test_a_host_that_does_not_answer_is_unavailable(
    client: AsyncClient, internet: Internet
) -> None:
    internet.hosts.clear()

    response = await begin(client)

    assert problem(response, 503, "sso_provider_unavailable")["detail"]
    assert response.headers["retry-after"]


HOSTILE = [
    *("", "/", "//", "///", "\\", "//evil.example", "///evil.example", "/\\evil.example"),
    *("https://evil.example", "http://app.example.org/signed-in", "https:evil.example"),
    *("https://app.example.org", "https://app.example.org/", "https://app.example.org/signed-in/"),
    *(f"{PAGE}?", f"{PAGE}#", f"{PAGE}?next=https://evil.example", f"{PAGE}/../x", f"{PAGE}%2f"),
    *(f"{PAGE}.evil.example", "https://app.example.org.evil.example/signed-in"),
    *("https://app.example.org@evil.example/signed-in", "https://evil.example/signed-in"),
    *("https://app.example.org:443/signed-in", "https://app.example.org:8443/signed-in"),
    *("HTTPS://app.example.org/signed-in", "https://APP.example.org/signed-in"),
    *("https://user@app.example.org/signed-in", "https://app.example.org/SIGNED-IN"),
    *("https://app.example.org//signed-in", "https://app.example.org\\signed-in"),
    *("https://app%2eexample.org/signed-in", "https://app.example.org/%73igned-in"),
    *("https://evil.example\\@app.example.org/signed-in", f" {PAGE}", f"{PAGE} ", f"\t{PAGE}"),
    *(f"{PAGE}\r\nLocation: https://evil.example", f"{PAGE}\0", "javascript:alert(1)"),
    *("JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd"),
    *("org.example.app:/back/", "org.example.app://back", "https://\u0430pp.example.org/signed-in"),
    *("https://app.example.org。evil.example", "https://app。example.org/signed-in"),
    *("https://[::1]/signed-in", "https://2130706433/", "https://xn--pp-5ia.example.org/signed-in"),
    *("*", "null", "undefined", f"{PAGE},{PAGE}"),
]


async def test_nobody_is_sent_where_the_settings_do_not_say(client: AsyncClient) -> None:
    assert len(set(HOSTILE)) >= 50
    for target in HOSTILE:
        response = await begin(client, redirect_to=target)
        assert "location" not in response.headers, target
        assert problem(response, 400, "redirect_not_allowed"), target


async def test_two_addresses_are_not_one_too_many(client: AsyncClient) -> None:
    response = await client.get(
        f"{going.BASE}/op/authorize?redirect_to={PAGE}&redirect_to=https://evil.example"
        f"&code_challenge={'x' * 43}"
    )

    problem(response, 400, "redirect_not_allowed")


async def test_nothing_secret_is_kept_in_the_clear(
    client: AsyncClient, issuer: Issuer, execute: Execute
) -> None:
    back = ended(await round_trip(client, issuer, **ANN))

    (kept,) = await execute("SELECT one_time_token::text FROM one_time_token")

    assert back["login_code"] not in str(kept)
    assert going.VERIFIER not in str(kept)
