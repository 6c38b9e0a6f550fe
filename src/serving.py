"""uvicorn's HTTP with a short way for what nearly every request is.

A plain request whose answer is one piece of known length takes a tenth of the steps, and leaves in
one write. Whatever is unusual about a request or an answer is uvicorn's own, so is every refusal.
"""

import asyncio
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from typing_extensions import override
from uvicorn._types import ASGI3Application, ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

_CONTROLS = bytes(byte for byte in (*range(32), 127) if byte != ord("\t"))
"""What no value of a header may hold."""
_UNUSUAL = frozenset({b"connection", b"transfer-encoding"})
"""Headers that say how the answer is sent."""
_NAMES_MAX = 200
_NO_BODY = (204, 304)

_line = b"%b: %b\r\n".__mod__
_names: set[bytes] = set()
"""Names of headers that uvicorn has sent, and that change nothing about how an answer is sent."""


class _Sent:
    """What there is to await when everything has been done."""

    __slots__ = ()

    def __await__(self) -> Any:
        return iter(())


_SENT = _Sent()


class _DefaultHeaders:
    """The lines of the headers that uvicorn gives each answer; they change with the second."""

    __slots__ = ("_given", "_lines")

    def __init__(self) -> None:
        self._given: list[tuple[bytes, bytes]] | None = None
        self._lines = b""

    def lines(self, given: list[tuple[bytes, bytes]]) -> bytes:
        if given is not self._given:
            self._given, self._lines = given, b"".join(map(_line, given))
        return self._lines


_default_headers = _DefaultHeaders()


