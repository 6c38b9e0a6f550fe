"""What becomes of messages: what waits, what is lost, what is old, and what `local` can look at."""

import asyncio
import json
from datetime import UTC, datetime
from uuid import UUID

import jinja2

from src.database import Connection, sql
from src.notifications import rendering
from src.notifications.constants import KEPT_DAYS, LOST_AFTER, SEND_TASK, Template
from src.notifications.schemas import Backlog, KeptSecret, OutboxMessage
from src.notifications.service.writing import place
from src.pagination import PageRequest
from src.schemas import Page
from src.security import Sealer, Unsealable


@sql(
    """
    SELECT count(*) FILTER (WHERE state = 'queued') AS queued,
           coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE state = 'queued')),
                    0)::float8 AS oldest_seconds,
           count(*) FILTER (WHERE state = 'dead') AS dead
      FROM message
     WHERE state <> 'sent'
    """
)
async def count_unsent(conn: Connection) -> Backlog:
    """What waits to be sent, and what was given up and is not forgotten yet."""
    ...


@sql(
    """
    WITH lost AS (
        SELECT id
          FROM message
         WHERE state = 'queued'
           AND due_at < now() - %(seconds)s * interval '1 second'
         ORDER BY due_at, id
         LIMIT 1000
           FOR UPDATE SKIP LOCKED
    ), renewed AS (
        UPDATE message
           SET due_at = now()
          FROM lost
         WHERE message.id = lost.id
        RETURNING message.id, message.attempts
    )
    SELECT (procrastinate_defer_jobs_v1(ARRAY[
               ROW('default', %(task)s::text, 0, NULL, NULL,
                   jsonb_build_object('message_id', id, 'attempt', attempts), NULL)
               ::procrastinate_job_to_defer_v1]))[1] AS job_id
      FROM renewed
    -- not null: job_id
    """
)
async def _queue_lost(conn: Connection, *, seconds: float, task: str) -> list[int]: ...


async def queue_lost(conn: Connection) -> int:
    """Make jobs for messages that are long due: theirs are gone. Returns how many, up to 1000."""
    made = await _queue_lost(conn, seconds=LOST_AFTER.total_seconds(), task=SEND_TASK)
    return len(made)


@sql(
    """
    WITH old AS (
        SELECT id
          FROM message
         WHERE created_at < now() - %(days)s * interval '1 day'
           AND state <> 'queued'
         ORDER BY created_at, id
         LIMIT 1000
           FOR UPDATE SKIP LOCKED
    )
    DELETE FROM message
     USING old
     WHERE message.id = old.id
    """
)
async def _purge(conn: Connection, *, days: int) -> int: ...


async def purge(conn: Connection) -> int:
    """Forget some that were sent or given up a month ago; returns how many."""
    return await _purge(conn, days=KEPT_DAYS)


@sql(
    """
    SELECT id, channel, template, recipient, locale, params, state, attempts, last_error,
           created_at, sent_at
      FROM message
     WHERE params IS NOT NULL
       AND (created_at, id) < (%(after_at)s, %(after_id)s)  -- if after_at
     ORDER BY created_at DESC, id DESC
     LIMIT %(limit)s + 1
    -- In `local`, where messages keep their params.
    -- allow scan
    """
)
async def _list_kept(
    conn: Connection, *, after_at: datetime | None, after_id: UUID | None, limit: int
) -> list[KeptSecret]: ...


async def list_outbox(
    conn: Connection, sealer: Sealer, *, page: PageRequest, service: str
) -> Page[OutboxMessage]:
    """Messages as their readers see them, newest first: secrets and all. For `local` and `test`.

    What cannot be read any more is left out: a page may be short. Raises InvalidCursor.
    """
    after = page.place()
    rows = await _list_kept(
        conn,
        after_at=after.at if after else None,
        after_id=after.id if after else None,
        limit=page.limit,
    )
    shown = rows[: page.limit]
    items = await asyncio.to_thread(_read, sealer, shown, service)
    cursor = None
    if len(rows) > len(shown):
        last = shown[-1]
        cursor = f"{last.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}_{last.id}"
    return Page(items=items, next_cursor=cursor)


def _read(sealer: Sealer, rows: list[KeptSecret], service: str) -> list[OutboxMessage]:
    items = []
    for row in rows:
        try:
            params = json.loads(sealer.unseal(row.params, place=place(row.id)))
            words = rendering.render(
                Template(row.template), row.locale, params, service=service, at=row.created_at
            )
        except (Unsealable, ValueError, KeyError, OSError, jinja2.TemplateError):
            continue
        items.append(
            OutboxMessage(
                id=row.id,
                channel=row.channel,
                template=row.template,
                to=row.recipient,
                language=words.language,
                subject=words.subject,
                text=words.text,
                html=words.html,
                link=params.get("link"),
                code=params.get("code"),
                state=row.state,
                attempts=row.attempts,
                last_error=row.last_error,
                created_at=row.created_at,
                sent_at=row.sent_at,
            )
        )
    return items
