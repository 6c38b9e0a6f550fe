"""What happens around every request, as plain ASGI: ids, log line, metrics, headers, defects."""

import asyncio
import time
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from uuid import UUID

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from src import acting, limiter, logs, problems, tracing
from src.constants import FIRST_HEADERS, MIB
from src.exceptions import ErrorCode, PayloadTooLarge
from src.metrics import Metrics

Header = tuple[bytes, bytes]

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

    # Every request passes here: raw headers, and one function less a message, are worth it.

    def __init__(self, app: ASGIApp, *, metrics: Metrics, has_https: bool) -> None:
        self.app = app
        self.metrics = metrics
        headers = SECURITY_HEADERS | ({"Strict-Transport-Security": HSTS} if has_https else {})
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self.names = frozenset(name for name, _ in self.headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        sent = scope[FIRST_HEADERS] = dict(scope["headers"][::-1])
        given = sent.get(b"x-request-id")
        request_id = str(uuid7()) if given is None else _request_id(given)
        caller = tracing.parent(sent[b"traceparent"]) if b"traceparent" in sent else None
        trace_id = tracing.new_trace_id() if caller is None else caller.trace_id
        state = scope.setdefault("state", {})
        state["request_id"], state["trace_id"] = request_id, trace_id
        is_private = b"authorization" in sent or b"cookie" in sent
        method = scope["method"]
        if method == "HEAD":
            # A copy: the server, whose scope it is, must know that no body will come.
            scope = {**scope, "method": "GET"}
            send = _without_body(send)
        status = _CLIENT_CLOSED

        def send_on(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._headers(message["headers"], request_id, is_private)
            return send(message)

        span = tracing.begin_request(scope, method, trace_id, caller)
        lines = logs.current_request.set((request_id, trace_id))
        key = acting.api_key.set(None)
        spans = tracing.current.set(span) if span is not None else None
        try:
            await self.app(scope, receive, send_on)
        finally:
            seconds = time.perf_counter() - started
            logs.current_request.reset(lines)
            acting.api_key.reset(key)
            operation = getattr(scope.get("route"), "name", None) or "unknown"
            if span is not None and spans is not None:
                tracing.current.reset(spans)
                tracing.end_request(span, operation, status)
            self.metrics.observe(method=method, operation=operation, status=status, seconds=seconds)
            logs.answered(
                method=method,
                path=problems.sent_path(scope),
                operation=operation,
                status=status,
                seconds=seconds,
                request_id=request_id,
                trace_id=trace_id,
            )

    def _headers(self, given: Iterable[Header], request_id: str, is_private: bool) -> list[Header]:
        """The headers of an answer, and ours where it has none of that name."""
        headers = list(given)
        names = dict(headers)
        if b"x-request-id" in names:
            headers = [header for header in headers if header[0] != b"x-request-id"]
        headers.append((b"x-request-id", request_id.encode()))
        if self.names.isdisjoint(names):
            headers += self.headers
        else:
            headers += [header for header in self.headers if header[0] not in names]
        if limiter.noted.get():
            headers += limiter.noted_fields()
        if (is_private or b"set-cookie" in names) and b"cache-control" not in names:
            headers.append((b"cache-control", b"no-store"))
        return headers


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
        except Exception as exc:
            await problems.unhandled(request, exc, send, has_begun=is_started)


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


def _without_body(send: Send) -> Send:
    def send_on(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        return send(message)

    return send_on


def _request_id(given: bytes) -> str:
    with suppress(ValueError):
        return str(UUID(given.decode("latin-1")))
    return str(uuid7())


def templates(app: FastAPI) -> dict[str, str]:
    """The path of each operation, `/v1/teams/{team_id}`; a route by itself knows no prefix."""
    routes = iter_route_contexts(app.routes)
    return {route.name: route.path for route in routes if route.name and route.path}


def exposed_headers() -> Iterable[str]:
    """Response headers that browsers show to scripts of other origins."""
    return (
        "ETag",
        "Idempotency-Replayed",
        "Location",
        limiter.STATE_FIELD,
        limiter.POLICY_FIELD,
        "Retry-After",
        "X-Request-Id",
    )
