"""Whose session a token names: one statement for all requests of a moment.

Every request has its session read after it has arrived, so that ending one is seen by the very
next request; those that arrive together share the reading.
"""

import asyncio

from src.auth import service
from src.auth.schemas import Principal, SessionId
from src.database import Connection

_SESSIONS_AT_A_TIME = 500

Answer = asyncio.Future[Principal | None]


class Callers:
    """Reads the sessions that requests name. One an application."""

    def __init__(self) -> None:
        self._asked: dict[SessionId, list[Answer]] = {}
        """What the next reading is to find out, and who waits for it."""
        self._readings: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        """The application's; asking for it again and again takes longer than one would think."""

    async def principal_of(self, conn: Connection, session_id: SessionId) -> Principal | None:
        """Who is calling. None if the session or the account has ended.

        Raises Unavailable.
        """
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        answer: Answer = loop.create_future()
        if not self._asked:
            loop.call_soon(self._begin, conn)
        self._asked.setdefault(session_id, []).append(answer)
        if len(self._asked) >= _SESSIONS_AT_A_TIME:
            self._begin(conn)
        return await answer

    def _begin(self, conn: Connection) -> None:
        """Read what has been asked until now; what is asked from now on is for the next reading."""
        asked = self._asked
        self._asked = dict[SessionId, list[Answer]]()
        if asked:
            reading = asyncio.create_task(_read(conn, asked))
            self._readings.add(reading)
            reading.add_done_callback(self._readings.discard)


async def _read(conn: Connection, asked: dict[SessionId, list[Answer]]) -> None:
    found: dict[SessionId, Principal] = {}
    failure: Exception | None = None
    try:
        for principal in await service.list_principals(conn, session_ids=list(asked)):
            found[principal.session_id] = principal
    except Exception as exc:  # each who waits gets it
        failure = exc
    for session_id, answers in asked.items():
        for answer in answers:
            if answer.done():
                continue
            if failure is not None:
                answer.set_exception(failure)
            else:
                answer.set_result(found.get(session_id))
