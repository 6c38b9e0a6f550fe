"""Every value that the database keeps sealed, and sealing it anew under the current key.

`SEALED` lists the columns; `HASHED` those of bytes whose name does not say that they are hashes;
`PLAIN` those that hold no secret. A test finds any other column of bytes. A value's place is
`table.column:id`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from src.audit import service as audit_service
from src.audit.constants import Action
from src.database import Connection, Pools, Transaction, sql
from src.management.schemas import SealedSecret
from src.security import Sealer, Unsealable

_BATCH = 200
_ROUNDS = 20
_PAUSE_SECONDS = 0.5
"""Rows that somebody else holds are passed over, and looked at again after a while."""


class Count(Protocol):
    """Counts values that another key has sealed."""

    def __call__(self, conn: Connection, *, key_id: bytes) -> Awaitable[int]: ...


class Stale(Protocol):
    """Finds values that another key has sealed, from an id on, and holds their rows."""

    def __call__(
        self, conn: Transaction, *, after: str | None, key_id: bytes, limit: int
    ) -> Awaitable[list[SealedSecret]]: ...


class Store(Protocol):
    """Writes values back."""

    def __call__(
        self, conn: Transaction, *, ids: list[str], sealed: list[bytes]
    ) -> Awaitable[int]: ...


@sql(
    """
    SELECT count(*)
      FROM session
     WHERE substring(refresh_key FROM 1 FOR 4) <> %(key_id)s
    -- The table is walked by its key.
    -- allow scan
    """
)
async def _count_sessions(conn: Connection, *, key_id: bytes) -> int: ...


@sql(
    """
    SELECT id::text AS id, refresh_key AS sealed
      FROM session
     WHERE substring(refresh_key FROM 1 FOR 4) <> %(key_id)s
       AND id > %(after)s::text::uuid  -- if after
     ORDER BY session.id
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
    -- The table is walked by its key.
    -- allow scan
    """
)
async def _stale_sessions(
    conn: Transaction, *, after: str | None, key_id: bytes, limit: int
) -> list[SealedSecret]: ...


@sql(
    """
    UPDATE session
       SET refresh_key = fresh.sealed
      FROM unnest(%(ids)s::text[], %(sealed)s::bytea[]) AS fresh (id, sealed)
     WHERE session.id = fresh.id::uuid
    """
)
async def _store_sessions(conn: Transaction, *, ids: list[str], sealed: list[bytes]) -> int: ...


@sql(
    """
    SELECT count(*)
      FROM signing_key
     WHERE substring(private_key FROM 1 FOR 4) <> %(key_id)s
    -- A handful of rows.
    -- allow scan
    """
)
async def _count_signing_keys(conn: Connection, *, key_id: bytes) -> int: ...


@sql(
    """
    SELECT kid AS id, private_key AS sealed
      FROM signing_key
     WHERE substring(private_key FROM 1 FOR 4) <> %(key_id)s
       AND kid > %(after)s  -- if after
     ORDER BY kid
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
    -- A handful of rows.
    -- allow scan
    """
)
async def _stale_signing_keys(
    conn: Transaction, *, after: str | None, key_id: bytes, limit: int
) -> list[SealedSecret]: ...


@sql(
    """
    UPDATE signing_key
       SET private_key = fresh.sealed
      FROM unnest(%(ids)s::text[], %(sealed)s::bytea[]) AS fresh (id, sealed)
     WHERE signing_key.kid = fresh.id
    """
)
async def _store_signing_keys(conn: Transaction, *, ids: list[str], sealed: list[bytes]) -> int: ...


@sql(
    """
    SELECT count(*)
      FROM message
     WHERE params IS NOT NULL
       AND substring(params FROM 1 FOR 4) <> %(key_id)s
    -- The table is walked by its key.
    -- allow scan
    """
)
async def _count_messages(conn: Connection, *, key_id: bytes) -> int: ...


@sql(
    """
    SELECT id::text AS id, params AS sealed
      FROM message
     WHERE params IS NOT NULL
       AND substring(params FROM 1 FOR 4) <> %(key_id)s
       AND id > %(after)s::text::uuid  -- if after
     ORDER BY message.id
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
    -- The table is walked by its key.
    -- allow scan
    """
)
async def _stale_messages(
    conn: Transaction, *, after: str | None, key_id: bytes, limit: int
) -> list[SealedSecret]: ...


@sql(
    """
    UPDATE message
       SET params = fresh.sealed
      FROM unnest(%(ids)s::text[], %(sealed)s::bytea[]) AS fresh (id, sealed)
     WHERE message.id = fresh.id::uuid
    -- They were not null.
    -- allow constraint(message_params_check)
    """
)
async def _store_messages(conn: Transaction, *, ids: list[str], sealed: list[bytes]) -> int: ...


@sql(
    """
    SELECT count(*)
      FROM push_token
     WHERE substring(token FROM 1 FOR 4) <> %(key_id)s
    -- The table is walked by its key.
    -- allow scan
    """
)
async def _count_push_tokens(conn: Connection, *, key_id: bytes) -> int: ...


@sql(
    """
    SELECT device_id::text AS id, token AS sealed
      FROM push_token
     WHERE substring(token FROM 1 FOR 4) <> %(key_id)s
       AND device_id > %(after)s::text::uuid  -- if after
     ORDER BY push_token.device_id
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
    -- The table is walked by its key.
    -- allow scan
    """
)
async def _stale_push_tokens(
    conn: Transaction, *, after: str | None, key_id: bytes, limit: int
) -> list[SealedSecret]: ...


@sql(
    """
    UPDATE push_token
       SET token = fresh.sealed
      FROM unnest(%(ids)s::text[], %(sealed)s::bytea[]) AS fresh (id, sealed)
     WHERE push_token.device_id = fresh.id::uuid
    """
)
async def _store_push_tokens(conn: Transaction, *, ids: list[str], sealed: list[bytes]) -> int: ...


@sql(
    """
    SELECT count(*)
      FROM idempotency
     WHERE answer IS NOT NULL
       AND substring(answer FROM 1 FOR 4) <> %(key_id)s
    -- The table is walked by its key.
    -- allow scan
    """
)
async def _count_answers(conn: Connection, *, key_id: bytes) -> int: ...


@sql(
    """
    SELECT encode(key, 'hex') AS id, answer AS sealed
      FROM idempotency
     WHERE answer IS NOT NULL
       AND substring(answer FROM 1 FOR 4) <> %(key_id)s
       AND key > decode(%(after)s, 'hex')  -- if after
     ORDER BY key
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
    -- The table is walked by its key.
    -- allow scan
    """
)
async def _stale_answers(
    conn: Transaction, *, after: str | None, key_id: bytes, limit: int
) -> list[SealedSecret]: ...


@sql(
    """
    UPDATE idempotency
       SET answer = fresh.sealed
      FROM unnest(%(ids)s::text[], %(sealed)s::bytea[]) AS fresh (id, sealed)
     WHERE idempotency.key = decode(fresh.id, 'hex')
    """
)
async def _store_answers(conn: Transaction, *, ids: list[str], sealed: list[bytes]) -> int: ...


@sql(
    """
    SELECT count(*)
      FROM totp
     WHERE substring(secret FROM 1 FOR 4) <> %(key_id)s
    -- The table is walked by its key.
    -- allow scan
    """
)
async def _count_seeds(conn: Connection, *, key_id: bytes) -> int: ...


@sql(
    """
    SELECT account_id::text AS id, secret AS sealed
      FROM totp
     WHERE substring(secret FROM 1 FOR 4) <> %(key_id)s
       AND account_id > %(after)s::text::uuid  -- if after
     ORDER BY totp.account_id
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
    -- The table is walked by its key.
    -- allow scan
    """
)
async def _stale_seeds(
    conn: Transaction, *, after: str | None, key_id: bytes, limit: int
) -> list[SealedSecret]: ...


@sql(
    """
    UPDATE totp
       SET secret = fresh.sealed
      FROM unnest(%(ids)s::text[], %(sealed)s::bytea[]) AS fresh (id, sealed)
     WHERE totp.account_id = fresh.id::uuid
    """
)
async def _store_seeds(conn: Transaction, *, ids: list[str], sealed: list[bytes]) -> int: ...


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column whose values are sealed."""

    table: str
    column: str
    count: Count
    stale: Stale
    store: Store

    def place(self, row_id: str) -> str:
        return f"{self.table}.{self.column}:{row_id}"


