"""Every failure is one kind of body, whoever noticed it."""

import json
import re
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from pydantic import BaseModel

from src.config import LimitSettings
from src.constants import KIB
from src.database import Connection
from tests import factories
from tests.conftest import AppBy, MakeApp, MakeClient
from tests.http import acting_as, client_of, mistakes, problem

JSON = {"Content-Type": "application/json"}
UNKNOWN = "01a1fc2b-4c99-7073-b08a-3229b67bb99d"


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/nothing", "/v1/ping/", "//v1/ping", "/v2/ping", "/%00", "/..%2f"]
)
async def test_an_unknown_address_is_a_problem(client: AsyncClient, path: str) -> None:
    response = await client.get(path)

    assert response.status_code == 404, response.text
    assert response.json()["code"] == "not_found"
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "POST", "OPTIONS", "TRACE", "BREW"])
async def test_a_method_that_an_address_does_not_take_is_a_problem(
    client: AsyncClient, method: str
) -> None:
    response = await client.request(method, "/v1/ping")

    problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/teams", "GET, HEAD, POST"),
        ("/v1/applets/01a1fc2b-4c99-7073-b08a-3229b67bb99d/draft", "GET, HEAD, PUT"),
    ],
)
async def test_all_methods_of_an_address_are_allowed(
    client: AsyncClient, path: str, methods: str
) -> None:
    assert (await client.delete(path)).headers["allow"] == methods


@pytest.mark.parametrize("is_compiled", [True, False])
@pytest.mark.parametrize(
    ("method", "path", "methods"),
    [
        ("DELETE", "/v1/users/me/passkeys/options", "POST"),
        ("PATCH", "/v1/users/me/passkeys/options", "POST"),
        ("OPTIONS", f"/v1/applets/{UNKNOWN}/submissions/batch", "POST"),
        ("GET", f"/v1/applets/{UNKNOWN}/submissions/batch", "POST"),
        ("OPTIONS", f"/v1/applets/{UNKNOWN}/submissions/{UNKNOWN}", "GET, HEAD"),
        ("OPTIONS", f"/v1/users/me/passkeys/{UNKNOWN}", "DELETE, PATCH"),
        ("HEAD", "/v1/auth/login", "POST"),
    ],
)
async def test_an_address_takes_what_its_own_template_says(
    app_by: AppBy, method: str, path: str, methods: str, *, is_compiled: bool
) -> None:
    """`options` is no passkey of that id, though a template for passkeys fits the address too."""
    async with client_of(app_by(is_compiled=is_compiled)) as client:
        response = await client.request(method, path)

    assert response.status_code == 405, response.text
    assert response.headers["allow"] == methods


async def test_every_address_allows_what_the_document_says(
    app_by: AppBy, client: AsyncClient
) -> None:
    for path, operations in app_by(is_compiled=True).openapi()["paths"].items():
        methods = {method.upper() for method in operations}
        address = re.sub(r"\{\w+\}", UNKNOWN, path)

        response = await client.options(address)

        assert response.status_code == 405, response.text
        heads = {"HEAD"} if "GET" in methods else set[str]()
        assert response.headers["allow"] == ", ".join(sorted(methods | heads)), path


@pytest.mark.parametrize("body", [b'{"name": "\xff"}', b"[" * 100_000, b"[" * 9_000 + b"]" * 9_000])
async def test_what_the_parser_chokes_on_is_malformed(client: AsyncClient, body: bytes) -> None:
    response = await client.post(
        "/v1/auth/login", content=body, headers={"Content-Type": "application/json"}
    )

    assert response.status_code in {400, 422}
    if response.status_code == 400:
        problem(response, 400, "malformed_json")


async def test_a_mistake_is_listed_once_and_not_without_end(client: AsyncClient) -> None:
    once = await client.post("/v1/auth/signup", json={"email": "x", "password": "y"})
    many = await client.post("/v1/auth/signup", json={f"key{n}": 1 for n in range(20_000)})

    pointers = [error["pointer"] for error in once.json()["errors"]]
    assert len(pointers) == len(set(pointers))
    assert len(many.json()["errors"]) <= 1000


