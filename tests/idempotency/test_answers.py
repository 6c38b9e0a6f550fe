"""Which answers are kept, and how they are sent; below the routes."""

from uuid import UUID

import pytest
from starlette.types import Message

from src.database import Connection
from src.idempotency import service
from src.idempotency.constants import ANSWER_MAX
from src.idempotency.middleware import Recording
from src.idempotency.schemas import AnswerSecret, Asked
from tests import factories
from tests.conftest import Execute

ASKED = Asked(key=b"k" * 32, fingerprint=b"f" * 32)


async def answered(conn: Connection, *messages: Message) -> list[Message]:
    """What is sent of an answer to a request that holds its key."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    holder = await service.begin(conn, factories.SEALER, ASKED)
    assert isinstance(holder, UUID)
    recording = Recording(send, conn, factories.SEALER, ASKED, holder)
    for message in messages:
        await recording(message)
    await recording.give_up()
    return sent


def start(status: int, *headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(text: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": text, "more_body": more}


@pytest.mark.parametrize("status", [200, 201, 202, 204, 303, 400, 404, 409, 412, 422])
async def test_an_answer_is_kept(conn: Connection, status: int) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"content-length", b"4"),
        (b"retry-after", b"1"),
    ]
    messages = [start(status, *headers), body(b"tr", more=True), body(b"ue")]

    assert await answered(conn, *messages) == messages
    kept = await service.begin(conn, factories.SEALER, ASKED)
    assert kept == AnswerSecret(status, tuple(headers[:3]), b"true")


@pytest.mark.parametrize("status", [401, 403, 408, 425, 429, 500, 502, 503])
async def test_an_answer_of_the_moment_is_not_kept(
    conn: Connection, execute: Execute, status: int
) -> None:
    messages = [start(status), body(b"")]

    assert await answered(conn, *messages) == messages
    assert await execute("SELECT key FROM idempotency") == []


async def test_a_long_answer_is_sent_as_it_comes_and_not_kept(
    conn: Connection, execute: Execute
) -> None:
    messages = [start(200), body(b"x" * ANSWER_MAX, more=True), body(b"x", more=True), body(b"x")]

    assert await answered(conn, *messages) == messages
    assert await execute("SELECT key FROM idempotency") == []


async def test_a_request_without_an_answer_lets_its_key_go(
    conn: Connection, execute: Execute
) -> None:
    assert await answered(conn) == []
    assert await execute("SELECT key FROM idempotency") == []


async def test_an_answer_that_cannot_be_kept_is_sent(conn: Connection, execute: Execute) -> None:
    """A holder that was taken for dead keeps nothing over its successor."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    slow = await service.begin(conn, factories.SEALER, ASKED)
    assert isinstance(slow, UUID)
    await execute("UPDATE idempotency SET held_until = now() - interval '1 second'")
    holder = await service.begin(conn, factories.SEALER, ASKED)
    assert isinstance(holder, UUID)
    recording = Recording(send, conn, factories.SEALER, ASKED, slow)
    for message in (start(200), body(b"late")):
        await recording(message)

    assert [message.get("body") for message in sent] == [None, b"late"]
    assert await execute("SELECT holder, answer FROM idempotency") == [(holder, None)]


def test_an_answer_is_unpacked_as_it_was_packed() -> None:
    answer = AnswerSecret(201, ((b"set-cookie", b"a=\xe9"), (b"etag", b'"1"')), b'{"a":\n"b"}\n')

    assert AnswerSecret.unpacked(answer.packed()) == answer
