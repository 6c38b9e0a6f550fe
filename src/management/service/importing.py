"""Bringing accounts from another system, some at a time.

An account comes in whole, or not at all, and once: whose email is there already is left alone. So
an import that was interrupted is begun anew from the start of the file.
"""

import asyncio
import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth import service as auth_service
from src.auth.passwords import Hasher
from src.database import Pools, Transaction
from src.management.lines import AccountSecret, Line, Refused
from src.users import service as users_service

_BATCH = 200


@dataclass(slots=True)
class Tally:
    """How many accounts came in, or would have, and how many lines were there, or refused."""

    imported: int = 0
    known: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """A line whose email somebody has already: it is left alone."""

    number: int

    def __str__(self) -> str:
        return f"line {self.number}: email: already there"


class _Names:
    """Emails and usernames of lines before, in a file that is gone with us: there may be millions.

    Their hashes, that is.
    """

    def __init__(self) -> None:
        self._kept = sqlite3.connect("", isolation_level=None)
        self._kept.execute("CREATE TABLE name (key BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._kept.execute("BEGIN")

    def close(self) -> None:
        self._kept.close()

    def first(self, field: str, value: str, number: int) -> int:
        """The line that had this name first; this one, where none did."""
        key = hashlib.sha256(f"{field} {value.casefold()}".encode()).digest()
        self._kept.execute("INSERT OR IGNORE INTO name VALUES (?, ?)", (key, number))
        found: tuple[int] = self._kept.execute(
            "SELECT line FROM name WHERE key = ?", (key,)
        ).fetchone()
        return found[0]


async def import_users(
    pools: Pools,
    hasher: Hasher,
    read: Iterable[list[Line]],
    *,
    tell: Callable[[Known | Refused], None],
    is_check: bool,
) -> Tally:
    """Bring in the accounts of these lines; `tell` is told of each line that does not come in.

    With `is_check` none does: they are judged only.
    """
    tally = Tally()
    with closing(_Names()) as names:
        for batch in _batches(read):
            lines = [_first_refused(line, names) for said in batch for line in said]
            fresh, left = await _known_apart(pools, lines)
            late: list[Refused] = [] if is_check else await _bring_in(pools, hasher, fresh)
            tally.imported += len(fresh) - len(late)
            tally.known += sum(isinstance(each, Known) for each in left)
            left += late
            tally.refused += len({each.number for each in left if isinstance(each, Refused)})
            for each in sorted(left, key=lambda each: each.number):
                tell(each)
    return tally


def _batches(read: Iterable[list[Line]]) -> Iterator[list[list[Line]]]:
    lines = iter(read)
    while batch := list(islice(lines, _BATCH)):
        yield batch


def _first_refused(line: Line, names: _Names) -> Line:
    """The line itself, unless it repeats a name of one before."""
    if isinstance(line, Refused):
        return line
    sent = {"email": line.user.email, "username": line.user.username}
    for field, value in sent.items():
        if value and (first := names.first(field, value, line.number)) != line.number:
            return Refused(line.number, field, f"repeats line {first}")
    return line


async def _known_apart(
    pools: Pools, lines: list[Line]
) -> tuple[list[AccountSecret], list[Known | Refused]]:
    """The accounts that may come in, and the lines that do not."""
    left: list[Known | Refused] = [line for line in lines if isinstance(line, Refused)]
    fresh: list[AccountSecret] = []
    accounts = [line for line in lines if isinstance(line, AccountSecret)]
    taken = await users_service.list_taken(
        pools.deciding.single,
        emails=[each.user.email for each in accounts],
        usernames=[each.user.username or "" for each in accounts],
    )
    for account, names in zip(accounts, taken, strict=True):
        if names.has_email:
            left.append(Known(account.number))
        elif names.has_username:
            left.append(Refused(account.number, "username", "is somebody else's"))
        else:
            fresh.append(account)
    return fresh, left


async def _bring_in(pools: Pools, hasher: Hasher, accounts: list[AccountSecret]) -> list[Refused]:
    """Make these accounts, together; returns those whose names were taken at this moment."""
    hashes = await asyncio.gather(*(_hashed(hasher, each) for each in accounts))
    async with pools.write.transaction() as conn:
        made = [
            await _make(conn, account, hashed)
            for account, hashed in zip(accounts, hashes, strict=True)
        ]
    return [
        Refused(account.number, "email", "was taken just now: run it again")
        for account, is_made in zip(accounts, made, strict=True)
        if not is_made
    ]


async def _hashed(hasher: Hasher, account: AccountSecret) -> str | None:
    return None if account.password is None else await hasher.wrap(*account.password)


async def _make(conn: Transaction, account: AccountSecret, hashed: str | None) -> bool:
    user = account.user
    user_id = await users_service.create_imported(
        conn,
        email=user.email,
        username=user.username,
        given_name=user.given_name,
        family_name=user.family_name,
        display_name=user.display_name,
        locale=user.locale,
        time_zone=user.time_zone,
        is_email_verified=user.email_verified,
        has_password=hashed is not None,
    )
    if user_id is None:
        return False
    if hashed is not None:
        await auth_service.add_password(conn, user_id=user_id, hash=hashed)
    await audit_service.record(
        conn,
        action=Action.USER_IMPORTED,
        actor_id=None,
        object_id=user_id,
        detail={"has_password": hashed is not None},
    )
    return True
