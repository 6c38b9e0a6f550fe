"""What leaves through the server: the same bytes as uvicorn's own protocol sends."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from src.metrics import Metrics
from src.middleware import RequestContext
from src.serving import Protocol

HOST = b"Host: x\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as the path says, with what arrived as the body."""
    kind = scope["path"].rpartition("/")[2]
    seen = [scope[name] for name in ("method", "http_version", "path", "raw_path", "query_string")]
    body = repr([*seen, scope["headers"], await content(receive)]).encode()
    start = {"type": "http.response.start", "status": 200}
    length = [(b"content-length", b"%d" % len(body)), (b"content-type", b"text/plain")]
    if kind == "early":
        raise RuntimeError
    if kind == "silent":
        return
    if kind == "stream":
        await send({**start, "headers": []})
        for number in range(3):
            await send({"type": "http.response.body", "body": b"%d" % number, "more_body": True})
            await asyncio.sleep(0.01)
        await send({"type": "http.response.body"})
        return
    if kind == "empty":
        await send({**start, "status": 204, "headers": []})
        await send({"type": "http.response.body"})
        return
    headers = {
        "cookies": [*length, (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")],
        "forged": [*length, (b"x-text", b"a\r\nx-other: b")],
        "name": [*length, (b"x text", b"a")],
        "upper": [*length, (b"X-Text", b"a")],
        "close": [*length, (b"connection", b"close")],
        "short": [(b"content-length", b"%d" % (len(body) + 1))],
        "long": [(b"content-length", b"1")],
        "unknown": [(b"content-type", b"text/plain")],
    }.get(kind, length)
    await send({**start, "status": 299 if kind == "odd" else 200, "headers": headers})
    if kind == "late":
        raise RuntimeError
    if kind == "half":
        return
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


class Overheard:
    """A transport that tells what it is given."""

    def __init__(self, transport: asyncio.Transport, written: list[bytes]) -> None:
        self.transport = transport
        self.written = written

    def write(self, data: bytes) -> None:
        self.written.append(data)
        self.transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)


async def content(receive: Receive) -> bytes:
    taken = b""
    while True:
        message = await receive()
        body: bytes = message.get("body", b"")
        taken += body
        if not message.get("more_body"):
            return taken


@asynccontextmanager
async def serving(
    kind: type[HttpToolsProtocol], keep_alive: int = 5, served: ASGIApp = app
) -> AsyncIterator[int]:
    config = uvicorn.Config(
        served, port=0, http=kind, lifespan="off", log_config=None, timeout_keep_alive=keep_alive
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def said(port: int, *pieces: bytes) -> bytes:
    """All that comes back until the server closes, or says nothing for a while."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(0.03)
    answer = b""
    while True:
        try:
            async with asyncio.timeout(0.15):
                piece = await reader.read(65536)
        except TimeoutError:
            answer += b"(open)"
            break
        if not piece:
            answer += b"(closed)"
            break
        answer += piece
    writer.close()
    return re.sub(rb"date: [^\r]+", b"date: now", answer)


def get(path: str, *more: bytes, method: str = "GET", version: str = "1.1") -> bytes:
    head = f"{method} {path} HTTP/{version}\r\n".encode()
    return head + HOST + b"".join(more) + b"\r\n"


def post(path: str, body: bytes = b"body", *more: bytes) -> bytes:
    return get(path, b"Content-Length: %d\r\n" % len(body), *more, method="POST") + body


CHUNKED = b"Transfer-Encoding: chunked\r\n"
CONVERSATIONS = {
    "whole": [get("/whole"), get("/whole"), get("/whole?a=1&b=%20")],
    "kinds of answers": [
        get(f"/{kind}")
        for kind in ("whole", "empty", "cookies", "upper", "unknown", "odd", "stream", "whole")
    ],
    "a forged header": [get("/whole"), get("/forged"), get("/whole")],
    "a bad name": [get("/name"), get("/whole")],
    "an answer that is too short": [get("/whole"), get("/short"), get("/whole")],
    "an answer that is too long": [get("/whole"), get("/long"), get("/whole")],
    "an early defect": [get("/early"), get("/whole")],
    "no answer": [get("/silent"), get("/whole")],
    "the answer closes": [get("/close"), get("/whole")],
    "the caller closes": [get("/whole", b"Connection: close\r\n")],
    "HTTP/1.0": [get("/whole", version="1.0")],
    "HTTP/1.0, streamed": [get("/stream", version="1.0")],
    "HEAD": [get("/whole", method="HEAD"), get("/empty", method="HEAD"), get("/whole")],
    "pipelined": [get("/stream") + get("/whole") + post("/whole") + get("/empty")],
    "pipelined at once": [get("/whole") + get("/whole")],
    "a body": [post("/whole"), post("/whole", b""), get("/whole")],
    "a body in pieces": [post("/whole")[:-2], b"dy", get("/whole")],
    "a head in pieces": [get("/whole")[:9], get("/whole")[9:-1], b"\n"],
    "a large body": [post("/whole", b"x" * 100_000), get("/whole")],
    "chunks": [get("/whole", CHUNKED, method="POST") + b"2\r\nab\r\n", b"1\r\nc\r\n0\r\n\r\n"],
    "100 Continue": [post("/whole", b"body", b"Expect: 100-continue\r\n")[:-4], b"body"],
    "an absolute address": [get("http://x/whole?a=1")],
    "a fragment": [get("/whole#part")],
    "percent signs": [get("/a%2Fb%20c/whole")],
    "two slashes": [get("//whole")],
    "an upgrade": [get("/whole", UPGRADE), get("/whole")],
    "headers of one name": [get("/whole", b"X-A: 1\r\n", b"x-a: 2\r\n")],
    "no HTTP": [b"hello\r\n\r\n"],
    "an asterisk": [get("*", method="OPTIONS")],
}


@pytest.mark.parametrize("name", CONVERSATIONS)
async def test_the_same_bytes_leave_as_uvicorn_sends(name: str) -> None:
    async with serving(HttpToolsProtocol) as port:
        expected = await said(port, *CONVERSATIONS[name])
    async with serving(Protocol) as port:
        await said(port, get("/cookies"), get("/whole"))  # its names of headers are known then
        answer = await said(port, *CONVERSATIONS[name])

    assert answer == expected


@pytest.mark.parametrize("kind", ["late", "half"])
async def test_who_begins_an_answer_and_fails_gets_the_callers_a_500(kind: str) -> None:
    """uvicorn has sent the head by then, and can only cut the connection."""
    async with serving(Protocol) as port:
        answer = await said(port, get(f"/{kind}"))

    assert answer.startswith(b"HTTP/1.1 500 ")
    assert answer.endswith(b"\r\n\r\nInternal Server Error(closed)")


async def test_head_and_body_leave_in_one_write() -> None:
    written: list[bytes] = []

    class Listening(Protocol):
        @override
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(cast("asyncio.Transport", transport))
            self.transport = cast("asyncio.Transport", Overheard(self.transport, written))

    async with serving(Listening) as port:
        await said(port, get("/whole"))
        written.clear()
        await said(port, get("/whole"))

    assert [data.startswith(b"HTTP/1.1 200 ") for data in written] == [True]
    assert written[0].endswith(b"b'']")


async def test_head_is_answered_as_get_and_the_connection_stays() -> None:
    around = RequestContext(app, metrics=Metrics(), has_https=False)
    async with serving(Protocol, served=around) as port:
        heads = await said(port, get("/whole", method="HEAD") + get("/empty"))

    first, second, rest = heads.split(b"\r\n\r\n")
    assert b"content-length: " in first
    assert second.startswith(b"HTTP/1.1 204 ")
    assert rest == b"(open)"


async def test_many_small_pieces_of_a_body_are_not_copied_again_and_again() -> None:
    """Bytes would be copied whole for each piece: a second of nothing else for these."""
    pieces = b"".join(b"1\r\nx\r\n" for _ in range(60_000)) + b"0\r\n\r\n"
    kinds: set[type] = set()

    class Looking(Protocol):
        @override
        def on_body(self, body: bytes) -> None:
            super().on_body(body)
            kinds.add(type(self.cycle.body))

    async with serving(Looking) as port:
        answer = await said(port, get("/whole", CHUNKED, method="POST") + pieces)

    assert answer.count(b"x" * 60_000) == 1
    assert kinds == {bytes, bytearray}


async def test_an_idle_connection_is_closed_and_a_used_one_is_not() -> None:
    async with serving(Protocol, keep_alive=1) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(4):  # for longer than it may be idle
            writer.write(get("/empty"))
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            await asyncio.sleep(0.4)
        writer.write(get("/empty")[:10])  # whoever has begun is not idle
        await asyncio.sleep(1.3)
        writer.write(get("/empty")[10:])
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)

        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_stopping_waits_for_answers_under_way() -> None:
    async with serving(Protocol) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("/stream"))
        await reader.readuntil(b"\r\n\r\n")

    assert (await reader.read()).endswith(b"0\r\n\r\n")
    writer.close()