async def test_a_problem_says_all_that_the_rfc_asks(client: AsyncClient) -> None:
    body = problem(await client.get("/v1/nothing?secret=1"), 404, "not_found")

    assert body.keys() == {
        *("type", "title", "status", "detail", "instance", "code", "request_id", "trace_id")
    }
    assert body["title"] == "Not Found"
    assert body["instance"] == "/v1/nothing"
    assert len(body["trace_id"]) == 32


@pytest.mark.parametrize(
    "content",
    [
        *(b"{", b"", b"{]", b"nul", b"{'name': 1}", b'{"name": "x"', b"\xff\xfe", b"\x00"),
        *(b'{"name": "\xff"}', b'{"a":1}{"b":2}', b'\xef\xbb\xbf{"name": "x"}'),
    ],
)
async def test_a_body_that_is_no_json_is_a_problem(client: AsyncClient, content: bytes) -> None:
    response = await client.post("/v1/auth/login", content=content, headers=JSON)

    assert (response.status_code, response.json()["code"]) in {
        (400, "malformed_json"),
        (400, "bad_request"),
        (422, "validation_failed"),
    }, response.text
    if content not in {b"", b'\xef\xbb\xbf{"name": "x"}'}:
        assert response.status_code == 400, response.text


@pytest.mark.parametrize("content", [b"[]", b"1", b'"x"', b"null", b"true", b"[{}]", b"NaN"])
async def test_json_of_another_shape_is_a_problem(client: AsyncClient, content: bytes) -> None:
    response = await client.post("/v1/auth/login", content=content, headers=JSON)

    problem(response, 422, "validation_failed")


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"identifier": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"identifier": 1' + b"0" * 5000 + b"}",
        b'{"identifier": 1e400, "password": -1e400}',
        b'{"identifier": "x", "identifier": "y", "password": 1}',
        b"{" + b",".join(b'"k%d": 1' % number for number in range(10_000)) + b"}",
    ],
    ids=["open", "deep", "deep object", "deep field", "digits", "infinite", "twice", "keys"],
)
async def test_json_made_to_hurt_is_a_problem(client: AsyncClient, content: bytes) -> None:
    response = await client.post("/v1/auth/login", content=content, headers=JSON)

    assert response.status_code in {400, 422}, response.text[:300]
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "media",
    [
        *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application"),
        *("application/xml", "application/jsonx", "text/json; charset=utf-8", "*/*", "\u00e9"),
    ],
)
async def test_a_body_of_another_kind_is_a_problem(client: AsyncClient, media: str) -> None:
    body = b'{"identifier": "ann", "password": "x"}'
    response = await client.post(
        "/v1/auth/login", content=body, headers=[(b"content-type", media.encode())]
    )

    problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"]
)
async def test_json_may_say_its_charset(client: AsyncClient, media: str) -> None:
    body = b'{"identifier": "ann", "password": "x"}'

    response = await client.post("/v1/auth/login", content=body, headers={"Content-Type": media})

    problem(response, 401, "invalid_credentials")


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "gzip, gzip", "x" * 500])
async def test_a_packed_body_is_refused_unopened(client: AsyncClient, encoding: str) -> None:
    for path in ("/v1/auth/login", "/v1/ping", "/v1/nothing"):
        response = await client.post(
            path, content=b"\x1f\x8b", headers={**JSON, "Content-Encoding": encoding}
        )
        problem(response, 415, "unsupported_media_type")


