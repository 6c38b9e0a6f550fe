"""Sending what has been left, and giving up in the end. The worker's part of the service."""

import asyncio
import json
from secrets import SystemRandom

import jinja2

from src import logs
from src.database import Connection, sql
from src.notifications import rendering
from src.notifications.client import Clients
from src.notifications.constants import GIVE_UP_AFTER, SEND_TASK, Channel, State, Template
from src.notifications.exceptions import Refused, Undelivered
from src.notifications.schemas import Envelope, MessageId, Postponed, WaitingSecret
from src.notifications.service.writing import place
from src.security import Sealer, Unsealable

log = logs.get_logger("core_api.notifications")

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 3600.0
_random = SystemRandom()


@sql(
    """
    SELECT id, channel, template, recipient, locale, params, created_at
      FROM message
     WHERE id = %(message_id)s
       AND state = 'queued'
       AND attempts = %(attempt)s
       AND params IS NOT NULL
    """
)
async def _find(
    conn: Connection, *, message_id: MessageId, attempt: int
) -> WaitingSecret | None: ...


@sql(
    """
    UPDATE message
       SET state = 'sent',
           sent_at = now(),
           attempts = attempts + 1,
           last_error = NULL,
           params = CASE WHEN %(keeps_params)s::boolean THEN params END
     WHERE id = %(message_id)s
       AND state = 'queued'
    -- allow constraint(message_params_check)
    """
)
async def _mark_sent(conn: Connection, *, message_id: MessageId, keeps_params: bool) -> None: ...


@sql(
    """
    UPDATE message
       SET state = 'dead', attempts = attempts + 1, last_error = %(reason)s, params = NULL
     WHERE id = %(message_id)s
       AND state = 'queued'
    """
)
async def _give_up(conn: Connection, *, message_id: MessageId, reason: str) -> None: ...


@sql(
    """
    WITH failed AS (
        UPDATE message
           SET attempts = attempts + 1,
               last_error = %(reason)s,
               state = CASE WHEN created_at < now() - %(patience)s * interval '1 second'
                            THEN 'dead' ELSE 'queued' END,
               params = CASE WHEN created_at < now() - %(patience)s * interval '1 second'
                             THEN NULL ELSE params END,
               due_at = now() + %(wait)s * interval '1 second'
         WHERE id = %(message_id)s
           AND state = 'queued'
           AND attempts = %(attempt)s
        RETURNING id, state, attempts, due_at
    )
    SELECT state, attempts,
           CASE WHEN state = 'queued'
                THEN (procrastinate_defer_jobs_v1(ARRAY[
                         ROW('default', %(task)s::text, 0, NULL, NULL,
                             jsonb_build_object('message_id', id, 'attempt', attempts), due_at)
                         ::procrastinate_job_to_defer_v1]))[1] END AS next_job
      FROM failed
    -- What waits keeps its params, and what was sent is not touched.
    -- allow constraint(message_params_check, message_sent_at_check)
    """
)
async def _postpone(
    conn: Connection,
    *,
    message_id: MessageId,
    attempt: int,
    reason: str,
    patience: float,
    wait: float,
    task: str,
) -> Postponed | None: ...


async def deliver(
    conn: Connection, sealer: Sealer, clients: Clients, *, message_id: MessageId, attempt: int
) -> None:
    """Make one attempt at a message, and leave the job for the next one if it fails.

    `attempt` is how many there have been: a job that another has overtaken does nothing. A worker
    that dies before the outcome is kept leaves a message that is sent again.
    """
    waiting = await _find(conn, message_id=message_id, attempt=attempt)
    if waiting is None:
        return
    told = {"message": str(message_id), "template": waiting.template, "channel": waiting.channel}
    try:
        kept = await _hand_over(sealer, clients, waiting)
    except Refused as exc:
        await _give_up(conn, message_id=message_id, reason=exc.reason)
        log.error("message refused", reason=exc.reason, **told)
    except Undelivered as exc:
        left = await _postpone(
            conn,
            message_id=message_id,
            attempt=attempt,
            reason=exc.reason,
            patience=GIVE_UP_AFTER[waiting.channel].total_seconds(),
            wait=wait_after(attempt),
            task=SEND_TASK,
        )
        if left is not None and left.state is State.DEAD:
            log.error("message given up", reason=exc.reason, attempts=left.attempts, **told)
        else:
            log.warning("message not sent yet", reason=exc.reason, attempt=attempt + 1, **told)
    else:
        await _mark_sent(conn, message_id=message_id, keeps_params=kept)
        log.info("message kept in the outbox" if kept else "message sent", **told)


async def _hand_over(sealer: Sealer, clients: Clients, waiting: WaitingSecret) -> bool:
    """Send a message; returns whether it has only been left in the outbox.

    Raises Undelivered and Refused.
    """
    client = clients.mail if waiting.channel is Channel.MAIL else clients.sms
    if client is None:
        if clients.has_outbox:
            return True
        raise Undelivered(f"{waiting.channel} is not set up")
    try:
        opened = sealer.unseal(waiting.params, place=place(waiting.id))
    except Unsealable as exc:
        raise Refused("sealed by another key") from exc
    try:
        rendered = await asyncio.to_thread(
            rendering.render,
            Template(waiting.template),
            waiting.locale,
            json.loads(opened),
            service=clients.service,
            at=waiting.created_at,
        )
    except (ValueError, KeyError, OSError, jinja2.TemplateError) as exc:
        # Of a newer release, perhaps, whose worker will come.
        raise Undelivered(f"not rendered: {type(exc).__name__}") from exc
    await client.send(
        Envelope(
            id=waiting.id,
            recipient=waiting.recipient,
            created_at=waiting.created_at,
            rendered=rendered,
        )
    )
    return False


def wait_after(attempt: int) -> float:
    """Seconds until the next try: a second, doubled each time up to an hour, less up to a half.

    What failed together does not come back together.
    """
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(attempt, 20))
    return _random.uniform(longest / 2, longest)
