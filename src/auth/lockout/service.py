"""Guessing the passwords of an account: slowed down, and in the end stopped, but never told.

An attempt is counted before its password is looked at, so that attempts at the same time count too,
and is forgotten if the password was right. After some failures the next is allowed only after a
delay, which doubles. What comes sooner is not looked at and does not count: nobody can make the
delay longer than 15 minutes. After many in a row the password is no way in any more, until it is
reset.

A device that its owner has signed in on before, and that proves itself, counts for itself, and so
does a browser: nobody who fails elsewhere can slow it down, or stop it. If it fails too often, it
is like any other. A password that is shown again in a session counts for the session alone:
strangers, who fail at the door, do not slow down whoever is inside.

The caller answers all of this as a wrong password, after the same work. Accounts are what counts,
whichever of its names was typed; where there is no account, what was typed, for it must look alike.

The table is unlogged: an attempt is counted before its password is looked at, and does not wait for
the disk. A crash gives some more guesses to attackers, who cannot cause it.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from src.auth.lockout.constants import DELAY_SECONDS_MAX, QUIET_SECONDS
from src.auth.passwords import Hasher
from src.database import Connection, Pools, sql
from src.exceptions import Busy
from src.users.schemas import UserId

_NEVER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a password comes from, if its owner has been there before."""

    kind: Literal["device", "browser", "session"]
    id: UUID


@sql(
    """
    INSERT INTO login_attempt (key, recent, in_a_row, free_at)
    VALUES (%(key)s, 1, 1, statement_timestamp())
        ON CONFLICT (key) DO UPDATE
       SET recent = CASE
                    WHEN login_attempt.free_at
                         < statement_timestamp() - %(quiet)s * interval '1 second'
                    THEN 1 ELSE login_attempt.recent + 1 END,
           in_a_row = login_attempt.in_a_row + 1,
           free_at = statement_timestamp() + interval '1 second' * CASE
                     WHEN login_attempt.free_at
                          < statement_timestamp() - %(quiet)s * interval '1 second'
                       OR login_attempt.recent + 1 < %(free)s
                     THEN 0
                     ELSE least(power(2, least(login_attempt.recent + 1 - %(free)s, 30)),
                                %(longest)s) END
     WHERE login_attempt.free_at <= statement_timestamp()
       AND login_attempt.in_a_row < %(most)s
    RETURNING in_a_row
    """
)
async def _attempt(
    conn: Connection, *, key: bytes, free: int, most: int, quiet: float, longest: float
) -> int | None: ...


@sql(
    """
    UPDATE login_attempt
       SET recent = recent - 1, in_a_row = in_a_row - 1, free_at = statement_timestamp()
     WHERE key = %(key)s
    """
)
async def _take_back(conn: Connection, *, key: bytes) -> None: ...


@sql("DELETE FROM login_attempt WHERE key = %(key)s")
async def _forget(conn: Connection, *, key: bytes) -> None: ...


@sql(
    """
    DELETE FROM login_attempt
     WHERE key IN (SELECT key
                     FROM login_attempt
                    WHERE free_at < now() - interval '30 days' AND in_a_row < %(most)s
                    ORDER BY key
                    LIMIT 1000)
    -- allow scan
    """
)
async def _purge(conn: Connection, *, most: int) -> int: ...


async def is_right(
    pools: Pools,
    hasher: Hasher,
    *,
    user_id: UserId | None,
    identifier: str,
    hashed: str | None,
    password: str,
    place: Place | None = None,
) -> bool:
    """Whether this is the password behind the hash, and not too soon after wrong ones.

    `user_id` and `hashed` are None where there is no account: it takes as long. `place` has proved
    to be one of the user's. Raises Busy, which is no attempt.
    """
    keys = [_key(pools, user_id, identifier)]
    if user_id is not None and place is not None:
        keys.insert(0, _place_key(pools, user_id, place))
    counts_alone = place is not None and place.kind == "session"
    counted = await _attempted(pools, keys[:1] if counts_alone else keys)
    try:
        is_password = await hasher.verify(hashed, password)
    except Busy:
        if counted:
            await _take_back(pools.write.single, key=counted)
        raise
    if counted is None or not is_password:
        return False
    if user_id is not None:
        for key in keys:
            await _forget(pools.write.single, key=key)
    return True


async def forget(pools: Pools, *, user_id: UserId) -> None:
    """Start anew: the password was right, or has been reset."""
    await _forget(pools.write.single, key=_key(pools, user_id, ""))


async def purge(conn: Connection, *, in_a_row: int) -> int:
    """Forget some of a month ago; returns how many. Passwords that are off (`in_a_row`) stay so."""
    return await _purge(conn, most=in_a_row or _NEVER)


def _key(pools: Pools, user_id: UserId | None, identifier: str) -> bytes:
    if user_id is not None:
        return pools.counting.open_key("login attempt", "account", str(user_id))
    return pools.counting.key("login attempt", "name", identifier.casefold())


def _place_key(pools: Pools, user_id: UserId, place: Place) -> bytes:
    return pools.counting.open_key("login attempt", place.kind, str(user_id), str(place.id))


async def _attempted(pools: Pools, keys: list[bytes]) -> bytes | None:
    """Count an attempt by the first of the keys that allows it; returns that.

    None where the password does not count. Empty where nothing is counted.
    """
    rates = pools.counting.rates
    if not rates.login_failures and not rates.login_failures_in_a_row:
        return b""
    for key in keys:
        counted = await _attempt(
            pools.write.single,
            key=key,
            free=rates.login_failures or _NEVER,
            most=rates.login_failures_in_a_row or _NEVER,
            quiet=QUIET_SECONDS,
            longest=DELAY_SECONDS_MAX,
        )
        if counted is not None:
            return key
    return None
