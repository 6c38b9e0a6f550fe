"""Exports of all that is known of somebody: a ZIP file, written by a job, kept for a day.

The file is in the database, in pieces. There every process and host finds it, it is gone with its
account, and a crash loses no more of it than of anything else. Each run of the job writes pieces of
its own, so that one that was killed, or that goes on though it was taken for dead, spoils nothing:
the first that comes to its end says that its pieces are the file.
"""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from uuid import UUID

from typing_extensions import Buffer, override
from uuid_utils.compat import uuid7

from src.applets.schemas import AppletId
from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth.links import with_token
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.onetime.exceptions import InvalidOneTimeToken
from src.database import Connection, Pools, Transaction, closing, sql
from src.jobs import service as jobs_service
from src.notifications import service as notifications_service
from src.notifications.constants import Template
from src.privacy.constants import (
    EXPORT_BYTES_MAX,
    EXPORT_KEPT,
    EXPORT_LOST_AFTER,
    EXPORT_TASK,
    PIECE_BYTES,
)
from src.privacy.exceptions import ExportNotFound, ExportRunning
from src.privacy.schemas import Export, ExportFile, ExportId, FinishedExport, RunId
from src.privacy.service import contents
from src.security import Sealer
from src.users import service as users_service
from src.users.schemas import UserId

_NOBODY = AppletId(UUID(int=0))


@sql(
    """
    DELETE FROM account_export
     WHERE account_id = %(user_id)s
       AND (state <> 'running' OR created_at < now() - interval '1 second' * %(lost_after)s)
    """
)
async def _drop_old(conn: Transaction, *, user_id: UserId, lost_after: float) -> None: ...


@sql(
    """
    INSERT INTO account_export (account_id, page, expires_at)
    VALUES (%(user_id)s, %(page)s, now() + interval '1 second' * %(kept)s)
        ON CONFLICT (account_id) DO NOTHING
    RETURNING id, state, size, created_at, ready_at, expires_at
    -- The account is held.
    -- allow constraint(account_export_account_id_fkey)
    """
)
async def _add(conn: Transaction, *, user_id: UserId, page: str, kept: float) -> Export | None: ...


async def start(conn: Transaction, *, user_id: UserId, page: str) -> Export:
    """Have everything gathered that is known of a user, in place of an export that they had.

    `page` is where the link of the mail leads. Raises ExportRunning.
    """
    await users_service.hold(conn, user_id=user_id)
    await _drop_old(conn, user_id=user_id, lost_after=EXPORT_LOST_AFTER.total_seconds())
    made = await _add(conn, user_id=user_id, page=page, kept=EXPORT_KEPT.total_seconds())
    if made is None:
        raise ExportRunning()
    await jobs_service.defer(conn, task=EXPORT_TASK, args={"export_id": str(made.id)})
    await audit_service.record(
        conn,
        action=Action.USER_EXPORT_REQUESTED,
        actor_id=user_id,
        object_id=user_id,
        detail={"export_id": str(made.id)},
    )
    return made


@sql(
    """
    SELECT id, state, size, created_at, ready_at, expires_at
      FROM account_export
     WHERE account_id = %(user_id)s
       AND expires_at > now()
    """,
    missing=ExportNotFound,
)
async def get(conn: Connection, *, user_id: UserId) -> Export:
    """The user's export, in whatever state it is."""
    ...


@sql("SELECT account_id FROM account_export WHERE id = %(export_id)s AND state = 'running'")
async def _find_running(conn: Connection, *, export_id: ExportId) -> UserId | None: ...


@sql("DELETE FROM account_export_piece WHERE export_id = %(export_id)s AND run <> %(but)s")
async def _drop_pieces(conn: Connection, *, export_id: ExportId, but: RunId) -> None: ...


