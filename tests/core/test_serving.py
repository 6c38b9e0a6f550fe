"""What leaves through the server: the same bytes, in fewer writes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from src.serving import JoiningTransport, Protocol

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Recording(asyncio.Transport):
    """A transport that writes down what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.is_paused = False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    @override
    def close(self) -> None:
        self.written.append(b"closed")

    @override
    def pause_reading(self) -> None:
        self.is_paused = True


def joining() -> tuple[JoiningTransport, Recording]:
    recording = Recording()
    return JoiningTransport(recording, asyncio.get_running_loop()), recording


async def test_head_and_body_leave_together() -> None:
    transport, recording = joining()

    transport.write(HEAD)
    transport.write(b"ok")
    transport.write(b"more")

    assert recording.written == [HEAD + b"ok", b"more"]
    await asyncio.sleep(0)
    assert recording.written == [HEAD + b"ok", b"more"]


async def test_a_head_alone_leaves_when_the_loop_turns() -> None:
    transport, recording = joining()

    transport.write(HEAD)
    assert recording.written == []
    await asyncio.sleep(0)

    assert recording.written == [HEAD]


async def test_closing_sends_what_is_left() -> None:
    transport, recording = joining()

    transport.write(HEAD)
    transport.close()

    assert recording.written == [HEAD, b"closed"]


async def test_the_rest_is_the_transports_own() -> None:
    transport, recording = joining()

    transport.pause_reading()

    assert recording.is_paused


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    path = scope["path"]
    status = 204 if path == "/empty" else 200
    headers = [(b"content-length", b"2")] if path == "/whole" else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if path == "/stream":
        for number in range(3):
            await send({"type": "http.response.body", "body": b"%d" % number, "more_body": True})
            await asyncio.sleep(0.01)
    body = b"ok" if path == "/whole" else b""
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    config = uvicorn.Config(app, port=0, http=Protocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def test_answers_over_a_socket_are_whole() -> None:
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for path, wanted in (
            ("/whole", b"\r\n\r\nok"),
            ("/empty", b"\r\n\r\n"),
            ("/stream", b"1\r\n0\r\n1\r\n1\r\n1\r\n2\r\n0\r\n\r\n"),
            ("/whole", b"\r\n\r\nok"),
        ):
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            answer = await asyncio.wait_for(reader.readuntil(wanted), 5)
            assert answer.startswith(b"HTTP/1.1 20")
        writer.write(b"GET /whole HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await asyncio.wait_for(reader.read(), 5)).endswith(b"\r\n\r\nok")
        writer.close()
