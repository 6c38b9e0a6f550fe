"""Lanes: single statements of many callers on few connections, each in libpq's pipeline mode.

A statement is sent at once, behind those that are under way, with a Sync of its own: it stands or
falls alone, and waits for no round trip of another. A lane runs one statement after the other, so
one whose statement takes long gets no new ones; and a statement that is declared slow, or that has
often taken long, does not come here at all.

Nothing is sent twice that may have run. What was under way when a connection is lost is
`Unavailable`: whether a write among it took place, its caller learns by asking.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from psycopg import errors, pq
from psycopg.adapt import AdaptersMap, PyFormat, Transformer
from psycopg.rows import TupleRow

from src.database.built import register_json
from src.database.connection import Fetched
from src.database.libpq import send_pipeline_sync
from src.exceptions import Busy, Unavailable

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

    from src.database.statement import Statement

Connect = Callable[[], Awaitable[psycopg.AsyncConnection[TupleRow]]]

_STALE_SECONDS = 0.005
"""A lane whose statement has taken this long gets no new ones while there are others."""
_BLOCKED_SECONDS = 0.1
"""A lane whose statement has taken this long gets no new ones while there is another way."""
_WATCH_SECONDS = 0.5
_OPENING_SECONDS = 2.0
_TOGETHER = 4
"""Statements of a turn of the loop that leave together: the server begins while we go on."""
_REOPEN_SECONDS = (0.05, 1.0)
"""The first and the longest pause before a lost lane is opened again."""
_LIFETIME_SECONDS = 3600.0
_DRAIN_SECONDS = 2.0

_NOT_PREPARED = frozenset({"26000", "0A000"})
"""The server does not know the name any more, or a table has changed: nothing has been run."""

_ROWS = pq.ExecStatus.TUPLES_OK
_DONE = pq.ExecStatus.COMMAND_OK
_SYNC = pq.ExecStatus.PIPELINE_SYNC


class NotPrepared(Exception):
    """The lane has lost what it had prepared; the statement has not been run."""


class _Plan:
    """A statement as a lane has prepared it, and what its results look like."""

    __slots__ = ("format", "key", "name", "names")

    def __init__(self, key: tuple[bytes, tuple[int, ...]], name: bytes) -> None:
        self.key = key
        self.name = name
        self.names: list[str] | None = None
        self.format = pq.Format.TEXT  # until the types of the columns are known


class _Sent(NamedTuple):
    """Something under way: the Parse of a plan, or a statement, whose caller waits for `answer`."""

    plan: _Plan
    statement: "Statement"
    answer: asyncio.Future[Fetched] | None


class _BuiltJson:
    """The types of a connection, but for JSON, which arrives as `Json`."""

    def __init__(self, conn: psycopg.AsyncConnection[TupleRow]) -> None:
        self.adapters = AdaptersMap(conn.adapters)
        self.connection = conn
        register_json(self)


class Lane:
    """One connection in pipeline mode."""

    def __init__(self, conn: psycopg.AsyncConnection[TupleRow], *, prepares: bool) -> None:
        self.depth = 0
        """Statements that are under way."""
        self._head_since = 0.0
        """Since when the first of them has had the server to itself."""
        self.is_lost = False
        self.lost = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._sent: deque[_Sent | None] = deque()
        """What the server will answer, in order; None stands for a Sync."""
        self._plans: dict[tuple[bytes, tuple[int, ...]], _Plan] = {}
        self._named = 0
        self._prepares = prepares
        self._held: tuple[_Sent, asyncio.Future[Fetched], PGresult] | None = None
        """A result that waits for its Sync."""
        self._failure: Exception | None = None
        """What refused the Parse before it, or its commit."""
        self._is_blocked = False
        self._unsent = 0
        self._objects = Transformer(conn)
        self._texts = Transformer(_BuiltJson(conn))
        self._pg = conn.pgconn
        self._pointer: int = getattr(self._pg, "pgconn_ptr", None) or 0
        self._send_sync = send_pipeline_sync() if self._pointer else None
        self._pg.nonblocking = 1
        self._pg.enter_pipeline_mode()
        self._socket = self._pg.socket
        self._loop.add_reader(self._socket, self._read)

    def send(
        self, statement: "Statement", query: bytes, params: Sequence[Any]
    ) -> asyncio.Future[Fetched]:
        """Send a statement behind those that are under way.

        Raises what psycopg raises for a value that it cannot send. The answer raises what it raises
        for a refusal, NotPrepared, or OperationalError when the lane is lost.
        """
        answer: asyncio.Future[Fetched] = self._loop.create_future()
        if self.is_lost:
            answer.set_exception(psycopg.OperationalError("the lane is lost"))
            return answer
        values, types, formats = self._dumped(params)
        try:
            plan = self._plan(statement, query, types)
            if self._prepares:
                self._pg.send_query_prepared(plan.name, values, formats, plan.format)
            else:
                self._pg.send_query_params(query, values, types, formats, plan.format)
            self._sent.append(_Sent(plan, statement, answer))
            if not self.depth:
                self._head_since = math.inf  # until it has left
            self.depth += 1
            self._sync()
            self._sent.append(None)
        except psycopg.OperationalError as exc:
            self.lose(exc)
            if not answer.done():
                answer.set_exception(exc)
        return answer

    def lose(self, reason: Exception) -> None:
        """Give the connection up. Whoever waits for an answer gets the reason instead."""
        if self.is_lost:
            return
        self.is_lost = True
        self.lost.set()
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._pg.finish()
        self.depth = 0
        for answer in self._answers():
            answer.set_exception(psycopg.OperationalError(str(reason)))
        self._sent.clear()
        self._held = None

    async def drained(self) -> None:
        """Wait until nothing is under way."""
        if answers := self._answers():
            await asyncio.wait(answers)

    def _answers(self) -> list[asyncio.Future[Fetched]]:
        """What callers wait for."""
        owed = [sent.answer for sent in self._sent if sent is not None]
        held = self._held[1] if self._held is not None else None
        return [answer for answer in (held, *owed) if answer is not None and not answer.done()]

    def head_seconds(self) -> float:
        """How long the statement at the head has taken, as far as could be seen.

        The loop's clock (uvloop's stands still during a turn) tells when sockets were last looked
        at: that we ourselves take long is no fault of the server's.
        """
        return self._loop.time() - self._head_since

    def _dumped(self, params: Sequence[Any]) -> tuple[Any, tuple[int, ...], Any]:
        if not params:
            return None, (), None
        objects = self._objects
        values = objects.dump_sequence(params, [PyFormat.AUTO] * len(params))
        return values, objects.types or (), objects.formats

    def _plan(self, statement: "Statement", query: bytes, types: tuple[int, ...]) -> _Plan:
        key = query, types
        plan = self._plans.get(key)
        if plan is None:
            self._named += 1
            plan = self._plans[key] = _Plan(key, b"lane_%d" % self._named)
            if self._prepares:
                self._pg.send_prepare(plan.name, query, types)
                self._sent.append(_Sent(plan, statement, None))
        return plan

    def _sync(self) -> None:
        """End a statement. What is sent in one turn of the event loop leaves together."""
        if self._send_sync is None:
            self._pg.pipeline_sync()
            self._flush()
            return
        if not self._send_sync(self._pointer):
            raise psycopg.OperationalError("the lane cannot send")
        self._unsent += 1
        if self._unsent == 1:
            self._loop.call_soon(self._write)
        elif self._unsent % _TOGETHER == 0:
            self._flush()

    def _flush(self) -> None:
        self._unsent = 0
        if self._head_since == math.inf:
            self._head_since = time.monotonic()
        is_blocked = self._pg.flush() != 0
        if is_blocked != self._is_blocked:
            self._is_blocked = is_blocked
            if is_blocked:
                self._loop.add_writer(self._socket, self._write)
            else:
                self._loop.remove_writer(self._socket)

    def _write(self) -> None:
        if self.is_lost:
            return
        try:
            self._flush()
        except psycopg.OperationalError as exc:
            self.lose(exc)

    def _read(self) -> None:
        """Take what has come, and give it to those who wait for it."""
        pg, sent = self._pg, self._sent
        try:
            pg.consume_input()
            is_first, is_between = True, False
            while sent and not pg.is_busy():
                result = pg.get_result()
                if result is not None:
                    is_first = self._take(sent.popleft(), result, is_first=is_first)
                elif is_between:
                    raise psycopg.OperationalError("the lane is out of step")
                is_between = result is None  # each statement's results end with one None
            if self._is_blocked:
                self._flush()
        except psycopg.OperationalError as exc:
            self.lose(exc)

    def _take(self, sent: _Sent | None, result: "PGresult", *, is_first: bool) -> bool:
        """Take one result; returns whether the first answer of this reading is still to come.

        A statement is answered with its Sync, which is what commits it.
        """
        status = result.status
        if sent is None and status == _SYNC:
            return self._settle(is_first=is_first)
        if sent is None:  # the commit is refused; the Sync follows
            self._failure = errors.error_from_result(result)
            self._sent.appendleft(None)
        elif sent.answer is not None:
            self._held = sent, sent.answer, result
        elif status != _DONE:
            self._failure = errors.error_from_result(result)
            self._plans.pop(sent.plan.key, None)
        return is_first

    def _settle(self, *, is_first: bool) -> bool:
        """Give the result that is held to the one who waits for it."""
        held, self._held = self._held, None
        failure, self._failure = self._failure, None
        if held is None:
            raise psycopg.OperationalError("the lane is out of step")
        sent, answer, result = held
        self.depth -= 1
        if is_first:  # those behind it have come with it: their time is not known
            sent.statement.took(self.head_seconds())
            self._head_since = time.monotonic()
        if not answer.done():
            if failure is not None:
                answer.set_exception(failure)
            else:
                self._answer(sent, answer, result)
        return False

    def _answer(self, sent: _Sent, answer: asyncio.Future[Fetched], result: "PGresult") -> None:
        status = result.status
        if status == _ROWS:
            try:
                answer.set_result(self._fetched(sent, result))
            except Exception as exc:  # a value that Python cannot hold, such as the year 10000
                answer.set_exception(exc)
        elif status == _DONE:
            answer.set_result(Fetched(None, (), result.command_tuples or 0))
        else:
            refusal = errors.error_from_result(result)
            if refusal.sqlstate in _NOT_PREPARED:
                self._plans.pop(sent.plan.key, None)
                answer.set_exception(NotPrepared())
            else:
                answer.set_exception(refusal)

    def _fetched(self, sent: _Sent, result: "PGresult") -> Fetched:
        loader = self._texts if sent.statement.returns_json else self._objects
        loader.set_pgresult(result)
        count = result.ntuples
        rows = loader.load_rows(0, count, tuple) if count else ()
        plan = sent.plan
        if plan.names is None:
            plan.names = [(result.fname(i) or b"").decode() for i in range(result.nfields)]
            if all(
                loader.adapters.get_loader(result.ftype(i), pq.Format.BINARY)
                for i in range(result.nfields)
            ):
                plan.format = pq.Format.BINARY
        return Fetched(plan.names, rows, count)


class Lanes:
    """Some lanes to one server, kept open."""

    def __init__(
        self,
        connect: Connect,
        *,
        count: int,
        packed: int,
        depth: int,
        deadline: float,
        prepares: bool,
    ) -> None:
        """`packed` is how many statements a lane gets before the next one gets any.

        Many for reads, since the fewer lanes are awake, the cheaper; one for writes, since each
        waits for its own commit.
        """
        self._connect = connect
        self._count = count
        self._packed = packed
        self._depth = depth
        self._deadline = deadline
        self._prepares = prepares
        self._open: list[Lane] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._has_failed = False
        self._shed = 0
        self._chosen: Lane | None = None
        self._chosen_for = 0
        """The busy lane that this turn of the loop sends to, and for how many statements more."""

    def start(self) -> None:
        """Open the lanes, and go on opening those that are lost. It does not wait for them."""
        self._tasks = [asyncio.create_task(self._keep_open()) for _ in range(self._count)]
        self._tasks.append(asyncio.create_task(self._watch()))

    async def close(self) -> None:
        """Let what is under way end, for a moment, and close the lanes."""
        lanes = list(self._open)
        self._open.clear()
        await self._drained(lanes)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def stats(self) -> Mapping[str, int]:
        """Lanes that are open, statements under way, and statements that were sent away."""
        return {
            "lanes_open": len(self._open),
            "statements_waiting": sum(lane.depth for lane in self._open),
            "statements_shed": self._shed,
        }

    async def fetch(
        self, statement: "Statement", query: bytes, params: Sequence[Any], *, waits: bool
    ) -> Fetched | None:
        """Run a statement on the lane that is soonest free.

        None where each is held up, unless the caller `waits` even then. Raises Busy where all are
        full, Unavailable where none is open, and what psycopg raises.
        """
        lane = self._free()
        if lane is None:
            if not self._open:
                await self._opened()
            lane = self._free()
        if lane is None:
            lane = self._least_stale()
            if not waits and lane.head_seconds() > _BLOCKED_SECONDS:
                return None
        try:
            return await lane.send(statement, query, params)
        except NotPrepared:
            return await lane.send(statement, query, params)

    def _free(self) -> Lane | None:
        """The first lane with little to do, else the one with the least, that is not held up.

        Where all are busy, some statements of a turn go to the same: they leave together.
        """
        if (chosen := self._chosen) is not None and self._chosen_for:
            self._chosen_for -= 1
            if 0 < chosen.depth < self._depth:
                return chosen
        best, depth = None, self._depth
        for lane in self._open:
            if lane.depth < depth and (not lane.depth or lane.head_seconds() < _STALE_SECONDS):
                if lane.depth < self._packed:
                    return lane
                best, depth = lane, lane.depth
        if best is not None and best.depth:
            if self._chosen is None:
                asyncio.get_running_loop().call_soon(self._end_turn)
            self._chosen, self._chosen_for = best, _TOGETHER - 1
        return best

    def _end_turn(self) -> None:
        self._chosen = None

    def _least_stale(self) -> Lane:
        """The lane to wait at, when all have something that takes a while."""
        lanes = [lane for lane in self._open if lane.depth < self._depth]
        if not lanes:
            self._shed += 1
            raise Busy("Too many requests are waiting for the database: try again shortly.")
        return min(lanes, key=Lane.head_seconds)

    async def _opened(self) -> None:
        """Wait for the first lane, unless the last try to open one has failed."""
        if not self._has_failed:
            with suppress(TimeoutError):
                async with asyncio.timeout(_OPENING_SECONDS):
                    await self._changed.wait()
        if not self._open:
            raise Unavailable()

    async def _keep_open(self) -> None:
        first, longest = _REOPEN_SECONDS
        pause = first
        while True:
            try:
                async with asyncio.timeout(_OPENING_SECONDS):
                    conn = await self._connect()
            except (psycopg.Error, OSError):  # TimeoutError is one
                self._has_failed = True
                self._changed.set()
                await asyncio.sleep(pause)
                pause = min(pause * 2, longest)
                continue
            pause = first
            lane = Lane(conn, prepares=self._prepares)
            self._open.append(lane)
            self._has_failed = False
            self._changed.set()
            try:
                async with asyncio.timeout(_LIFETIME_SECONDS):
                    await lane.lost.wait()
            except TimeoutError:  # as the pools do: a session does not live for ever
                self._forget(lane)
                await self._drained([lane])
            finally:
                self._forget(lane)
                lane.lose(psycopg.OperationalError("the lane is closed"))
                await conn.close()

    def _forget(self, lane: Lane) -> None:
        with suppress(ValueError):
            self._open.remove(lane)
        if not self._open:
            self._changed.clear()

    async def _watch(self) -> None:
        """Give up on a server that does not answer, not even with its own statement timeout."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            for lane in list(self._open):
                if lane.depth and lane.head_seconds() > self._deadline:
                    lane.lose(psycopg.OperationalError("the server does not answer"))

    @staticmethod
    async def _drained(lanes: Sequence[Lane]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                await asyncio.gather(*(lane.drained() for lane in lanes))
