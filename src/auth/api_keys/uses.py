"""Writes down which keys are in use: together, a moment later, and by no request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from src import logs
from src.auth.api_keys import service
from src.auth.api_keys.constants import NOTE_SECONDS, NOTES_MAX
from src.auth.api_keys.schemas import ApiKeyId
from src.database import Connection
from src.exceptions import CoreError

log = logs.get_logger("core_api.api_keys")


class Uses:
    """Keys that were used since they were last written down. One an application.

    What a process has gathered is lost with it, and so is what does not fit: it is to the minute,
    not to the last request.
    """

    def __init__(self) -> None:
        self._noted: dict[ApiKeyId, None] = {}
        self._came = asyncio.Event()

    def note(self, key_id: ApiKeyId) -> None:
        """A key has just been used."""
        if len(self._noted) < NOTES_MAX:
            self._noted[key_id] = None
            self._came.set()

    async def write_down(self, conn: Connection) -> None:
        """Write down what has been gathered. Raises Unavailable; it is then forgotten."""
        noted, self._noted = list(self._noted), dict[ApiKeyId, None]()
        self._came.clear()
        if noted:
            await service.note_uses(conn, key_ids=noted)

    @asynccontextmanager
    async def written_down(self, conn: Connection) -> AsyncIterator[None]:
        """Write every few seconds, and once more at the end."""
        writing = asyncio.create_task(self._keep_writing(conn))
        try:
            yield
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
            await self._try(conn)

    async def _keep_writing(self, conn: Connection) -> None:
        while True:
            await self._came.wait()
            await asyncio.sleep(NOTE_SECONDS)
            await self._try(conn)

    async def _try(self, conn: Connection) -> None:
        try:
            await self.write_down(conn)
        except CoreError as exc:
            log.warning("uses of keys not written", error=exc.code)
