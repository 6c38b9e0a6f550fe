"""Whose session a token names: one statement for all requests of a moment.

Every request has its session read after it has arrived, so that ending one is seen by the very
next request; those that arrive together share the reading.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from typing import Generic, TypeAlias, TypeVar

from typing_extensions import override

from src.auth import service
from src.auth.api_keys import service as api_keys_service
from src.auth.api_keys.schemas import KeyHolder
from src.auth.schemas import Principal, Profile, SessionId
from src.database import Connection

_SESSIONS_AT_A_TIME = 500

Name = TypeVar("Name", bound=Hashable)
Found = TypeVar("Found")
Awaited: TypeAlias = asyncio.Future[Found | None]


class _Readings(ABC, Generic[Name, Found]):
    """What is asked in one turn of the event loop is read by one statement."""

    def __init__(self) -> None:
        self._asked: dict[Name, list[asyncio.Future[Found | None]]] = {}
        """What the next reading is to find out, and who waits for it."""
        self._under_way: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        """The application's; asking for it again and again takes longer than one would think."""

    @abstractmethod
    async def _read(self, conn: Connection, names: list[Name]) -> Mapping[Name, Found]: ...

    def ask(self, conn: Connection, name: Name) -> asyncio.Future[Found | None]:
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        answer: asyncio.Future[Found | None] = loop.create_future()
        if not self._asked:
            loop.call_soon(self._begin, conn)
        self._asked.setdefault(name, []).append(answer)
        if len(self._asked) >= _SESSIONS_AT_A_TIME:
            self._begin(conn)
        return answer

    def _begin(self, conn: Connection) -> None:
        """Read what has been asked until now; what is asked from now on is for the next reading."""
        asked = self._asked
        self._asked = dict[Name, list[asyncio.Future[Found | None]]]()
        if asked:
            reading = asyncio.create_task(self._answer(conn, asked))
            self._under_way.add(reading)
            reading.add_done_callback(self._under_way.discard)

    async def _answer(
        self, conn: Connection, asked: dict[Name, list[asyncio.Future[Found | None]]]
    ) -> None:
        found: Mapping[Name, Found] = {}
        failure: Exception | None = None
        try:
            found = await self._read(conn, list(asked))
        except Exception as exc:  # each who waits gets it
            failure = exc
        for name, answers in asked.items():
            for answer in answers:
                if answer.done():
                    continue
                if failure is not None:
                    answer.set_exception(failure)
                else:
                    answer.set_result(found.get(name))


class _Principals(_Readings[SessionId, Principal]):
    @override
    async def _read(
        self, conn: Connection, names: list[SessionId]
    ) -> Mapping[SessionId, Principal]:
        found = await service.list_principals(conn, session_ids=names)
        return {one.session_id: one for one in found}


class _Profiles(_Readings[SessionId, Profile]):
    @override
    async def _read(self, conn: Connection, names: list[SessionId]) -> Mapping[SessionId, Profile]:
        found = await service.list_profiles(conn, session_ids=names)
        return {one.session_id: one for one in found}


class _KeyHolders(_Readings[bytes, KeyHolder]):
    @override
    async def _read(self, conn: Connection, names: list[bytes]) -> Mapping[bytes, KeyHolder]:
        found = await api_keys_service.list_holders(conn, hashes=names)
        return {one.key_hash: one for one in found}


class Callers:
    """Reads the sessions, and the API keys, that requests name. One an application."""

    def __init__(self) -> None:
        self._principals = _Principals()
        self._profiles = _Profiles()
        self._key_holders = _KeyHolders()

    def principal_of(self, conn: Connection, session_id: SessionId) -> Awaited[Principal]:
        """Who is calling. None if the session or the account has ended.

        Raises Unavailable.
        """
        return self._principals.ask(conn, session_id)

    def profile_of(self, conn: Connection, session_id: SessionId) -> Awaited[Profile]:
        """Who is calling, and the account as its owner sees it: one reading for both.

        Raises Unavailable.
        """
        return self._profiles.ask(conn, session_id)

    def holder_of(self, conn: Connection, key_hash: bytes) -> Awaited[KeyHolder]:
        """Who is calling by a key. None if the key or the account has ended.

        Raises Unavailable.
        """
        return self._key_holders.ask(conn, key_hash)
