"""Secrets of one use: made, looked at, spent. Each is bound to a purpose and to a target.

One of a purpose and target lives at a time: asking again kills the one before. Tokens are kept as
SHA-256; codes, of which there are a million, as a hash under a key that the database has not.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from uuid_utils.compat import uuid7

from src import security
from src.auth.onetime import exceptions
from src.auth.onetime.constants import (
    CODE_DIGITS,
    CODE_LIFETIME,
    CODE_TRIES,
    LIFETIMES,
    TOKEN_PREFIX,
    Purpose,
)
from src.auth.onetime.schemas import (
    AskedFor,
    FlowId,
    IssuedSecret,
    OneTimeToken,
    Recipient,
)
from src.database import Connection, Transaction, sql
from src.jobs import service as jobs_service
from src.users.schemas import UserId


@sql(
    """
    INSERT INTO one_time_token
           (id, purpose, target, account_id, token_hash, code_hash, detail, expires_at,
            code_expires_at)
    VALUES (%(flow_id)s, %(purpose)s,
            casefold(%(target)s COLLATE pg_unicode_fast) COLLATE "default", %(user_id)s,
            %(token_hash)s, %(code_hash)s, %(detail)s,
            now() + interval '1 second' * %(seconds)s,
            now() + interval '1 second' * least(%(seconds)s, %(code_seconds)s))
        ON CONFLICT (purpose, target) DO UPDATE
       SET id = excluded.id,
           account_id = excluded.account_id,
           token_hash = excluded.token_hash,
           code_hash = excluded.code_hash,
           detail = excluded.detail,
           created_at = excluded.created_at,
           expires_at = excluded.expires_at,
           code_expires_at = excluded.code_expires_at,
           attempts = 0,
           used_at = NULL
    RETURNING expires_at
    -- The account has just been seen; ids and tokens are random.
    -- allow constraint(one_time_token_account_id_fkey, one_time_token_pkey)
    -- allow constraint(one_time_token_token_hash_key)
    """
)
async def _keep(
    conn: Connection,
    *,
    flow_id: FlowId,
    purpose: Purpose,
    target: str,
    user_id: UserId | None,
    token_hash: bytes,
    code_hash: bytes,
    detail: dict[str, Any],
    seconds: float,
    code_seconds: float,
) -> datetime: ...


async def issue(
    conn: Connection,
    key: bytes,
    *,
    purpose: Purpose,
    target: str,
    user_id: UserId | None,
    detail: dict[str, Any] | None = None,
    lifetime: timedelta | None = None,
) -> IssuedSecret:
    """Make a token and a code; those made before for this purpose and target are dead.

    `key` is the service's secret key. `detail` holds no secret. Without a `lifetime` the token has
    that of its purpose.
    """
    (token, code), flow_id = _random(), FlowId(uuid7())
    expires_at = await _keep(
        conn,
        flow_id=flow_id,
        purpose=purpose,
        target=target,
        user_id=user_id,
        token_hash=security.token_hash(token),
        code_hash=_code_hash(key, purpose, code),
        detail=detail or {},
        seconds=(lifetime or LIFETIMES[purpose]).total_seconds(),
        code_seconds=CODE_LIFETIME.total_seconds(),
    )
    return IssuedSecret(flow_id=flow_id, token=token, code=code, expires_at=expires_at)


@sql(
    """
    SELECT detail
      FROM one_time_token
     WHERE purpose = %(purpose)s
       AND target = casefold(%(target)s COLLATE pg_unicode_fast) COLLATE "default"
       AND account_id IS NOT DISTINCT FROM %(user_id)s
    """
)
async def find_detail(
    conn: Connection, *, purpose: Purpose, target: str, user_id: UserId | None
) -> dict[str, Any] | None:
    """What was kept beside the last secret of this purpose and target, the user's or nobody's."""
    ...


async def ask(
    conn: Transaction,
    key: bytes,
    *,
    purpose: Purpose,
    email: str,
    detail: dict[str, Any],
    task: str,
) -> AskedFor:
    """Keep that somebody has asked for a secret by mail, and leave the job `task` to send it.

    Nobody looks whether there is an account: that would take a time that tells. The secret that
    is made here is thrown away; the job has it replaced (`renew`), if anybody is to get one.
    """
    made = await issue(conn, key, purpose=purpose, target=email, user_id=None, detail=detail)
    await jobs_service.defer(conn, task=task, args={"flow_id": str(made.flow_id)})
    return AskedFor(flow_id=made.flow_id, expires_at=made.expires_at)


@sql(
    """
    SELECT account.id AS user_id, account.email, account.locale, one_time_token.detail
      FROM one_time_token
      JOIN account ON account.email_key = one_time_token.target
     WHERE one_time_token.id = %(flow_id)s
       AND one_time_token.used_at IS NULL
       AND one_time_token.expires_at > now()
       AND account.status IN ('active', 'pending')
    """
)
async def find_recipient(conn: Connection, *, flow_id: FlowId) -> Recipient | None:
    """Whose address it is that something was asked for; None for nobody's, or if it is too late."""
    ...


