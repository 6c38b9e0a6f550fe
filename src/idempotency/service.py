"""Doing once what is asked twice: the first request holds its key, the others get its answer."""

from uuid import UUID

from uuid_utils.compat import uuid7

from src.database import Connection, sql
from src.idempotency.constants import HELD_SECONDS, KEPT_HOURS
from src.idempotency.exceptions import IdempotencyInProgress, IdempotencyKeyReused
from src.idempotency.schemas import AnswerSecret, Asked, KeptSecret
from src.security import Sealer, Unsealable, is_equal


@sql(
    """
    INSERT INTO idempotency (key, fingerprint, holder, held_until, expires_at)
    VALUES (%(key)s, %(fingerprint)s, %(holder)s,
            statement_timestamp() + %(held)s * interval '1 second',
            statement_timestamp() + %(kept)s * interval '1 hour')
        ON CONFLICT (key) DO UPDATE
       SET fingerprint = excluded.fingerprint, holder = excluded.holder,
           held_until = excluded.held_until, answer = NULL, expires_at = excluded.expires_at
     WHERE idempotency.expires_at <= statement_timestamp()
        OR (idempotency.answer IS NULL
            AND idempotency.held_until <= statement_timestamp()
            AND idempotency.fingerprint = excluded.fingerprint)
    """
)
async def _hold(
    conn: Connection, *, key: bytes, fingerprint: bytes, holder: UUID, held: float, kept: float
) -> int: ...


@sql("SELECT fingerprint, answer FROM idempotency WHERE key = %(key)s")
async def _find(conn: Connection, *, key: bytes) -> KeptSecret | None: ...


@sql(
    """
    UPDATE idempotency
       SET answer = %(answer)s
     WHERE key = %(key)s AND holder = %(holder)s
    """
)
async def _keep(conn: Connection, *, key: bytes, holder: UUID, answer: bytes) -> None: ...


@sql("DELETE FROM idempotency WHERE key = %(key)s AND holder = %(holder)s")
async def _let_go(conn: Connection, *, key: bytes, holder: UUID) -> None: ...


@sql(
    """
    DELETE FROM idempotency
     WHERE key IN (SELECT key
                     FROM idempotency
                    WHERE expires_at <= now()
                    ORDER BY expires_at, key
                    LIMIT 1000)
    """
)
async def purge(conn: Connection) -> int:
    """Forget some requests whose answers are kept no longer; returns how many."""
    ...


async def begin(conn: Connection, sealer: Sealer, asked: Asked) -> UUID | AnswerSecret:
    """Hold the key, and get who holds it; or get the answer that was given before.

    Raises IdempotencyKeyReused for a key that came with something else, and IdempotencyInProgress
    while another holds it.
    """
    holder = uuid7()
    held = await _hold(
        conn,
        key=asked.key,
        fingerprint=asked.fingerprint,
        holder=holder,
        held=HELD_SECONDS,
        kept=KEPT_HOURS,
    )
    if held:
        return holder
    kept = await _find(conn, key=asked.key)
    if kept is None:  # it has just been let go
        raise IdempotencyInProgress()
    if not is_equal(kept.fingerprint, asked.fingerprint):
        raise IdempotencyKeyReused()
    if kept.answer is None:
        raise IdempotencyInProgress()
    try:
        return AnswerSecret.unpacked(sealer.unseal(kept.answer, place=_place(asked)))
    except Unsealable as exc:  # the service has another key by now
        raise IdempotencyKeyReused() from exc


async def keep(
    conn: Connection, sealer: Sealer, asked: Asked, *, holder: UUID, answer: AnswerSecret
) -> None:
    """Keep the answer for those who ask again."""
    sealed = sealer.seal(answer.packed(), place=_place(asked))
    await _keep(conn, key=asked.key, holder=holder, answer=sealed)


async def let_go(conn: Connection, asked: Asked, *, holder: UUID) -> None:
    """Let the next who asks under this key be the first."""
    await _let_go(conn, key=asked.key, holder=holder)


def _place(asked: Asked) -> str:
    return f"idempotency.answer:{asked.key.hex()}"