@sql(
    """
    INSERT INTO account_export_piece (export_id, run, position, data)
    SELECT id, %(run)s, %(position)s, %(data)s
      FROM account_export
     WHERE id = %(export_id)s
       AND state = 'running'
       FOR KEY SHARE
    -- The row is held, and a run writes each piece once.
    -- allow constraint(account_export_piece_pkey)
    """
)
async def _add_piece(
    conn: Connection, *, export_id: ExportId, run: RunId, position: int, data: bytes
) -> int: ...


@sql(
    """
    UPDATE account_export
       SET state = 'ready', run = %(run)s, size = %(size)s, ready_at = now(),
           expires_at = now() + interval '1 second' * %(kept)s
      FROM account
     WHERE account_export.id = %(export_id)s
       AND account_export.state = 'running'
       AND account.id = account_export.account_id
    RETURNING account.email, account.locale, account_export.page
    -- Columns that go together are set together.
    -- allow constraint(account_export_ready_check)
    """
)
async def _finish(
    conn: Transaction, *, export_id: ExportId, run: RunId, size: int, kept: float
) -> FinishedExport | None: ...


@sql(
    """
    UPDATE account_export
       SET state = 'failed'
     WHERE id = %(export_id)s
       AND state = 'running'
    """
)
async def _fail(conn: Connection, *, export_id: ExportId) -> None: ...


async def make(pools: Pools, sealer: Sealer, key: bytes, *, export_id: ExportId) -> bool:
    """Write an export that was asked for, and mail the link; returns whether it came to that.

    It may be done twice at once, and begun anew after any end. `key` is the service's secret key.
    """
    single = pools.write.single
    user_id = await _find_running(single, export_id=export_id)
    if user_id is None:
        return False
    run = RunId(uuid7())
    # Of runs that have been killed. If one lives, it ends without its file; this one does not.
    await _drop_pieces(single, export_id=export_id, but=run)
    size = position = 0
    async with pools.stream.transaction() as conn, closing(_pieces(conn, user_id)) as pieces:
        async for data in pieces:
            size += len(data)
            if size > EXPORT_BYTES_MAX:
                await _fail(single, export_id=export_id)
                await _drop_pieces(single, export_id=export_id, but=RunId(uuid7()))
                return False
            if not await _add_piece(
                single, export_id=export_id, run=run, position=position, data=data
            ):
                return False
            position += 1
    async with pools.write.transaction() as conn:
        return await _tell(conn, sealer, key, export_id, user_id, run, size)


async def _tell(
    conn: Transaction,
    sealer: Sealer,
    key: bytes,
    export_id: ExportId,
    user_id: UserId,
    run: RunId,
    size: int,
) -> bool:
    """Let the pieces of this run be the file, unless another run was first."""
    await users_service.hold(conn, user_id=user_id)
    finished = await _finish(
        conn, export_id=export_id, run=run, size=size, kept=EXPORT_KEPT.total_seconds()
    )
    if finished is None:
        return False
    await _drop_pieces(conn, export_id=export_id, but=run)
    issued = await onetime_service.issue(
        conn,
        key,
        purpose=Purpose.ACCOUNT_EXPORT,
        target=str(user_id),
        user_id=user_id,
        detail={"export_id": str(export_id)},
    )
    await notifications_service.send_mail(
        conn,
        sealer,
        template=Template.ACCOUNT_EXPORT_READY,
        to=finished.email,
        locale=finished.locale,
        params={"link": with_token(finished.page, issued.token)},
        user_id=user_id,
    )
    await audit_service.record(
        conn,
        action=Action.USER_EXPORT_MADE,
        actor_id=None,
        object_id=user_id,
        detail={"export_id": str(export_id), "bytes": size},
    )
    return True


