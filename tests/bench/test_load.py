"""The load generator against a small server that notes what it gets."""

import asyncio
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from bench import load
from bench.load import TOKEN_MARK, UUID_MARK, Plan
from bench.service import request

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}")

Answer = Callable[[str, bytes], tuple[int, list[bytes]]]


@contextmanager
def serving(answer: Answer) -> Iterator[int]:
    """A server on a loopback port: `answer` gets path and body, gives status and chunks."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        message = await receive()
        status, chunks = answer(scope["path"], message.get("body", b""))
        length = (b"content-length", str(len(chunks[0])).encode())
        headers = [length] if len(chunks) == 1 else list[tuple[bytes, bytes]]()
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b""})

    config = uvicorn.Config(app, port=0, lifespan="off", log_level="error", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            threading.Event().wait(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def plan(port: int, *requests: str, connections: int = 4, tokens: Sequence[str] = ()) -> Plan:
    return Plan(
        port=port,
        requests=list(requests),
        expected=200,
        connections=connections,
        seconds=0.3,
        warmup=0.1,
        tokens=list(tokens),
    )


def test_it_counts_answers_and_keeps_the_first() -> None:
    with serving(lambda path, _: (200, [path.encode()])) as port:
        window = load.run(plan(port, request("GET", "/one"), request("GET", "/two")))

    assert window.answers > 10
    assert window.statuses == {"200": window.answers}
    assert window.first == "/one"
    assert 0 < window.p50 <= window.p99
    assert window.rate == pytest.approx(window.answers / window.seconds)


def test_a_status_that_is_not_expected_is_no_answer() -> None:
    numbers = iter(range(1_000_000))

    def answer(_: str, __: bytes) -> tuple[int, list[bytes]]:
        return (503 if next(numbers) % 2 else 200), [b"{}"]

    with serving(answer) as port:
        window = load.run(plan(port, request("GET", "/")))

    assert window.statuses["503"] > 5
    assert abs(window.statuses["503"] - window.answers) < 10


def test_each_request_has_ids_of_its_own() -> None:
    paths: list[str] = []

    def answer(path: str, body: bytes) -> tuple[int, list[bytes]]:
        paths.append(path)
        return 200, [body]

    with serving(answer) as port:
        load.run(plan(port, request("PUT", f"/{UUID_MARK}/{UUID_MARK}", body={"a": 1})))

    ids = [found for path in paths for found in UUID.findall(path)]
    assert len(ids) == 2 * len(paths) == len(set(ids))


def test_each_connection_sends_the_token_that_it_got_last() -> None:
    sent: list[str] = []

    def answer(_: str, body: bytes) -> tuple[int, list[bytes]]:
        name, number = body.decode().split(":")
        sent.append(body.decode())
        return 200, [f'{{"refresh_token": "{name}:{int(number) + 1:05}"}}'.encode()]

    text = request("POST", "/").replace("Accept", "Content-Length: 7\r\nAccept") + TOKEN_MARK
    with serving(answer) as port:
        first = ["a:00000", "b:00000"]
        window = load.run(plan(port, text, connections=2, tokens=first))

    for name, last in zip("ab", window.tokens, strict=True):
        own = [text for text in sent if text[0] == name]
        assert own == [f"{name}:{number:05}" for number in range(len(own))]
        assert last == f"{name}:{len(own):05}"


def test_an_answer_in_chunks_is_read_to_its_end() -> None:
    with serving(lambda _, __: (200, [b"one ", b"two"])) as port:
        window = load.run(plan(port, request("GET", "/")))

    assert window.statuses == {"200": window.answers}
    assert "two" in window.first


def test_a_connection_that_is_closed_is_counted() -> None:
    text = request("GET", "/").replace("Accept", "Connection: close\r\nAccept")
    with serving(lambda _, __: (200, [b"{}"])) as port:
        window = load.run(plan(port, text, connections=3))

    assert window.statuses["lost"] == 3
