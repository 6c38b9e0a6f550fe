"""A compiled route reads what FastAPI reads: addresses, queries, headers, bodies."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from fastapi import (
    APIRouter,
    Body,
    Cookie,
    Depends,
    Header,
    Path,
    Query,
    Request,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message

from src.routing.middleware import BODY_MAX
from tests.routing.birds import Bird, Events
from tests.routing.pairs import pair


def parameters(router: APIRouter, _: Events) -> None:
    async def again(size: Annotated[int, Query(ge=1)] = 7) -> int:
        return size

    @router.get("/things/{thing_id}/{name}")
    async def get_thing(
        thing_id: UUID,
        name: Annotated[str, Path(max_length=5)],
        request: Request,
        same: Annotated[int, Depends(again)],
        size: Annotated[int, Query(ge=1)] = 7,
        kind: Literal["a", "b"] | None = None,
        by: Annotated[str | None, Query(alias="order-by")] = None,
        if_match: Annotated[str | None, Header()] = None,
        count: Annotated[int, Header(alias="X-Count")] = 0,
        seen: Annotated[str, Cookie()] = "",
    ) -> dict[str, Any]:
        return {
            "values": [thing_id, name, same, size, kind, by, if_match, count, seen],
            "path": request.path_params,
            "url": str(request.url),
            "link": str(request.url_for("get_thing", thing_id="1", name="2").path),
        }


ID = UUID(int=5)


@pytest.mark.parametrize(
    ("path", "is_compiled"),
    [
        (f"{ID}/a", True),
        (f"{ID}/a?size=3&size=4", True),
        (f"{ID}/a?size=+3", True),
        (f"{ID}/a?size=%2B3&order-by=a+b%20c%00", True),
        (f"{ID}/a?size=", False),
        (f"{ID}/a?size=0", False),
        (f"{ID}/a?size=x;kind=a", False),
        (f"{ID}/a?kind=a;size=3", False),
        (f"{ID}/a?kind=b&unknown=1&&=&x", True),
        (f"{ID}/a?kind=", False),
        (f"{ID}/a?order-by=%ff%C3%A9&order_by=1", True),
        (f"{ID}/toolong", False),
        (f"{str(ID).upper()}/a", True),
        (f"%7B{ID}%7D/a", True),
        (f"urn:uuid:{ID}/a", True),
        (f"{ID.hex}/a", True),
        (f"{ID}x/a", False),
        (f"{ID}/%C3%A9", True),
        (f"{ID}/a%0A", True),
        (f"{ID}/a%2Fb", False),
        (f"{ID}/a/", False),
        (f"{ID}//a", False),
        (f"/{ID}/a", False),
        (f"{ID}/", False),
    ],
)
async def test_parameters_are_read_alike(path: str, is_compiled: bool) -> None:
    async with pair(parameters) as both:
        await both.send("GET", f"/v1/things/{path}", is_compiled=is_compiled)


@pytest.mark.parametrize(
    ("headers", "is_compiled"),
    [
        ([("If-Match", "a"), ("If-Match", "b")], True),
        ([("x-count", "5")], True),
        ([("x-count", "five")], False),
        ([("x-count", "")], False),
        ([("cookie", "seen=1; seen=2; other")], True),
        ([("cookie", "seen=1"), ("cookie", "seen=3")], True),
        ([("cookie", 'seen="a\\054b"; x=;;=;')], True),
        ([("if_match", "c")], True),
        ([("if-match", "é".encode("latin-1").decode("latin-1"))], True),
        ([("content-encoding", "gzip")], False),
        ([("expect", "100-continue")], False),
        ([("transfer-encoding", "chunked")], False),
        ([("content-length", "0")], True),
        ([("content-length", "70000")], False),
        ([("content-length", "-1")], False),
        ([("content-length", "1_0")], False),
    ],
)
async def test_headers_are_read_alike(headers: list[tuple[str, str]], is_compiled: bool) -> None:
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    async with pair(parameters) as both:
        await both.send("GET", f"/v1/things/{ID}/a", headers=sent, is_compiled=is_compiled)


@pytest.mark.parametrize(
    ("method", "is_compiled"),
    [("OPTIONS", False), ("POST", False), ("HEAD", False)],
)
async def test_other_methods_are_for_fastapi(method: str, is_compiled: bool) -> None:
    async with pair(parameters) as both:
        await both.send(method, f"/v1/things/{ID}/a", is_compiled=is_compiled)


def bodies(router: APIRouter, events: Events) -> None:
    async def first(bird: Bird) -> str:
        events.append(f"first {bird!r}")
        bird.name = "changed"
        return bird.name

    async def raw(request: Request) -> bytes:
        return await request.body()

    @router.post("/birds")
    async def make_bird(
        _: Annotated[str, Depends(first)], bird: Bird, sent: Annotated[bytes, Depends(raw)]
    ) -> dict[str, Any]:
        events.append(f"endpoint {bird!r}")
        return {"bird": bird, "sent": len(sent)}

    @router.put("/birds")
    async def put_bird(bird: Bird | None = None) -> Bird | None:
        return bird

    @router.patch("/birds")
    async def patch_birds(birds: Annotated[list[Any], Body(default_factory=list)]) -> list[Any]:
        birds.append(len(birds))
        return birds


JSON = "application/json"


@pytest.mark.parametrize(
    ("body", "media", "is_compiled"),
    [
        (b'{"name": "a"}', JSON, True),
        (b'{"name": "a"}', "application/json; charset=latin-1", True),
        (b'{"name": "a"}', "APPLICATION/JSON;x", True),
        (b'{"name": "a"}', "application/vnd.bird+json", True),
        (b'{"name": "a"}', " application/json", True),
        (b'{"name": "a"}', "application/jsonp", False),
        (b'{"name": "a"}', "text/plain", False),
        (b'{"name": "a"}', "text/plain, application/json", False),
        (b'{"name": "a"}', "json", False),
        (b'{"name": "a"}', "", False),
        (b'{"name": "a"}', None, False),
        ('{"name": "é"}'.encode("utf-16"), JSON, True),
        ('{"name": "é"}'.encode("utf-8-sig"), JSON, True),
        (b'{"name": "\xff"}', JSON, False),
        (b'{"name": "\\ud800"}', JSON, None),
        (b'{"name": "\\u0000"}', JSON, True),
        (b'{"name": "a", "name": "b"}', JSON, True),
        (b'{"name": "a", "weight": NaN}', JSON, True),
        (b'{"name": "a", "weight": -Infinity}', JSON, True),
        (b'{"name": "a", "weight": 1e999}', JSON, True),
        (b'{"name": "a", "weight": "1.5"}', JSON, True),
        (b'{"name": "a", "weight": true}', JSON, True),
        (b'{"name": "a", "extra": {"n": %d}}' % 10**3000, JSON, None),
        (b'{"name": "a", "extra": {"n": %s}}' % (b"9" * 5000), JSON, False),
        (b'{"name": "a", "extra": {"n": %s}}' % (b"[" * 500 + b"]" * 500), JSON, None),
        (b"[" * 30000, JSON, False),
        (b'{"name": "a", "unknown": 1}', JSON, False),
        (b'{"name": ""}', JSON, False),
        (b'{"name": 1}', JSON, False),
        (b'{"name": "a", "id": "%s"}' % str(ID).upper().encode(), JSON, True),
        (b'{"name": "a", "colours": ["green"]}', JSON, False),
        (b"{}", JSON, False),
        (b"null", JSON, None),
        (b"[]", JSON, None),
        (b'"a"', JSON, False),
        (b"", JSON, None),
        (b" ", JSON, False),
        (b"{", JSON, False),
        (b"not json", JSON, False),
        (b'{"name": "a"} x', JSON, False),
        (b'{"name": "%s"}' % (b"a" * BODY_MAX), JSON, False),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_bodies_are_read_alike(
    method: str, body: bytes, media: str | None, is_compiled: bool | None
) -> None:
    async with pair(bodies) as both:
        headers = {"content-type": media} if media is not None else None
        await both.send(
            method,
            "/v1/birds",
            content=body,
            headers=headers,
            is_compiled=is_compiled if method == "POST" else None,
        )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
birds = st.fixed_dictionaries(
    {"name": st.text() | json_values},
    optional={
        "weight": st.floats() | st.integers() | json_values,
        "colours": st.lists(st.sampled_from(["red", "blue"])) | json_values,
        "extra": st.dictionaries(st.text(), json_values) | json_values,
        "id": st.uuids().map(str) | json_values,
        "unknown": json_values,
    },
)


@given(sent=st.lists(birds.map(json.dumps) | json_values.map(json.dumps), min_size=1, max_size=20))
@settings(max_examples=25, deadline=None)
async def test_any_body_is_read_alike(sent: list[str]) -> None:
    async with pair(bodies) as both:
        for body in sent:
            for method in ("POST", "PUT", "PATCH"):
                await both.send(
                    method,
                    "/v1/birds",
                    content=body.encode(),
                    headers={"content-type": JSON},
                    is_compiled=None,
                )


async def test_a_body_in_pieces_is_read_alike() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b'{"na', b"", b'me": ', b'"a"}'):
            yield piece

    async def many() -> AsyncIterator[bytes]:
        yield b'{"name": "a"'
        for _ in range(20):
            yield b" " * 5000
        yield b"}"

    async with pair(bodies) as both:
        for content, is_compiled in ((pieces, True), (many, False)):
            for side in (both.compiled, both.plain):
                response = await side.client.post(
                    "/v1/birds", content=content(), headers={"content-type": JSON}
                )
                assert response.json()["bird"]["name"] == "a"
            assert both.compiled.recorded.were_compiled[-1] is is_compiled


@pytest.mark.parametrize("sent", [[], [b'{"na']])
async def test_a_caller_who_leaves_is_treated_alike(sent: list[bytes]) -> None:
    async with pair(bodies) as both:
        for side in (both.compiled, both.plain):
            side.events.clear()
            messages: list[Message] = [
                {"type": "http.request", "body": part, "more_body": True} for part in sent
            ]
            messages.append({"type": "http.disconnect"})
            left = iter(messages)

            async def receive(left: Iterator[Message] = left) -> Message:
                return next(left, {"type": "http.disconnect"})

            async def send(message: Message) -> None:
                return None

            await side.recorded(
                _scope("POST", "/v1/birds", [(b"content-type", b"application/json")]), receive, send
            )
        assert both.compiled.events == both.plain.events


def _scope(method: str, path: str, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("test.local", 80),
    }