class _Sink(io.RawIOBase):
    """Where a ZIP file is written to that is passed on while it grows."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, data: Buffer, /) -> int:
        written = bytes(data)
        self._buffer += written
        return len(written)

    def taken(self, *, at_least: int) -> list[bytes]:
        """Pieces of what has been written, each of this many bytes; what is left stays."""
        pieces = []
        while len(self._buffer) >= at_least:
            pieces.append(bytes(self._buffer[:at_least]))
            del self._buffer[:at_least]
        return pieces

    def rest(self) -> bytes:
        return bytes(self._buffer)


async def _pieces(conn: Transaction, user_id: UserId) -> AsyncIterator[bytes]:
    """The ZIP file, a piece at a time: no more than a piece and a row is ever in memory."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        about = {
            f"{part.name}.json": part.about for part in (*contents.PARTS, contents.SUBMISSIONS)
        }
        archive.writestr("about.json", json.dumps(about, indent=2))
        for part in contents.PARTS:
            lines = part.read(conn, user_id=user_id)
            async with closing(_written(archive, sink, part.name, lines)) as pieces:
                async for piece in pieces:
                    yield piece
        name = contents.SUBMISSIONS.name
        async with closing(_written(archive, sink, name, _answered(conn, user_id))) as pieces:
            async for piece in pieces:
                yield piece
    for piece in sink.taken(at_least=PIECE_BYTES):
        yield piece
    yield sink.rest()


async def _written(
    archive: zipfile.ZipFile, sink: _Sink, name: str, lines: AsyncIterator[contents.Line]
) -> AsyncIterator[bytes]:
    """One file: a JSON array, an element a line."""
    with archive.open(f"{name}.json", "w", force_zip64=True) as file:
        between = b"[\n"
        async with closing(lines) as each:
            async for line in each:
                file.write(between + line.text)
                between = b",\n"
                for piece in sink.taken(at_least=PIECE_BYTES):
                    yield piece
        file.write(b"[]\n" if between == b"[\n" else b"\n]\n")


async def _answered(conn: Transaction, user_id: UserId) -> AsyncIterator[contents.Line]:
    """What the user has answered, applet by applet: each is an index away, wherever it is kept."""
    after = _NOBODY
    while applets := await contents.list_applets(conn, after=after):
        after = applets[-1]
        for applet_id in applets:
            own = contents.submissions(conn, applet_id=applet_id, user_id=user_id)
            async with closing(own) as lines:
                async for line in lines:
                    yield line


@sql(
    """
    SELECT id, account_id AS user_id, run, size
      FROM account_export
     WHERE id = %(export_id)s
       AND account_id = %(user_id)s
       AND run IS NOT NULL
       AND size IS NOT NULL
       AND expires_at > now()
    """,
    missing=InvalidOneTimeToken,
)
async def _find_file(conn: Connection, *, export_id: ExportId, user_id: UserId) -> ExportFile: ...


async def find_file(conn: Connection, *, token: str) -> ExportFile:
    """The export that a link is for; looking uses nothing up.

    Raises InvalidOneTimeToken, also for an export that was replaced, and ExpiredToken.
    """
    found = await onetime_service.look_at(conn, purpose=Purpose.ACCOUNT_EXPORT, token=token)
    if found.user_id is None:
        raise InvalidOneTimeToken()
    export_id = ExportId(UUID(found.detail["export_id"]))
    return await _find_file(conn, export_id=export_id, user_id=found.user_id)


@sql(
    """
    SELECT data
      FROM account_export_piece
     WHERE export_id = %(export_id)s
       AND run = %(run)s
       AND position = %(position)s
    """
)
async def _find_piece(
    conn: Connection, *, export_id: ExportId, run: RunId, position: int
) -> bytes | None: ...


async def read_file(conn: Transaction, *, export_id: ExportId, run: RunId) -> AsyncIterator[bytes]:
    """The file, a piece at a time: a cursor would fetch hundreds of them at once."""
    position = 0
    while data := await _find_piece(conn, export_id=export_id, run=run, position=position):
        yield data
        position += 1


@sql(
    """
    WITH old AS (
        SELECT id
          FROM account_export
         WHERE expires_at <= now()
         ORDER BY expires_at, id
         LIMIT 10
           FOR UPDATE SKIP LOCKED
    )
    DELETE FROM account_export
     USING old
     WHERE account_export.id = old.id
    """
)
async def purge(conn: Connection) -> int:
    """Forget some exports whose day is over, with their files; returns how many."""
    ...
