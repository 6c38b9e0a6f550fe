"""What happens around every request, as plain ASGI: ids, log line, metrics, headers, defects."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from src import logs, problems, tracing
from src.constants import MIB
from src.exceptions import ErrorCode, PayloadTooLarge
from src.metrics import Metrics

log = logs.get_logger("core_api.access")

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
HSTS = "max-age=31536000; includeSubDomains"

_DRAIN_BYTES = 64 * MIB
_DRAIN_SECONDS = 10.0
"""How much of a body that is too large is taken and thrown away, and for how long."""

_CLIENT_CLOSED = 499
"""What the log says when the caller left before the answer, as other servers' logs do."""


class RequestContext:
    """Gives a request its ids and its limits on the way in, headers and a log line on the way out.

    HEAD is answered as GET without the body.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, has_https: bool) -> None:
        self.app = app
        self.metrics = metrics
        self.headers = dict(SECURITY_HEADERS)
        if has_https:
            self.headers["Strict-Transport-Security"] = HSTS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = Headers(scope=scope)
        request_id = _request_id(headers.get("x-request-id"))
        traceparent = headers.get("traceparent", "").encode("latin-1")
        trace_id = tracing.trace_id(traceparent)
        state = scope.setdefault("state", {})
        state["request_id"], state["trace_id"] = request_id, trace_id
        is_private = "authorization" in headers or "cookie" in headers
        method = scope["method"]
        is_head = method == "HEAD"
        if is_head:
            scope["method"] = "GET"
        status = _CLIENT_CLOSED

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(message, request_id, is_private=is_private)
            elif is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        with logs.bound(request_id=request_id, trace_id=trace_id):
            try:
                await self.app(scope, receive, send_on)
            finally:
                self._report(scope, method, status, time.perf_counter() - started)

    def _add_headers(self, message: Message, request_id: str, *, is_private: bool) -> None:
        headers = MutableHeaders(scope=message)
        headers["X-Request-Id"] = request_id
        for name, value in self.headers.items():
            headers.setdefault(name, value)
        if is_private or "set-cookie" in headers:
            headers.setdefault("Cache-Control", "no-store")

    def _report(self, scope: Scope, method: str, status: int, seconds: float) -> None:
        route = scope.get("route")
        operation = getattr(route, "name", None) or "unknown"
        self.metrics.observe(method=method, operation=operation, status=status, seconds=seconds)
        # The path without its query: queries may carry what no log should.
        log.info(
            "request",
            method=method,
            path=_sent_path(scope),
            operation=operation,
            status=status,
            ms=round(seconds * 1000, 2),
        )


class LastResort:
    """Turns a defect into a problem and a log line; nothing of the exception reaches the caller."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        if (encoding := Headers(scope=scope).get("content-encoding", "identity")) != "identity":
            response = problems.render(
                request,
                status=415,
                code=ErrorCode.UNSUPPORTED_MEDIA_TYPE,
                detail=f"Send the body as it is, without Content-Encoding {encoding[:20]}.",
            )
            await response(scope, receive, send)
            return
        is_started = False

        async def send_on(message: Message) -> None:
            nonlocal is_started
            is_started = is_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_on)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception:
            logs.get_logger("core_api").exception("unhandled", path=_sent_path(scope))
            if is_started:
                raise
            await problems.internal_error(request)(scope, receive, send)


class BodyLimit:
    """Refuses larger bodies with a problem, where Starlette's own limit would answer in plain text.

    A route may say another limit: `max_body_size`.
    """

    def __init__(self, app: ASGIApp, *, max_body_size: int) -> None:
        self.app = RequestBodyLimitMiddleware(app, max_body_size)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_refused = has_ended = False

        async def receive_on() -> Message:
            nonlocal has_ended
            message = await receive()
            has_ended = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        async def drain() -> None:
            """Take what is still being sent: a client that is cut off does not read why."""
            size = 0
            with suppress(TimeoutError):
                async with asyncio.timeout(_DRAIN_SECONDS):
                    while not has_ended and size < _DRAIN_BYTES:
                        size += len((await receive_on()).get("body", b""))

        async def send_on(message: Message) -> None:
            nonlocal is_refused
            is_start = message["type"] == "http.response.start"
            if is_start and message["status"] == PayloadTooLarge.status and not waits:
                await drain()
            if is_start and _is_plain_refusal(message):
                is_refused = True
                await problems.too_large(Request(scope))(scope, receive, send)
            elif not is_refused:
                await send(message)

        # One that asks first (`Expect: 100-continue`) gets its answer before it sends.
        waits = scope["type"] == "http" and "expect" in Headers(scope=scope)
        await self.app(scope, receive_on, send_on)


def _is_plain_refusal(message: Message) -> bool:
    media = Headers(raw=message["headers"]).get("content-type", "")
    return message["status"] == PayloadTooLarge.status and media.startswith("text/plain")


def _sent_path(scope: Scope) -> str:
    """The path as it was sent, percent signs and all: decoded, it could forge a line of the log."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.decode("latin-1").partition("?")[0]


def _request_id(given: str | None) -> str:
    if given:
        try:
            return str(UUID(given))
        except ValueError:
            pass
    return str(uuid7())


def exposed_headers() -> Iterable[str]:
    """Response headers that browsers show to scripts of other origins."""
    return ("ETag", "Location", "Retry-After", "X-Request-Id")