@sql(
    """
    UPDATE one_time_token
       SET account_id = %(user_id)s, token_hash = %(token_hash)s, code_hash = %(code_hash)s
     WHERE id = %(flow_id)s
       AND used_at IS NULL
    RETURNING expires_at
    -- The account has just been seen; tokens are random.
    -- allow constraint(one_time_token_account_id_fkey, one_time_token_token_hash_key)
    """
)
async def _renew(
    conn: Connection, *, flow_id: FlowId, user_id: UserId, token_hash: bytes, code_hash: bytes
) -> datetime | None: ...


async def renew(
    conn: Transaction, key: bytes, *, purpose: Purpose, flow_id: FlowId, user_id: UserId
) -> IssuedSecret | None:
    """Make the secret that was asked for, for this user. None if it has been asked for again."""
    token, code = _random()
    expires_at = await _renew(
        conn,
        flow_id=flow_id,
        user_id=user_id,
        token_hash=security.token_hash(token),
        code_hash=_code_hash(key, purpose, code),
    )
    if expires_at is None:
        return None
    return IssuedSecret(flow_id=flow_id, token=token, code=code, expires_at=expires_at)


@sql(
    """
    SELECT id AS flow_id, purpose, target, account_id AS user_id, detail, created_at, expires_at,
           expires_at <= now() AS is_expired, used_at IS NOT NULL AS is_spent
      FROM one_time_token
     WHERE purpose = %(purpose)s
       AND token_hash = %(token_hash)s
    """
)
async def _find(
    conn: Connection, *, purpose: Purpose, token_hash: bytes
) -> OneTimeToken | None: ...


async def look_at(conn: Connection, *, purpose: Purpose, token: str) -> OneTimeToken:
    """A token that could be spent, which this does not do.

    Raises InvalidOneTimeToken, also for a spent one, and ExpiredToken.
    """
    found = await find(conn, purpose=purpose, token=token)
    if found is None or found.is_spent:
        raise exceptions.InvalidOneTimeToken()
    if found.is_expired:
        raise exceptions.ExpiredToken()
    return found


async def find(conn: Connection, *, purpose: Purpose, token: str) -> OneTimeToken | None:
    """A token in whatever state it is; None for one that was never issued or has been replaced."""
    return await _find(conn, purpose=purpose, token_hash=security.token_hash(token))


@sql(
    """
    UPDATE one_time_token
       SET used_at = now()
     WHERE purpose = %(purpose)s
       AND token_hash = %(token_hash)s
       AND used_at IS NULL
       AND expires_at > now()
    RETURNING id AS flow_id, purpose, target, account_id AS user_id, detail, created_at,
              expires_at, false AS is_expired, true AS is_spent
    """
)
async def _spend(
    conn: Connection, *, purpose: Purpose, token_hash: bytes
) -> OneTimeToken | None: ...


async def spend(conn: Connection, *, purpose: Purpose, token: str) -> OneTimeToken:
    """Use a token up. Of callers at the same time one succeeds.

    Raises InvalidOneTimeToken and ExpiredToken.
    """
    spent = await _spend(conn, purpose=purpose, token_hash=security.token_hash(token))
    if spent is None:
        await look_at(conn, purpose=purpose, token=token)
        raise exceptions.InvalidOneTimeToken()
    return spent


@sql(
    """
    UPDATE one_time_token
       SET attempts = attempts + 1
     WHERE purpose = %(purpose)s
       AND token_hash = %(token_hash)s
       AND used_at IS NULL
       AND attempts < %(tries)s
       AND expires_at > now()
    RETURNING id AS flow_id, purpose, target, account_id AS user_id, detail, created_at,
              expires_at, false AS is_expired, false AS is_spent
    """
)
async def _try_token(
    conn: Transaction, *, purpose: Purpose, token_hash: bytes, tries: int
) -> OneTimeToken | None: ...


async def try_token(conn: Transaction, *, purpose: Purpose, token: str) -> OneTimeToken | None:
    """Count a try with a token that is spent only if something else is right as well.

    It is held until the transaction ends. Five tries, then it is dead, and None comes of it.
    """
    return await _try_token(
        conn, purpose=purpose, token_hash=security.token_hash(token), tries=CODE_TRIES
    )


