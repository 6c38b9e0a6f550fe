"""Access tokens under attack: what is not exactly ours is 401, and never a 500."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, LiteralString

import pytest
import time_machine
from httpx2 import AsyncClient, Headers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwk, jws, jwt
from typing_extensions import override

from src.auth.constants import ALGORITHM, TOKEN_TYPE
from src.auth.tokens import TokenVerifier
from src.config import AccessTokenSettings, AuthenticationSettings
from src.database import Connection, Statement
from src.database.connection import Fetched, PooledConnection
from tests import factories
from tests.conftest import MakeClient, RawConnection
from tests.http import acting_as, bearer, problem

Claims = dict[str, Any]


class Forge:
    """Makes tokens of any header and claims, signed with the service's own key."""

    def __init__(self, user: factories.User, kid: str, key: jwk.ECKey) -> None:
        self.user, self.kid, self.key = user, kid, key
        self.claims: Claims = jwt.decode(user.access_token, key, algorithms=[ALGORITHM]).claims
        self.header: Claims = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": kid}

    def sign(
        self, claims: Claims | None = None, header: Claims | None = None, key: Any = None
    ) -> str:
        head = {**self.header, **(header or {})}
        registry = jws.JWSRegistry(algorithms=[ALGORITHM], strict_check_header=False)
        return jwt.encode(
            {name: value for name, value in head.items() if value is not None},
            {
                name: value
                for name, value in {**self.claims, **(claims or {})}.items()
                if value is not None
            },
            key or self.key,
            registry=registry,
        )

    def unsigned(self, header: object, claims: object = None, signature: bytes = b"") -> str:
        parts = [json.dumps(header).encode(), json.dumps(claims or self.claims).encode()]
        return ".".join(encoded(part) for part in [*parts, signature])


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


@pytest.fixture
async def forge(conn: Connection) -> Forge:
    ann = await factories.user(conn)
    return Forge(ann, *(await factories.issuer_of(conn)).keys.signing_key())


async def is_refused(client: AsyncClient, token: str | bytes) -> None:
    raw = token.encode() if isinstance(token, str) else token
    client.headers = Headers([(b"authorization", b"Bearer " + raw)])
    response = await client.get("/v1/users/me")
    problem(response, 401, "invalid_token")
    assert response.headers["www-authenticate"] == "Bearer"


async def is_taken(client: AsyncClient, token: str) -> None:
    response = await client.get("/v1/users/me", headers=bearer(token))
    assert response.status_code == 200, response.text


async def test_a_token_says_who_and_nothing_about_them(client: AsyncClient, forge: Forge) -> None:
    now = time.time()
    token = forge.user.access_token

    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": forge.key.thumbprint()}
    claims = forge.claims
    assert claims.keys() == {
        *("iss", "aud", "sub", "client_id", "iat", "exp", "jti", "sid", "auth_time", "amr", "acr")
    }
    assert claims["sub"] == str(forge.user.id)
    assert claims["sid"] == str(forge.user.session_id)
    assert 570 <= claims["exp"] - claims["iat"] <= 600
    assert abs(claims["iat"] - now) < 10
    await is_taken(client, token)


async def test_what_the_forge_signs_unchanged_is_taken(client: AsyncClient, forge: Forge) -> None:
    await is_taken(client, forge.sign())


FOREIGN_CLAIMS: list[Claims] = [
    {"iss": "somebody-else"},
    {"iss": None},
    {"iss": ["core-api"]},
    {"aud": "another-api"},
    {"aud": None},
    {"aud": ["core-api", "another-api"]},
    {"exp": 0},
    {"exp": None},
    {"exp": "never"},
    {"iat": None},
    {"sub": None},
    {"sub": 7},
    {"sub": "x"},
    {"sub": "00000000-0000-0000-0000-000000000000"},
    {"sid": None},
    {"sid": "x"},
    {"sid": ["00000000-0000-0000-0000-000000000000"]},
    {"sid": "00000000-0000-0000-0000-000000000000"},
    {"sid": "'; DROP TABLE session; --"},
]


@pytest.mark.parametrize("claims", FOREIGN_CLAIMS, ids=str)
async def test_a_signed_token_of_other_claims_is_refused(
    client: AsyncClient, forge: Forge, claims: Claims
) -> None:
    await is_refused(client, forge.sign(claims))


@pytest.mark.parametrize(("name", "seconds"), [("exp", -31), ("iat", 3600), ("nbf", 3600)])
async def test_a_token_out_of_its_time_is_refused(
    client: AsyncClient, forge: Forge, name: str, seconds: int
) -> None:
    await is_refused(client, forge.sign({name: int(time.time()) + seconds}))


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", [float("inf"), float("nan"), 10**400, -1e308, [], {}, True])
async def test_a_time_that_is_none_is_no_defect(
    client: AsyncClient, forge: Forge, name: str, value: object
) -> None:
    token = forge.sign({name: value})

    response = await client.get("/v1/users/me", headers=bearer(token))

    assert response.status_code in {200, 401}, response.text