async def test_a_body_over_the_limit_is_refused(make_client: MakeClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    client = await make_client(limits=LimitSettings(body_bytes=2 * KIB))

    async def drip() -> Any:
        for _ in range(64):
            yield b" " * 64

    for content in (b" " * (2 * KIB + 1), drip()):
        response = await client.post(
            "/v1/teams", content=content, headers={**JSON, **acting_as(ann)}
        )
        problem(response, 413, "body_too_large")
        assert response.headers["x-content-type-options"] == "nosniff"
    ignored = await client.request("GET", "/v1/ping", content=b" " * (2 * KIB + 1))
    problem(ignored, 413, "body_too_large")
    fits = b'{"name": "Birds"}'.ljust(2 * KIB)
    response = await client.post("/v1/teams", content=fits, headers={**JSON, **acting_as(ann)})
    assert response.status_code == 201, response.text


async def test_a_route_may_take_larger_bodies(make_app: MakeApp) -> None:
    app = make_app(limits=LimitSettings(body_bytes=2 * KIB))

    async def take(body: list[int]) -> int:
        return len(body)

    app.add_api_route("/v1/take", take, methods=["POST"])
    app.add_api_route("/v1/take-more", take, methods=["POST"], max_body_size=4 * KIB)

    async with client_of(app) as client:
        for path, size, is_taken in [
            *(("/v1/take", 2 * KIB, True), ("/v1/take", 3 * KIB, False)),
            *(("/v1/take-more", 4 * KIB, True), ("/v1/take-more", 5 * KIB, False)),
        ]:
            response = await client.post(path, content=b"[]".ljust(size), headers=JSON)
            if is_taken:
                assert response.status_code == 200, response.text
            else:
                problem(response, 413, "body_too_large")


async def test_a_megabyte_is_the_limit_unless_said_otherwise(client: AsyncClient) -> None:
    response = await client.post("/v1/auth/login", content=b" " * (1024 * KIB + 1), headers=JSON)

    problem(response, 413, "body_too_large")


@pytest.mark.parametrize("accept", ["", "*/*", "text/html", "image/*;q=x", "\x00", "a" * 9000])
async def test_no_wish_for_another_kind_of_answer_is_a_defect(
    client: AsyncClient, accept: str
) -> None:
    headers = [(b"accept", accept.encode()), (b"accept-language", b";;;q=,"), (b"accept", b"")]

    for path in ("/v1/ping", "/openapi.json", "/docs", "/metrics", "/v1/nothing"):
        response = await client.get(path, headers=headers)
        assert response.status_code in {200, 404}, response.text


ODD = [
    (b"range", b"bytes=-1,5-2"),
    (b"if-none-match", b'W/"'),
    (b"if-modified-since", b"yesterday"),
    (b"cookie", b"=;;core_at;;=x; core_at=\xff; a=" + b"b" * 4000),
    (b"host", b"evil\xff"),
    (b"host", b"[::"),
    (b"content-length", b"x"),
    (b"expect", b"100-continue"),
    (b"x-forwarded-for", b"\xff"),
    (b"traceparent", b"\xff"),
    (b"origin", b"\xff"),
    (b"user-agent", b"\xff\x01"),
]


@pytest.mark.parametrize("header", ODD, ids=str)
async def test_no_header_is_a_defect(client: AsyncClient, header: tuple[bytes, bytes]) -> None:
    for method, path in [
        *(("GET", path) for path in ("/v1/ping", "/v1/users/me", "/docs/assets/start.js")),
        ("POST", "/v1/auth/token/refresh"),
        ("POST", "/v1/auth/logout"),
    ]:
        response = await client.request(method, path, headers=[header])
        assert response.status_code < 500, response.text


def test_pointers_are_escaped_as_rfc_6901_says() -> None:
    from src.problems import field_error  # noqa: PLC0415

    mistake = {"loc": ("body", "a/b~c", 0), "type": "extra_forbidden", "msg": "x"}

    assert field_error(mistake).pointer == "/a~1b~0c/0"


async def test_an_unknown_field_of_any_name_is_named(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    names = ["a/b", "~", "", "\u0000", "ü", "\ud800", "__class__", "name "]

    for name in names:
        response = await client.post(
            "/v1/teams",
            content=json.dumps({"name": "x", name: 1}).encode(),
            headers={**JSON, **acting_as(ann)},
        )
        ((_, code),) = mistakes(response)
        assert code in {"unknown_field", "wrong_type"}


class Thing(BaseModel):
    secret: str


@pytest.fixture
def broken(make_app: MakeApp) -> FastAPI:
    """An application with a route that fails."""
    app = make_app()

    async def fail() -> None:
        secret = "heron-7"
        raise RuntimeError(f"SELECT * FROM account -- {secret}")

    async def lie() -> Thing:
        return {"public": "heron-7"}  # type: ignore[return-value]

    app.add_api_route("/v1/fail", fail)
    app.add_api_route("/v1/lie", lie)
    return app


@pytest.mark.parametrize("path", ["/v1/fail", "/v1/lie"])
async def test_a_defect_of_ours_says_nothing_of_itself(
    broken: FastAPI, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with client_of(broken) as client:
        response = await client.get(path)

    body = problem(response, 500, "internal_error")
    assert body["detail"] == "Something went wrong on our side."
    assert "heron-7" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    (line,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert body["request_id"] in line.getMessage()
