from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient, Headers
from starlette.types import Receive, Scope, Send

from src.config import AuthenticationSettings, CorsSettings
from src.database import Connection
from src.metrics import Metrics
from src.middleware import RequestContext
from tests import factories
from tests.conftest import MakeClient
from tests.http import acting_as, client_of, problem

PAGE = "https://app.example.org"
ASK = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}


@pytest.mark.parametrize("path", ["/v1/ping", "/v1/nothing", "/v1/users/me", "/metrics", "/docs"])
async def test_every_answer_tells_browsers_to_be_careful(client: AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "strict-transport-security" not in headers
    assert "server" not in headers


async def test_with_https_browsers_are_told_to_keep_to_it(make_client: MakeClient) -> None:
    client = await make_client(authentication=AuthenticationSettings(cookie_secure=True))

    headers = (await client.get("/v1/ping")).headers

    assert headers["strict-transport-security"].startswith("max-age=31536000")


async def test_answers_to_the_known_are_not_kept(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)

    for path in ("/v1/users/me", "/v1/teams", "/v1/auth/session", "/v1/nothing"):
        response = await client.get(path, headers=acting_as(ann))
        assert response.headers["cache-control"] == "no-store"


async def test_a_request_id_is_kept_if_it_is_a_uuid(client: AsyncClient) -> None:
    given = str(uuid4())

    response = await client.get("/v1/nothing", headers={"X-Request-Id": given})

    assert response.headers["x-request-id"] == given
    assert response.json()["request_id"] == given


@pytest.mark.parametrize("given", [b"", b"x", b"1234", b"\xff", b"a" * 5000, b"g" * 32])
async def test_any_other_request_id_is_replaced(client: AsyncClient, given: bytes) -> None:
    client.headers = Headers([(b"x-request-id", given)])

    first, second = [await client.get("/v1/ping") for _ in range(2)]

    ids = {UUID(response.headers["x-request-id"]) for response in (first, second)}
    assert len(ids) == 2


async def test_a_trace_is_carried_on(client: AsyncClient) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}

    body = (await client.get("/v1/nothing", headers=headers)).json()

    assert body["trace_id"] == trace


@pytest.mark.parametrize(
    "given",
    [
        *("", "x", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{'G' * 32}-00f067aa0ba902b7-01"),
        f"00-{'a' * 31}-00f067aa0ba902b7-01",
    ],
)
async def test_a_trace_that_is_none_is_replaced(client: AsyncClient, given: str) -> None:
    ids = {
        (await client.get("/v1/nothing", headers={"traceparent": given})).json()["trace_id"]
        for _ in range(2)
    }

    assert len(ids) == 2
    assert all(len(trace) == 32 and set(trace) != {"0"} for trace in ids)


@pytest.mark.parametrize("path", ["/v1/ping", "/openapi.json", "/docs", "/v1/teams", "/v1/nothing"])
async def test_head_is_get_without_the_body(
    client: AsyncClient, conn: Connection, path: str
) -> None:
    ann = await factories.user(conn)

    got = await client.get(path, headers=acting_as(ann))
    head = await client.head(path, headers=acting_as(ann))

    assert head.status_code == got.status_code
    assert head.content == b""
    differing = {"x-request-id", "content-length"}
    assert {name: value for name, value in head.headers.items() if name not in differing} == {
        name: value for name, value in got.headers.items() if name not in differing
    }


async def test_without_a_setting_no_page_of_another_origin_may_call(
    client: AsyncClient,
) -> None:
    response = await client.get("/v1/ping", headers={"Origin": PAGE})

    assert "access-control-allow-origin" not in response.headers
    problem(await client.options("/v1/auth/login", headers=ASK), 405, "method_not_allowed")


async def test_an_allowed_page_may_call_with_cookies(make_client: MakeClient) -> None:
    client = await make_client(cors=CorsSettings(allow_origins=(PAGE, "https://two.example")))

    asked = await client.options(
        "/v1/auth/login",
        headers={**ASK, "Access-Control-Request-Headers": "x-csrf-token, content-type"},
    )
    called = await client.get("/v1/nothing", headers={"Origin": PAGE})

    assert asked.status_code == 200, asked.text
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert "x-csrf-token" in asked.headers["access-control-allow-headers"].lower()
    for response in (asked, called):
        assert response.headers["access-control-allow-origin"] == PAGE
        assert response.headers["access-control-allow-credentials"] == "true"
        assert "Origin" in response.headers["vary"]
    assert "X-Request-Id" in called.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "null", "http://app.example.org", "https://app.example.org:444"),
        *("https://app.example.org.evil.example", "https://evil-app.example.org", ""),
    ],
)
async def test_any_other_page_may_not(make_client: MakeClient, origin: str) -> None:
    client = await make_client(cors=CorsSettings(allow_origins=(PAGE,)))

    asked = await client.options("/v1/auth/login", headers={**ASK, "Origin": origin})
    called = await client.get("/v1/ping", headers={"Origin": origin})

    for response in (asked, called):
        assert "access-control-allow-origin" not in response.headers


