"""Leaving messages to people, in the caller's transaction."""

import json
from collections.abc import Mapping
from uuid import UUID

from uuid_utils.compat import uuid7

from src.database import Connection, sql
from src.notifications.constants import NEEDS, SEND_TASK, Channel, Template
from src.notifications.schemas import MessageId
from src.security import Sealer


@sql(
    """
    WITH written AS (
        INSERT INTO message (id, channel, template, recipient, locale, params, account_id)
        VALUES (%(message_id)s, %(channel)s, %(template)s, %(recipient)s, %(locale)s, %(params)s,
                %(user_id)s)
        RETURNING id
    )
    SELECT (procrastinate_defer_jobs_v1(ARRAY[
               ROW('default', %(task)s::text, 0, NULL, NULL,
                   jsonb_build_object('message_id', id, 'attempt', 0), NULL)
               ::procrastinate_job_to_defer_v1]))[1] AS job_id
      FROM written
    -- not null: job_id
    -- A user has just been seen; the id is new.
    -- allow constraint(message_account_id_fkey, message_pkey, message_params_check)
    """
)
async def _write(
    conn: Connection,
    *,
    message_id: MessageId,
    channel: Channel,
    template: Template,
    recipient: str,
    locale: str,
    params: bytes,
    user_id: UUID | None,
    task: str,
) -> int: ...


async def send_mail(
    conn: Connection,
    sealer: Sealer,
    *,
    template: Template,
    to: str,
    locale: str,
    params: Mapping[str, str],
    user_id: UUID | None = None,
) -> MessageId:
    """Leave a mail to be sent once the caller's transaction is kept.

    `locale` is a language tag (`fr-CA`); without words in that language it is written in English.
    `params` are those that the template needs; a link or a code is safe there. The message goes
    with the account of `user_id`: to tell somebody that theirs is erased, leave it out.
    """
    return await _send(conn, sealer, Channel.MAIL, template, to, locale, params, user_id)


async def send_sms(
    conn: Connection,
    sealer: Sealer,
    *,
    template: Template,
    to: str,
    locale: str,
    params: Mapping[str, str],
    user_id: UUID | None = None,
) -> MessageId:
    """Leave an SMS to be sent, as `send_mail` does. `to` is a number in E.164: `+4915112345678`."""
    return await _send(conn, sealer, Channel.SMS, template, to, locale, params, user_id)


async def _send(
    conn: Connection,
    sealer: Sealer,
    channel: Channel,
    template: Template,
    to: str,
    locale: str,
    params: Mapping[str, str],
    user_id: UUID | None,
) -> MessageId:
    _check(channel, template, params)
    message_id = MessageId(uuid7())
    await _write(
        conn,
        message_id=message_id,
        channel=channel,
        template=template,
        recipient=to,
        locale=locale,
        params=sealer.seal(json.dumps(dict(params)).encode(), place=place(message_id)),
        user_id=user_id,
        task=SEND_TASK,
    )
    return message_id


def _check(channel: Channel, template: Template, params: Mapping[str, str]) -> None:
    """What the worker would stumble over is the caller's mistake, and said at once."""
    needs = NEEDS[template]
    if needs.channel is not channel:
        raise ValueError(f"{template} goes by {needs.channel}, not by {channel}")
    missing, unknown = needs.params - set(params), set(params) - needs.params - needs.optional
    if missing or unknown:
        raise ValueError(f"{template} lacks {sorted(missing)} and knows no {sorted(unknown)}")


def place(message_id: MessageId) -> str:
    """Where the params of a message are sealed for."""
    return f"message.params:{message_id}"
