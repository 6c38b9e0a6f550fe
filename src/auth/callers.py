"""Whose session a token names: one statement for all requests of a moment.

Every request has its session read after it has arrived, so that ending one is seen by the very
next request; those that arrive together share the reading.
"""

import asyncio
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from typing_extensions import override

from src.auth import service
from src.auth.schemas import Principal, Profile, SessionId
from src.database import Connection

_SESSIONS_AT_A_TIME = 500

Found = TypeVar("Found", bound=Principal)


class _Readings(ABC, Generic[Found]):
    """What is asked in one turn of the event loop is read by one statement."""

    def __init__(self) -> None:
        self._asked: dict[SessionId, list[asyncio.Future[Found | None]]] = {}
        """What the next reading is to find out, and who waits for it."""
        self._under_way: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        """The application's; asking for it again and again takes longer than one would think."""

    @abstractmethod
    async def _read(self, conn: Connection, session_ids: list[SessionId]) -> list[Found]: ...

    def ask(self, conn: Connection, session_id: SessionId) -> asyncio.Future[Found | None]:
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        answer: asyncio.Future[Found | None] = loop.create_future()
        if not self._asked:
            loop.call_soon(self._begin, conn)
        self._asked.setdefault(session_id, []).append(answer)
        if len(self._asked) >= _SESSIONS_AT_A_TIME:
            self._begin(conn)
        return answer

    def _begin(self, conn: Connection) -> None:
        """Read what has been asked until now; what is asked from now on is for the next reading."""
        asked = self._asked
        self._asked = dict[SessionId, list[asyncio.Future[Found | None]]]()
        if asked:
            reading = asyncio.create_task(self._answer(conn, asked))
            self._under_way.add(reading)
            reading.add_done_callback(self._under_way.discard)

    async def _answer(
        self, conn: Connection, asked: dict[SessionId, list[asyncio.Future[Found | None]]]
    ) -> None:
        found: dict[SessionId, Found] = {}
        failure: Exception | None = None
        try:
            for one in await self._read(conn, list(asked)):
                found[one.session_id] = one
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


class _Principals(_Readings[Principal]):
    @override
    async def _read(self, conn: Connection, session_ids: list[SessionId]) -> list[Principal]:
        return await service.list_principals(conn, session_ids=session_ids)


class _Profiles(_Readings[Profile]):
    @override
    async def _read(self, conn: Connection, session_ids: list[SessionId]) -> list[Profile]:
        return await service.list_profiles(conn, session_ids=session_ids)


class Callers:
    """Reads the sessions that requests name. One an application."""

    def __init__(self) -> None:
        self._principals = _Principals()
        self._profiles = _Profiles()

    async def principal_of(self, conn: Connection, session_id: SessionId) -> Principal | None:
        """Who is calling. None if the session or the account has ended.

        Raises Unavailable.
        """
        return await self._principals.ask(conn, session_id)

    async def profile_of(self, conn: Connection, session_id: SessionId) -> Profile | None:
        """Who is calling, and the account as its owner sees it: one reading for both.

        Raises Unavailable.
        """
        return await self._profiles.ask(conn, session_id)