class Exchange(RequestResponseCycle):
    """A request and its answer. uvicorn's, with what it keeps made only when it is needed."""

    disconnected = False
    response_started = False
    response_complete = False
    chunked_encoding: bool | None = None
    expected_content_length = 0
    more_body = True
    access_log = False
    body: Any = b""
    task: "asyncio.Task[None] | None" = None
    _is_taken = False
    """Whether the application has been given the whole body at once."""
    _start: Any = None
    """The beginning of an answer whose body has not come yet: it waits for that, as ASGI asks."""

    def __init__(self, protocol: "Protocol", *, keep_alive: bool) -> None:
        self.scope = protocol.scope
        self.transport = protocol.transport
        self.flow = protocol.flow
        self.logger = protocol.logger
        self.default_headers = protocol.server_state.default_headers
        self.on_response = protocol.on_response_complete
        self.tasks = protocol.tasks
        self.keep_alive = keep_alive
        self.waiting_for_100_continue = protocol.expect_100_continue

    def __getattr__(self, name: str) -> Any:
        if name != "message_event":
            raise AttributeError(name)
        event = self.message_event = asyncio.Event()
        is_waiting = not self._is_taken and (self.body or not self.more_body)
        if is_waiting or self.disconnected or self.response_complete:
            event.set()
        return event

    @override
    async def run_asgi(self, app: ASGI3Application) -> None:
        try:
            await app(self.scope, self.receive, self.send)
        except BaseException as exc:
            failure, self._start = exc, None

            async def fail(*_: object) -> None:
                raise failure

            await super().run_asgi(fail)
        else:
            if not self.response_complete and not self.disconnected:
                self._start = None
                await super().run_asgi(_do_nothing)
        finally:
            self.on_response = _nothing
            if self.task is not None:
                self.tasks.discard(self.task)
                self.task = None

    @override
    async def receive(self) -> ASGIReceiveEvent:
        is_whole = not self.more_body and "message_event" not in vars(self)
        if is_whole and not (
            self._is_taken
            or self.disconnected
            or self.response_complete
            or self.waiting_for_100_continue
        ):
            self._is_taken = True
            body, self.body = self.body, b""
            return {"type": "http.request", "body": bytes(body), "more_body": False}
        return await super().receive()

    @override
    def send(self, message: ASGISendEvent) -> Any:
        start = self._start
        if start is None:
            if message["type"] == "http.response.start" and not self.response_started:
                self._start = message
                return _SENT
            return super().send(message)
        if self._has_sent(start, message):
            self._start = None
            return _SENT
        return self._send_slowly(start, message)

    def _has_sent(self, start: Any, message: Any) -> bool:
        """Send an answer as a whole. False if something about it is uvicorn's to judge."""
        if message["type"] != "http.response.body" or message.get("more_body"):
            return False
        headers, status, body = start.get("headers", ()), start["status"], message.get("body", b"")
        fields = dict(headers)
        if not _names.issuperset(fields) or self.disconnected or self.flow.write_paused:
            return False
        length = fields.get(b"content-length")
        if length != b"%d" % len(body) and not (length is None and status in _NO_BODY and not body):
            return False
        lines = b"".join(map(_line, headers))
        if len(lines.translate(None, _CONTROLS)) != len(lines) - 2 * len(headers):
            return False
        end = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
        defaults = _default_headers.lines(self.default_headers)
        self.transport.write(b"".join((STATUS_LINE[status], defaults, lines, end, body)))
        self.response_started = self.response_complete = True
        if "message_event" in vars(self):
            self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
        return True

    async def _send_slowly(self, start: Any, message: ASGISendEvent) -> None:
        self._start = None
        await super().send(start)
        _learn(name for name, _ in start.get("headers", ()))
        await super().send(message)


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with one timer a connection for keeping it alive."""

    _is_answering = False
    _is_idle = False
    """Whether nothing has come since the last answer."""
    _idle_since = 0.0
    _idle_timer: asyncio.TimerHandle | None = None

    @override
    def data_received(self, data: bytes) -> None:
        self._is_idle = False
        super().data_received(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        super().connection_lost(exc)

    @override
    def on_headers_complete(self) -> None:
        parser, url = self.parser, self.url
        is_in_order, self._is_answering = not self._is_answering, True
        if (
            not is_in_order
            or not url.startswith(b"/")
            or b"#" in url
            or self.root_path
            or self.limit_concurrency is not None
            or parser.should_upgrade()
        ):
            super().on_headers_complete()
            return
        raw_path, _, query = url.partition(b"?")
        path = raw_path.decode("ascii")
        scope = self.scope
        scope["method"] = parser.get_method().decode("ascii")
        version = scope["http_version"] = parser.get_http_version()
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = raw_path
        scope["query_string"] = query
        keep_alive = version != "1.0" and parser.should_keep_alive()
        self.cycle = Exchange(self, keep_alive=keep_alive)
        self._start_asgi_task(self.cycle, self.app)

    @override
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if not isinstance(cycle, Exchange) or self.config.reset_contextvars:
            super()._start_asgi_task(cycle, app)
            return
        cycle.task = self.loop.create_task(cycle.run_asgi(app))
        self.tasks.add(cycle.task)

    @override
    def on_body(self, body: bytes) -> None:
        cycle = self.cycle
        if not isinstance(cycle, Exchange):
            super().on_body(body)
        elif (
            cycle.body
            or cycle.response_complete
            or len(body) > HIGH_WATER_LIMIT
            or "message_event" in vars(cycle)
        ):
            if isinstance(cycle.body, bytes):  # many small pieces would be copied again and again
                cycle.body = bytearray(cycle.body)
            super().on_body(body)
        else:
            cycle.body = body

    @override
    def on_message_complete(self) -> None:
        cycle = self.cycle
        if cycle.response_complete or not isinstance(cycle, Exchange):
            super().on_message_complete()
            return
        cycle.more_body = False
        if "message_event" in vars(cycle):
            cycle.message_event.set()

    @override
    def on_response_complete(self) -> None:
        self._is_idle, self._is_answering = True, bool(self.pipeline)
        self._idle_since = self.loop.time()
        if self.pipeline or self.flow.read_paused or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        if self._idle_timer is None:
            self._wait_idly(self.timeout_keep_alive)

    def _wait_idly(self, seconds: float) -> None:
        self._idle_timer = self.loop.call_later(seconds, self._look_whether_idle)

    def _look_whether_idle(self) -> None:
        self._idle_timer = None
        if not self._is_idle:
            return  # the next answer sets the timer again
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._wait_idly(left)
        else:
            self.timeout_keep_alive_handler()


def _learn(names: Iterable[bytes]) -> None:
    """Keep names that uvicorn has found right, a bounded number of them."""
    if len(_names) < _NAMES_MAX:
        _names.update(name for name in names if name == name.lower() and name not in _UNUSUAL)


async def _do_nothing(*_: object) -> None:
    """Stand for an application that has not answered."""


def _nothing() -> None:
    """Stand for what is not to be called again."""