SEALED = (
    SealedColumn("idempotency", "answer", _count_answers, _stale_answers, _store_answers),
    SealedColumn("session", "refresh_key", _count_sessions, _stale_sessions, _store_sessions),
    SealedColumn(
        "signing_key", "private_key", _count_signing_keys, _stale_signing_keys, _store_signing_keys
    ),
    SealedColumn("totp", "secret", _count_seeds, _stale_seeds, _store_seeds),
    SealedColumn("message", "params", _count_messages, _stale_messages, _store_messages),
    SealedColumn("push_token", "token", _count_push_tokens, _stale_push_tokens, _store_push_tokens),
)
HASHED: frozenset[tuple[str, str]] = frozenset(
    {
        ("idempotency", "fingerprint"),
        ("idempotency", "key"),
        ("login_attempt", "key"),
        ("passkey", "credential_id"),
        ("passkey", "public_key"),
        ("rate_limit", "key"),
    }
)
"""Columns that hold hashes or public values, and are called neither `..._hash` nor `...sha256`."""
PLAIN: frozenset[tuple[str, str]] = frozenset({("account_export_piece", "data")})
"""Columns of what an account's owner may read anyhow: nothing in it lets anybody in."""


@dataclass(frozen=True, slots=True)
class Resealed:
    """What came of a column."""

    table: str
    column: str
    done: int
    lost: int
    """Values that no key of ours opens."""