async def test_clocks_may_differ_by_half_a_minute(client: AsyncClient, forge: Forge) -> None:
    now = int(time.time())

    await is_taken(client, forge.sign({"iat": now + 25, "nbf": now + 25}))
    await is_taken(client, forge.sign({"exp": now - 25}))
    await is_refused(client, forge.sign({"iat": now + 40}))
    await is_refused(client, forge.sign({"exp": now - 30}))


HEADERS: list[Claims] = [
    {"typ": "JWT"},
    {"typ": None},
    {"typ": "rt+jwt"},
    {"typ": "AT+JWT"},
    {"kid": None},
    {"kid": ""},
    {"kid": 7},
    {"kid": "../../../../dev/null"},
    {"kid": "' UNION SELECT 'key' --"},
    {"kid": "\u0000"},
    {"kid": "x" * 3000},
    {"jku": "https://evil.example/jwks.json"},
    {"x5u": "https://evil.example/cert.pem"},
    {"x5c": ["MIIB"]},
    {"jwk": {"kty": "EC"}},
    {"crit": ["exp"]},
    {"crit": []},
]


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: str(header)[:40])
async def test_a_signed_token_of_another_header_is_refused(
    client: AsyncClient, forge: Forge, header: Claims
) -> None:
    await is_refused(client, signed_by_hand(forge, {**forge.header, **header}))


def signed_by_hand(forge: Forge, header: Claims) -> str:
    """A good signature over any header, as no library would make it."""
    head = {name: value for name, value in header.items() if value is not None}
    unsigned = forge.unsigned(head).rpartition(".")[0]
    signature = jws.JWSRegistry.algorithms[ALGORITHM].sign(unsigned.encode(), forge.key)
    return f"{unsigned}.{encoded(signature)}"


async def test_what_is_signed_by_hand_unchanged_is_taken(client: AsyncClient, forge: Forge) -> None:
    await is_taken(client, signed_by_hand(forge, forge.header))


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", None, "HS256", "ES384", 7, []])
async def test_a_token_without_our_algorithm_is_refused(
    client: AsyncClient, forge: Forge, alg: object
) -> None:
    await is_refused(client, forge.unsigned({**forge.header, "alg": alg}))
    kept = forge.user.access_token.rpartition(".")[2]
    signature = base64.urlsafe_b64decode(kept + "==")
    await is_refused(client, forge.unsigned({**forge.header, "alg": alg}, signature=signature))


@pytest.mark.parametrize("form", ["pem", "der", "json"])
async def test_the_public_key_is_no_shared_secret(
    client: AsyncClient, forge: Forge, form: str
) -> None:
    secrets: dict[str, Callable[[], bytes]] = {
        "pem": lambda: forge.key.as_pem(private=False),
        "der": lambda: forge.key.as_der(private=False),
        "json": lambda: json.dumps(forge.key.as_dict(private=False)).encode(),
    }
    for alg in ("HS256", ALGORITHM):
        unsigned = forge.unsigned({**forge.header, "alg": alg}).rpartition(".")[0]
        mac = hmac.new(secrets[form](), unsigned.encode(), hashlib.sha256).digest()
        await is_refused(client, f"{unsigned}.{encoded(mac)}")
        await is_refused(client, f"{unsigned}.{encoded(mac + mac)}")


async def test_another_key_signs_nothing_whatever_it_calls_itself(
    client: AsyncClient, forge: Forge
) -> None:
    key = jwk.ECKey.generate_key("P-256")

    await is_refused(client, forge.sign(key=key))
    await is_refused(client, forge.sign(header={"kid": key.thumbprint()}, key=key))


async def test_no_character_of_a_token_can_be_changed(client: AsyncClient, forge: Forge) -> None:
    token = forge.user.access_token
    # The last character carries bits that base64 throws away.
    for place in range(0, len(token) - 1, 5):
        other = "A" if token[place] != "A" else "B"
        await is_refused(client, token[:place] + other + token[place + 1 :])


async def test_a_zero_signature_is_none(client: AsyncClient, forge: Forge) -> None:
    for signature in (b"", bytes(64), bytes(63), b"\xff" * 64, bytes(31) + b"\x01" + bytes(32)):
        await is_refused(client, forge.unsigned(forge.header, signature=signature))


async def test_a_long_token_is_refused_unread(client: AsyncClient, forge: Forge) -> None:
    await is_refused(client, "A" * 1_000_000)
    await is_refused(client, forge.sign({"padding": "x" * 1_000_000}))
    await is_refused(client, "." * 1_000_000)


ODD = [
    *("", " ", "x", "..", ".", "a.b", "a.b.c", "a.b.c.d.e", "null", "W10.W10.W10", "MQ.MQ.MQ"),
    *("bnVsbA.bnVsbA.", "e30.e30.e30", "====.====.====", "eyJhbGciOiJFUzI1NiJ9..", "\t", "\x7f"),
]


@pytest.mark.parametrize("token", ODD)
async def test_what_is_no_token_is_refused(client: AsyncClient, token: str) -> None:
    await is_refused(client, token)


