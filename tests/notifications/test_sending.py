"""What the worker does with a message: through a real SMTP server, and a gateway for SMS."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from src.config import Settings
from src.constants import Environment
from src.database import Transaction
from src.notifications import service
from src.notifications.client import Clients, open_clients
from src.notifications.constants import SEND_TASK, State
from src.notifications.exceptions import Undelivered
from src.notifications.schemas import Envelope
from src.notifications.service.sending import wait_after
from src.security import Sealer
from tests import mail
from tests.conftest import Execute
from tests.notifications.sending import (
    CODE,
    LINK,
    attempt,
    clients_of,
    mailing,
    mute,
    state_of,
    write,
)
from tests.smtp import Mailbox, body, mailbox

PUBLIC = {
    "environment": Environment.STAGING,
    "secrets": {"secret_key": "b6Wc0Zr1uTq9XkGm3NfVyLhDsEaJp7oI5tMxKvHw"},
}


@pytest.fixture(name="box")
async def _box() -> AsyncIterator[Mailbox]:
    async with mailbox() as box:
        yield box


async def test_a_mail_arrives_with_link_and_code_in_text_and_html(
    conn: Transaction, execute: Execute, url: str, box: Mailbox
) -> None:
    message_id = await write(conn, locale="fr-CA")

    async with clients_of(url, mailing=mailing(box.port)) as clients:
        await attempt(conn, clients, message_id, 0)

    [arrived] = box.mails
    assert box.recipients == ["ann@example.org"]
    assert arrived["Message-ID"] == f"<{message_id}@core.example.org>"
    assert arrived["From"] == "Birds <no-reply@core.example.org>"
    assert arrived["Subject"] == "Confirmez votre adresse e-mail"
    assert arrived["Content-Language"] == "fr"
    assert arrived["Auto-Submitted"] == "auto-generated"
    for kind in ("plain", "html"):
        assert LINK in body(arrived, kind)
        assert CODE in body(arrived, kind)
    assert await state_of(execute) == ("sent", 1, None, False)


async def test_what_was_sent_is_not_sent_again(conn: Transaction, url: str, box: Mailbox) -> None:
    message_id = await write(conn)

    async with clients_of(url, mailing=mailing(box.port)) as clients:
        for number in (0, 0, 1):
            await attempt(conn, clients, message_id, number)

    assert len(box.mails) == 1


async def test_a_worker_that_died_before_it_said_so_sends_the_same_message_id(
    conn: Transaction, execute: Execute, url: str, box: Mailbox
) -> None:
    message_id = await write(conn)
    [before] = await execute("SELECT params FROM message")

    async with clients_of(url, mailing=mailing(box.port)) as clients:
        await attempt(conn, clients, message_id, 0)
        await execute(
            "UPDATE message SET state = 'queued', sent_at = NULL, attempts = 0,"
            " params = %(params)s",
            params=before[0],
        )
        await attempt(conn, clients, message_id, 0)

    first, second = box.mails
    assert first["Message-ID"] == second["Message-ID"]


async def test_a_server_that_is_down_is_tried_again_by_another_job(
    conn: Transaction, execute: Execute, url: str, box: Mailbox
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    message_id = await write(conn)

    async with clients_of(url, mailing=mailing(port)) as clients:
        await attempt(conn, clients, message_id, 0)
    async with clients_of(url, mailing=mailing(box.port)) as clients:
        # The first job comes back from the dead: the second one has taken over.
        await attempt(conn, clients, message_id, 0)

    assert box.mails == []
    state, attempts, error, has_params = await state_of(execute)
    assert (state, attempts, has_params) == ("queued", 1, True)
    assert error is not None
    assert error.startswith("smtp: ")
    jobs = await execute(
        "SELECT args, scheduled_at > now(), scheduled_at <= now() + interval '1 second'"
        " FROM procrastinate_jobs WHERE task_name = %(name)s ORDER BY id OFFSET 1",
        name=SEND_TASK,
    )
    assert jobs == [({"message_id": str(message_id), "attempt": 1}, True, True)]


async def test_a_job_that_is_overtaken_while_it_tries_leaves_no_other_behind(
    conn: Transaction, execute: Execute
) -> None:
    message_id = await write(conn)

    class Overtaken:
        """Takes nothing, and meanwhile another worker has tried too."""

        def __init__(self, between: Clients | None) -> None:
            self._between = between

        async def send(self, envelope: Envelope) -> None:
            if self._between is not None:
                await attempt(conn, self._between, message_id, 0)
            raise Undelivered("not now")

    def through(way_out: Overtaken) -> Clients:
        return Clients(service="Birds", mail=way_out, sms=None, has_outbox=False)

    await attempt(conn, through(Overtaken(through(Overtaken(None)))), message_id, 0)

    assert await state_of(execute) == ("queued", 1, "not now", True)
    jobs = await execute(
        "SELECT args FROM procrastinate_jobs WHERE task_name = %(name)s ORDER BY id OFFSET 1",
        name=SEND_TASK,
    )
    assert jobs == [({"message_id": str(message_id), "attempt": 1},)]


@pytest.mark.parametrize("answer", ["421 4.3.2 busy", "450 4.2.1 try later", "452 4.3.1 full"])
@pytest.mark.parametrize("stage", ["to_recipient", "to_content"])
async def test_a_mail_that_is_put_off_waits(
    conn: Transaction, execute: Execute, url: str, box: Mailbox, answer: str, stage: str
) -> None:
    message_id = await write(conn)
    setattr(box, stage, answer)

    async with clients_of(url, mailing=mailing(box.port)) as clients:
        await attempt(conn, clients, message_id, 0)
        assert (await state_of(execute))[0] == "queued"
        setattr(box, stage, None)
        await attempt(conn, clients, message_id, 1)

    assert await state_of(execute) == ("sent", 2, None, False)


@pytest.mark.parametrize("stage", ["to_recipient", "to_content"])
async def test_what_is_refused_for_good_is_dead_at_once(
    conn: Transaction, execute: Execute, url: str, box: Mailbox, stage: str
) -> None:
    message_id = await write(conn)
    setattr(box, stage, f"550 5.1.1 no such user, and what of {CODE}")

    async with clients_of(url, mailing=mailing(box.port)) as clients:
        await attempt(conn, clients, message_id, 0)

    word = {"to_recipient": "recipient", "to_content": "content"}[stage]
    assert await state_of(execute) == ("dead", 1, f"smtp: 550 for the {word}", False)
    assert await execute("SELECT count(*) FROM procrastinate_jobs") == [(1,)]


@pytest.mark.parametrize("address", ["ann", "a\r\nBcc: bob@example.org", "@", "ann@example.org>"])
async def test_what_is_no_address_is_dead_at_once(
    conn: Transaction, execute: Execute, url: str, box: Mailbox, address: str
) -> None:
    message_id = await write(conn, to=address)

    async with clients_of(url, mailing=mailing(box.port)) as clients:
        await attempt(conn, clients, message_id, 0)

    assert await state_of(execute) == ("dead", 1, "invalid address", False)
    assert box.mails == []


@pytest.mark.parametrize(("hours", "state"), [(23.9, State.QUEUED), (24.1, State.DEAD)])
async def test_a_mail_is_given_up_after_a_day(
    conn: Transaction, execute: Execute, url: str, box: Mailbox, hours: float, state: State
) -> None:
    message_id = await write(conn)
    await execute(
        "UPDATE message SET created_at = now() - %(hours)s * interval '1 hour'", hours=hours
    )
    box.to_recipient = "450 4.2.1 try later"

    async with clients_of(url, mailing=mailing(box.port)) as clients:
        await attempt(conn, clients, message_id, 0)

    [left] = await mail.messages(conn)
    assert left.state is state
    assert bool(left.params) is (state is State.QUEUED)


async def test_a_server_that_says_nothing_is_waited_for_no_longer_than_said(
    conn: Transaction, execute: Execute, url: str
) -> None:
    message_id = await write(conn)

    async with mute() as (port, _), clients_of(url, mailing=mailing(port, timeout=0.2)) as clients:
        async with asyncio.timeout(10):
            await attempt(conn, clients, message_id, 0)

    state, attempts, error, _ = await state_of(execute)
    assert (state, attempts) == ("queued", 1)
    assert "Timeout" in str(error)


async def test_a_server_that_hangs_up_after_the_last_word_has_taken_nothing(
    conn: Transaction, execute: Execute, url: str
) -> None:
    message_id = await write(conn)

    async with (
        mute(after=b".\r\n") as (port, heard),
        clients_of(url, mailing=mailing(port)) as clients,
    ):
        await attempt(conn, clients, message_id, 0)

    assert b".\r\n" in heard
    assert (await state_of(execute))[:2] == ("queued", 1)


async def test_a_password_is_not_told_to_a_server_without_tls(
    conn: Transaction, execute: Execute, url: str
) -> None:
    message_id = await write(conn)
    signed = {"username": "core", "password": SecretStr("kept for the server")}

    async with (
        mute(after=b"QUIT\r\n", offers=b"AUTH PLAIN LOGIN") as (port, heard),
        clients_of(url, mailing=mailing(port, **signed)) as clients,
    ):
        await attempt(conn, clients, message_id, 0)

    assert any(line.startswith(b"EHLO") for line in heard)
    assert not any(line.startswith((b"AUTH", b"MAIL", b"DATA")) for line in heard)
    assert (await state_of(execute))[:2] == ("queued", 1)


async def test_outside_local_nothing_is_taken_for_sent_that_has_no_way_out(
    conn: Transaction, execute: Execute, url: str
) -> None:
    message_id, _ = await write(conn), await execute("SELECT 1")

    async with clients_of(url, **PUBLIC) as clients:
        await attempt(conn, clients, message_id, 0)

    assert await state_of(execute) == ("queued", 1, "mail is not set up", True)


async def test_what_another_key_has_sealed_is_given_up(
    conn: Transaction, execute: Execute, url: str, box: Mailbox
) -> None:
    message_id = await write(conn)

    async with clients_of(url, mailing=mailing(box.port)) as clients:
        await service.deliver(
            conn, Sealer(b"another key"), clients, message_id=message_id, attempt=0
        )

    assert await state_of(execute) == ("dead", 1, "sealed by another key", False)


async def test_a_template_of_a_newer_release_waits_for_its_worker(
    conn: Transaction, execute: Execute, url: str, box: Mailbox
) -> None:
    message_id = await write(conn)
    await execute("UPDATE message SET template = 'of_tomorrow'")

    async with clients_of(url, mailing=mailing(box.port)) as clients:
        await attempt(conn, clients, message_id, 0)

    assert await state_of(execute) == ("queued", 1, "not rendered: ValueError", True)


def test_the_waits_double_from_a_second_to_an_hour_and_differ() -> None:
    for number, longest in (
        (0, 1.0),
        (1, 2.0),
        (5, 32.0),
        (11, 2048.0),
        (12, 3600.0),
        (99, 3600.0),
    ):
        waits = [wait_after(number) for _ in range(50)]
        assert all(longest / 2 <= wait <= longest for wait in waits)
        assert len(set(waits)) > 10


async def test_a_message_whose_job_is_gone_gets_another(
    conn: Transaction, execute: Execute
) -> None:
    lost, _ = await write(conn), await write(conn, to="bob@example.org")
    await execute("DELETE FROM procrastinate_jobs")
    await execute(
        "UPDATE message SET due_at = now() - interval '61 minutes', attempts = 3"
        " WHERE id = %(lost)s",
        lost=lost,
    )

    assert [await service.queue_lost(conn), await service.queue_lost(conn)] == [1, 0]
    jobs = await execute("SELECT args FROM procrastinate_jobs")
    assert jobs == [({"message_id": str(lost), "attempt": 3},)]


async def test_what_is_over_is_forgotten_after_a_month(
    conn: Transaction, execute: Execute, settings: Settings
) -> None:
    old, new = await write(conn), await write(conn, to="bob@example.org")
    waiting = await write(conn, to="cy@example.org")
    async with open_clients(settings) as clients:
        for message_id in (old, new):
            await attempt(conn, clients, message_id, 0)
    await execute(
        "UPDATE message SET created_at = now() - interval '31 days' WHERE id <> %(new)s", new=new
    )

    assert await service.purge(conn) == 1
    assert {message.id for message in await mail.messages(conn)} == {new, waiting}
