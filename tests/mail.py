"""What has been written to people: reading it in a test, links and codes included; sending it."""

import json
from dataclasses import dataclass

from src.database import Connection, sql
from src.notifications import service
from src.notifications.client import Clients
from src.notifications.constants import Channel, State, Template
from src.notifications.schemas import MessageId
from src.notifications.service.writing import place
from tests import factories


@dataclass(slots=True)
class _SealedSecret:
    id: MessageId
    channel: Channel
    template: str
    recipient: str
    locale: str
    state: State
    attempts: int
    params: bytes | None


@dataclass(frozen=True)
class Message:
    """A mail or an SMS; `params` are empty once it has been sent for good."""

    id: MessageId
    channel: Channel
    template: Template
    to: str
    locale: str
    state: State
    attempts: int
    params: dict[str, str]


@sql(
    """
    SELECT id, channel, template, recipient, locale, state, attempts, params
      FROM message
     ORDER BY id
    -- allow scan
    """
)
async def _list(conn: Connection) -> list[_SealedSecret]: ...


async def messages(
    conn: Connection, *, to: str | None = None, template: Template | None = None
) -> list[Message]:
    """What was written on this connection, oldest first; only to `to`, only of `template`."""
    found = [
        Message(
            id=row.id,
            channel=row.channel,
            template=Template(row.template),
            to=row.recipient,
            locale=row.locale,
            state=row.state,
            attempts=row.attempts,
            params=_opened(row),
        )
        for row in await _list(conn)
    ]
    return [
        message
        for message in found
        if to in {None, message.to} and template in {None, message.template}
    ]


async def last(
    conn: Connection, *, to: str | None = None, template: Template | None = None
) -> Message:
    """The newest of them. There must be one."""
    found = await messages(conn, to=to, template=template)
    assert found, "nothing was written"
    return found[-1]


def _opened(row: _SealedSecret) -> dict[str, str]:
    if row.params is None:
        return {}
    opened = factories.SEALER.unseal(row.params, place=place(row.id))
    return dict(json.loads(opened))


async def send_all(conn: Connection, clients: Clients) -> None:
    """What the worker would do now: one attempt at everything that waits."""
    for message in await messages(conn):
        await service.deliver(
            conn,
            factories.SEALER,
            clients,
            message_id=message.id,
            attempt=message.attempts,
        )