@pytest.mark.parametrize(
    "header",
    [
        *([], [1], "x", 1, None, True, {}, {"alg": {}}, {"alg": ["ES256"]}),
        *({"alg": "ES256", "typ": "at+jwt", "kid": {}}, {"alg": "ES256", "b64": False}),
    ],
    ids=str,
)
async def test_a_header_of_any_shape_is_refused(
    client: AsyncClient, forge: Forge, header: object
) -> None:
    await is_refused(client, forge.unsigned(header, signature=bytes(64)))


async def test_deep_nesting_is_refused(client: AsyncClient) -> None:
    for deep in (b"[" * 1500, b'{"a":' * 400 + b"1" + b"}" * 400):
        part = encoded(deep)
        await is_refused(client, f"{part}.{part}.{part}"[:4096])


@pytest.mark.parametrize(
    "value",
    [
        *(b"", b" ", b"Bearer", b"bearer", b"Bearer ", b"Bearer  ", b"Basic YTpi", b"Bearer\tx"),
        *(b"Token x", b"x", b"Bearer x y z", b"Bearer,x", b"\xff", b"Bearer \xff\xfe", b"\x80 x"),
        *(b"Bearer " + b"\xc3\xa9" * 20, b"Digest username=x", b"bearerx", b"Negotiate"),
    ],
)
async def test_an_authorization_header_of_any_kind_is_401(
    client: AsyncClient, value: bytes
) -> None:
    client.headers = Headers([(b"authorization", value)])

    problem(await client.get("/v1/users/me"), 401, "invalid_token")
    problem(await client.post("/v1/auth/logout"), 401, "invalid_token")


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(value=st.binary(max_size=60).filter(lambda value: not set(value) & set(b"\r\n\0")))
async def test_fuzz_in_an_authorization_header_is_401(client: AsyncClient, value: bytes) -> None:
    for raw in (value, b"Bearer " + value, b"Bearer e30." + value + b".e30"):
        client.headers = Headers([(b"authorization", raw)])
        problem(await client.get("/v1/users/me"), 401, "invalid_token")


async def test_the_scheme_is_read_without_case(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)

    for scheme in ("bearer", "BEARER", "Bearer "):
        headers = {"Authorization": f"{scheme} {ann.access_token}"}
        assert (await client.get("/v1/users/me", headers=headers)).status_code == 200


async def test_a_verified_token_is_remembered_only_while_it_lives(
    client: AsyncClient, forge: Forge
) -> None:
    token = forge.user.access_token
    await is_taken(client, token)

    with time_machine.travel(forge.claims["exp"] + 25):
        await is_taken(client, token)
    with time_machine.travel(forge.claims["exp"] + 30):
        await is_refused(client, token)


async def test_unknown_key_ids_do_not_make_the_service_ask_again_and_again(
    conn: Connection, raw: RawConnection, forge: Forge
) -> None:
    issuer = await factories.issuer_of(conn)
    verifier = TokenVerifier(issuer.keys, issuer.settings)
    asked = 0

    class Counted(PooledConnection):
        @override
        async def fetch(
            self, statement: Statement, text: LiteralString, params: Mapping[str, Any]
        ) -> Fetched:
            nonlocal asked
            asked += 1
            return await super().fetch(statement, text, params)

    counted = factories.lending(Counted(raw, deadline=10))
    for number in range(20):
        with pytest.raises(Exception, match="access token"):
            await verifier.verify(forge.sign(header={"kid": f"k{number}"}), counted)

    assert asked == 0


async def test_issuer_audience_and_lifetime_are_settings(
    make_client: MakeClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    client = await make_client(
        authentication=AuthenticationSettings(
            issuer="https://id.example.org",
            audience="birds",
            access_token=AccessTokenSettings(expiration=5),
        )
    )

    await is_refused(client, ann.access_token)
    client.headers = Headers()
    body = {"identifier": ann.email, "password": ann.password}
    tokens = (await client.post("/v1/auth/login", json=body)).json()["tokens"]
    _, key = (await factories.issuer_of(conn)).keys.signing_key()
    claims = jwt.decode(tokens["access_token"], key, algorithms=[ALGORITHM]).claims
    assert (claims["iss"], claims["aud"]) == ("https://id.example.org", "birds")
    assert 285 <= tokens["expires_in"] == claims["exp"] - claims["iat"] <= 300
    await is_taken(client, tokens["access_token"])


async def test_lifetimes_differ_a_little(conn: Connection) -> None:
    ann = await factories.user(conn)

    _, key = (await factories.issuer_of(conn)).keys.signing_key()
    lives = set()
    for _ in range(8):
        again = await factories.session(conn, ann)
        claims = jwt.decode(again.access_token, key, algorithms=[ALGORITHM]).claims
        lives.add(claims["exp"] - claims["iat"])

    assert len(lives) > 1


async def test_signing_out_is_seen_although_the_token_is_remembered(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    await is_taken(client, ann.access_token)

    await client.post("/v1/auth/logout", headers=acting_as(ann))

    await is_refused(client, ann.access_token)