async def test_a_pattern_has_to_match_the_whole_origin(make_client: MakeClient) -> None:
    client = await make_client(
        cors=CorsSettings(allow_origins_regex=r"https://[a-z]+\.example\.org")
    )

    for origin, is_allowed in [
        ("https://app.example.org", True),
        ("https://app.example.org.evil.example", False),
        ("https://a.b.example.org", False),
    ]:
        response = await client.get("/v1/ping", headers={"Origin": origin})
        assert (response.headers.get("access-control-allow-origin") == origin) is is_allowed


async def test_a_wildcard_comes_without_credentials(make_client: MakeClient) -> None:
    for credentials in (True, False):
        client = await make_client(
            cors=CorsSettings(allow_origins=("*",), allow_credentials=credentials)
        )

        response = await client.get("/v1/ping", headers={"Origin": PAGE})

        assert response.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in response.headers


async def test_a_failure_is_readable_for_an_allowed_page(make_client: MakeClient) -> None:
    client = await make_client(cors=CorsSettings(allow_origins=(PAGE,)))

    for content, encoding, status in [
        (b"x" * (1024 * 1024 + 1), "identity", 413),
        (b"x", "gzip", 415),
        (b"{", "identity", 400),
    ]:
        response = await client.post(
            "/v1/auth/login",
            content=content,
            headers={
                "Origin": PAGE,
                "Content-Type": "application/json",
                "Content-Encoding": encoding,
            },
        )
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == PAGE


async def answer_with(*headers: tuple[bytes, bytes], **sent: str) -> Headers:
    """What leaves the house when a handler answers with these headers."""

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": answered})
        await send({"type": "http.response.body", "body": b""})

    answered = list(headers)
    context = RequestContext(app, metrics=Metrics(), has_https=True)
    async with client_of(context) as client:
        response = await client.get("/", headers=sent)
    assert answered == list(headers)
    return response.headers


async def test_a_handlers_own_headers_stay_as_they_are() -> None:
    given = [
        (b"x-frame-options", b"SAMEORIGIN"),
        (b"content-security-policy", b"default-src 'self'"),
        (b"cache-control", b"private, max-age=60"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
    ]

    headers = await answer_with(*given, authorization="Bearer x")

    assert [pair for pair in headers.raw if pair in given] == given
    names = [name for name, _ in headers.raw if name != b"set-cookie"]
    assert sorted(names) == sorted(
        {
            *(b"x-request-id", b"x-content-type-options", b"referrer-policy", b"x-frame-options"),
            *(b"content-security-policy", b"cross-origin-resource-policy", b"cache-control"),
            b"strict-transport-security",
        }
    )


async def test_no_handler_chooses_the_request_id() -> None:
    given = str(uuid4())

    headers = await answer_with((b"x-request-id", b"mine"), **{"x-request-id": given})

    assert headers.get_list("x-request-id") == [given]


async def test_what_sets_a_cookie_or_comes_with_one_is_not_kept() -> None:
    assert (await answer_with((b"set-cookie", b"a=1")))["cache-control"] == "no-store"
    assert (await answer_with(cookie="a=1"))["cache-control"] == "no-store"
    assert "cache-control" not in await answer_with()
