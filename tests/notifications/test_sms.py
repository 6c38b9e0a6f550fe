"""SMS through a gateway that speaks as Twilio does."""

import base64

import pytest

from src.database import Transaction
from src.notifications import service
from src.notifications.constants import Template
from src.notifications.schemas import MessageId
from tests import factories
from tests.conftest import Execute
from tests.notifications.sending import CODE, Gateway, attempt, state_of, through


async def write_sms(conn: Transaction) -> MessageId:
    return await service.send_sms(
        conn,
        factories.SEALER,
        template=Template.PHONE_CODE,
        to="+4915112345678",
        locale="el",
        params={"code": CODE},
    )


async def test_an_sms_goes_to_the_gateway(conn: Transaction, execute: Execute) -> None:
    gateway, message_id = Gateway(), await write_sms(conn)

    async with through(gateway) as clients:
        await attempt(conn, clients, message_id, 0)

    [sent] = gateway.sent
    assert (sent["To"], sent["From"]) == ("+4915112345678", "+15005550006")
    assert CODE in sent["Body"]
    assert "κωδικός" in sent["Body"]
    kind, _, secret = gateway.authorisation.partition(" ")
    assert (kind, base64.b64decode(secret)) == ("Basic", b"AC7:kept for the gateway")
    assert await state_of(execute) == ("sent", 1, None, False)


@pytest.mark.parametrize(
    ("status", "code", "state", "error"),
    [
        (400, 21211, "dead", "sms: 400, code 21211"),
        (400, 21610, "dead", "sms: 400, code 21610"),
        (400, 21606, "queued", "sms: 400, code 21606"),
        (401, 20003, "queued", "sms: 401, code 20003"),
        (429, 20429, "queued", "sms: 429, code 20429"),
        (503, None, "queued", "sms: 503, code None"),
        (302, None, "queued", "sms: 302, code None"),
    ],
)
async def test_what_the_gateway_refuses_about_the_number_is_dead_and_else_waits(
    conn: Transaction, execute: Execute, status: int, code: int | None, state: str, error: str
) -> None:
    gateway, message_id = Gateway(), await write_sms(conn)
    gateway.status, gateway.code = status, code

    async with through(gateway) as clients:
        await attempt(conn, clients, message_id, 0)

    assert (await state_of(execute))[:3] == (state, 1, error)


async def test_an_sms_is_given_up_once_its_code_is_dead(
    conn: Transaction, execute: Execute
) -> None:
    gateway, message_id = Gateway(), await write_sms(conn)
    gateway.status = 503
    await execute("UPDATE message SET created_at = now() - interval '11 minutes'")

    async with through(gateway) as clients:
        await attempt(conn, clients, message_id, 0)

    assert (await state_of(execute))[0] == "dead"