@sql(
    """
    UPDATE one_time_token
       SET attempts = attempts + 1,
           used_at = CASE WHEN code_hash = ANY(%(code_hashes)s) THEN now() END
     WHERE purpose = %(purpose)s
       AND target = casefold(%(target)s COLLATE pg_unicode_fast) COLLATE "default"
       AND (%(flow_id)s::uuid IS NULL OR id = %(flow_id)s)
       AND used_at IS NULL
       AND attempts < %(tries)s
       AND code_expires_at > now()
    RETURNING id AS flow_id, purpose, target, account_id AS user_id, detail, created_at,
              expires_at, false AS is_expired, used_at IS NOT NULL AS is_spent
    """
)
async def _try_code(
    conn: Connection,
    *,
    purpose: Purpose,
    target: str,
    flow_id: FlowId | None,
    code_hashes: list[bytes],
    tries: int,
) -> OneTimeToken | None: ...


async def spend_code(
    conn: Connection,
    keys: Sequence[bytes],
    *,
    purpose: Purpose,
    target: str,
    code: str,
    flow_id: FlowId | None = None,
) -> OneTimeToken:
    """Use a code up, and its token with it. Five tries, then it is dead, right or wrong.

    `keys` are `settings.secret_keys`: a code outlives the change to another key.
    Raises InvalidCode, which commits: inside a transaction, call this first.
    """
    tried = await _try_code(
        conn,
        purpose=purpose,
        target=target,
        flow_id=flow_id,
        code_hashes=_code_hashes(keys, purpose, code),
        tries=CODE_TRIES,
    )
    if tried is None or not tried.is_spent:
        raise exceptions.InvalidCode()
    return tried


@sql(
    """
    SELECT id AS flow_id, purpose, target, account_id AS user_id, detail, created_at, expires_at,
           expires_at <= now() AS is_expired, true AS is_spent
      FROM one_time_token
     WHERE purpose = %(purpose)s
       AND target = casefold(%(target)s COLLATE pg_unicode_fast) COLLATE "default"
       AND code_hash = ANY(%(code_hashes)s)
       AND used_at IS NOT NULL
    """
)
async def _find_spent(
    conn: Connection, *, purpose: Purpose, target: str, code_hashes: list[bytes]
) -> OneTimeToken | None: ...


async def find_spent_by_code(
    conn: Connection, keys: Sequence[bytes], *, purpose: Purpose, target: str, code: str
) -> OneTimeToken | None:
    """The last one of a purpose and target, if this code is its own and it has been spent."""
    return await _find_spent(
        conn, purpose=purpose, target=target, code_hashes=_code_hashes(keys, purpose, code)
    )


@sql(
    """
    SELECT id
      FROM one_time_token
     WHERE account_id = %(user_id)s
     ORDER BY id
       FOR UPDATE
    """
)
async def hold(conn: Transaction, *, user_id: UserId) -> list[FlowId]:
    """Hold all secrets of a user until the transaction ends.

    Whoever spends one holds it before the account: who is going to kill several does so too.
    """
    ...


@sql(
    """
    DELETE FROM one_time_token
     WHERE account_id = %(user_id)s
       AND purpose = ANY(%(purposes)s)
    """
)
async def forget(conn: Connection, *, user_id: UserId, purposes: list[Purpose]) -> int:
    """Kill a user's secrets of these purposes; returns how many there were."""
    ...


@sql(
    """
    DELETE FROM one_time_token
     WHERE account_id = %(user_id)s
       AND purpose = %(purpose)s
       AND created_at > %(than)s
    """
)
async def forget_later(
    conn: Connection, *, user_id: UserId, purpose: Purpose, than: datetime
) -> int:
    """Kill a user's secrets that were made after an instant; returns how many there were."""
    ...


@sql(
    """
    WITH old AS (
        SELECT id
          FROM one_time_token
         WHERE expires_at < now() - interval '7 days'
         ORDER BY expires_at, id
         LIMIT 1000
           FOR UPDATE SKIP LOCKED
    )
    DELETE FROM one_time_token
     USING old
     WHERE one_time_token.id = old.id
    """
)
async def purge(conn: Connection) -> int:
    """Forget some that expired a week ago; returns how many."""
    ...


def _random() -> tuple[str, str]:
    """A token and a code."""
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    return security.random_token(TOKEN_PREFIX), code


def _code_hashes(keys: Sequence[bytes], purpose: Purpose, code: str) -> list[bytes]:
    return [_code_hash(key, purpose, code) for key in keys]


def _code_hash(key: bytes, purpose: Purpose, code: str) -> bytes:
    return security.keyed_hash(key, b"one-time code", purpose.encode(), code.encode())