async def reseal(
    pools: Pools, sealer: Sealer, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> list[Resealed]:
    """Seal under the current key whatever another has sealed; requests go on meanwhile.

    It may be stopped at any point and run again: it then goes on with what is left.
    """
    found = [await _reseal_column(pools, sealer, each, pause) for each in SEALED]
    if any(each.done for each in found):
        counts = {f"{each.table}.{each.column}": each.done for each in found}
        await audit_service.record(
            pools.write.single,
            action=Action.SECRETS_RESEALED,
            actor_id=None,
            object_id=None,
            detail=counts,
        )
    return found


async def _reseal_column(
    pools: Pools,
    sealer: Sealer,
    column: SealedColumn,
    pause: Callable[[float], Awaitable[None]],
) -> Resealed:
    done, lost = 0, 0
    for _ in range(_ROUNDS):
        changed, lost = await _walk(pools, sealer, column)
        done += changed
        if not await _is_left(pools, sealer, column, beside=lost):
            break
        await pause(_PAUSE_SECONDS)
    return Resealed(column.table, column.column, done, lost)


async def _walk(pools: Pools, sealer: Sealer, column: SealedColumn) -> tuple[int, int]:
    """Go through the column once; returns how many were sealed anew, and how many do not open."""
    after: str | None = None
    done, lost = 0, 0
    while True:
        async with pools.write.transaction() as conn:
            rows = await column.stale(conn, after=after, key_id=sealer.key_id, limit=_BATCH)
            if not rows:
                return done, lost
            fresh: dict[str, bytes] = {}
            for row in rows:
                place = column.place(row.id)
                try:
                    fresh[row.id] = sealer.seal(sealer.unseal(row.sealed, place=place), place=place)
                except Unsealable:
                    lost += 1
            done += await column.store(conn, ids=list(fresh), sealed=list(fresh.values()))
            after = rows[-1].id


async def _is_left(pools: Pools, sealer: Sealer, column: SealedColumn, *, beside: int) -> bool:
    """Whether there is more to do than what does not open; rows that are held are waited for."""
    return await column.count(pools.write.single, key_id=sealer.key_id) > beside
