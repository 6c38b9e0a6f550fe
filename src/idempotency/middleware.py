"""`Idempotency-Key` at the door: a POST that is repeated is answered as it was before.

It stands around whatever serves the routes, so it is there for all of them. Which POST takes a key
is said in `src.permissions`. A request without the header passes as it is.

The answer is kept before it is sent, but after the transaction that it tells of: a process that
dies between the two has done what it was asked, and the same key does it again.
"""

from collections.abc import Awaitable, Callable
from typing import cast
from uuid import UUID

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from src import logs, problems
from src.database import Connection
from src.dependencies import current_pools, current_settings
from src.exceptions import CoreError
from src.idempotency import service
from src.idempotency.constants import ANSWER_MAX, HEADER, KEPT_HEADERS, KEY_MAX, PASSING, REPLAYED
from src.idempotency.exceptions import IdempotencyKeyInvalid
from src.idempotency.schemas import AnswerSecret, Asked
from src.permissions import Principal
from src.routing import Route
from src.routing.middleware import address_of
from src.routing.runtime import first_headers, replayed
from src.routing.tree import Address, Tree
from src.security import Sealer, keyed_hash

log = logs.get_logger("core_api.idempotency")

_HEADER = HEADER.lower().encode()
_REPLAYED = (REPLAYED.lower().encode(), b"true")

Identify = Callable[[Request], Awaitable[str | None]]
"""Who calls, as routes will see it; None for somebody whom they will refuse."""


class Idempotency:
    """Serves a POST with a key once, and answers those that repeat it."""

    def __init__(self, app: ASGIApp, *, identify: Identify, max_body_size: int) -> None:
        self.app = app
        self.identify = identify
        self.max_body_size = max_body_size
        self._routes: Tree[Route] | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # No coroutine of its own for those without the header, which is nearly everybody.
        if scope.get("method") == "POST" and _HEADER in first_headers(scope):
            return self._serve(scope, receive, send)
        return self.app(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, received = Request(scope), list[Message]()
        conn: Connection = current_pools(request).write.single
        sealer: Sealer = request.app.state.sealer
        try:
            asked = await self._asked(request, receive, received)
            found = None if asked is None else await service.begin(conn, sealer, asked)
        except CoreError as exc:
            await problems.from_core_error(request, exc)(scope, receive, send)
            return
        receive = replayed(received, receive)
        if asked is None or found is None:
            await self.app(scope, receive, send)
        elif isinstance(found, AnswerSecret):
            await _give_again(found, send)
        else:
            recording = Recording(send, conn, sealer, asked, found)
            try:
                await self.app(scope, receive, recording)
            finally:
                await recording.give_up()

    async def _asked(
        self, request: Request, receive: Receive, received: list[Message]
    ) -> Asked | None:
        """What is asked, with every message of the body in `received`; None where no key counts.

        Raises IdempotencyKeyInvalid, and Unavailable.
        """
        route = self.route_of(request.scope)
        if route is None:
            return None
        key = _sent_key(request)
        if route.permission.principal is Principal.ANONYMOUS:
            caller: str | None = f"at {request.client.host if request.client else ''}"
        else:
            caller = await self.identify(request)
        if caller is None or (body := await self._body(receive, received)) is None:
            return None
        secret, scope = current_settings(request).secret_key, request.scope
        # A page of another origin is another caller: what it is given depends on where it is.
        origin, media = (request.headers.get(name, "") for name in ("origin", "content-type"))
        who = [part.encode() for part in (caller, route.name, origin)]
        what = [scope["path"].encode(), scope["query_string"], media.encode(), body]
        return Asked(
            key=keyed_hash(secret, b"idempotency key", *who, key),
            fingerprint=keyed_hash(secret, b"idempotency fingerprint", *what),
        )

    async def _body(self, receive: Receive, received: list[Message]) -> bytes | None:
        """The body. None if it is larger than any is, or its sender has left."""
        size, has_more = 0, True
        while has_more:
            message = await receive()
            received.append(message)
            size += len(message.get("body", b""))
            if message["type"] != "http.request" or size > self.max_body_size:
                return None
            has_more = message.get("more_body", False)
        return b"".join(message.get("body", b"") for message in received)

    def route_of(self, scope: Scope) -> Route | None:
        """The route that will serve the request, if it is one that takes a key."""
        if self._routes is None:
            self._routes = _routes(scope["app"])
        found = self._routes.find(scope["method"], scope["path"])
        return found[0] if found is not None else None


class Recording:
    """Keeps an answer, and only then sends it."""

    def __init__(
        self, send: Send, conn: Connection, sealer: Sealer, asked: Asked, holder: UUID
    ) -> None:
        self._send = send
        self._conn = conn
        self._sealer = sealer
        self._asked = asked
        self._holder = holder
        self._messages: list[Message] = []
        self._size = 0
        self._has_ended = False

    async def __call__(self, message: Message) -> None:
        if self._has_ended:
            await self._send(message)
            return
        self._messages.append(message)
        self._size += len(message.get("body", b""))
        is_body = message["type"] == "http.response.body"
        if is_body and not message.get("more_body", False) and self._size <= ANSWER_MAX:
            await self._end(self._answer())
        elif self._size > ANSWER_MAX:
            await self._end(None)

    async def give_up(self) -> None:
        """Let the key go if nothing was answered."""
        if not self._has_ended:
            await self._end(None)

    def _answer(self) -> AnswerSecret | None:
        """The answer, if it is one to be kept."""
        start, *body = self._messages
        status: int = start["status"]
        if status in PASSING or status >= 500:
            return None
        kept = tuple(header for header in start["headers"] if header[0].lower() in KEPT_HEADERS)
        return AnswerSecret(status, kept, b"".join(part.get("body", b"") for part in body))

    async def _end(self, answer: AnswerSecret | None) -> None:
        self._has_ended = True
        try:
            if answer is None:
                await service.let_go(self._conn, self._asked, holder=self._holder)
            else:
                await service.keep(
                    self._conn, self._sealer, self._asked, holder=self._holder, answer=answer
                )
        except CoreError as exc:  # what was asked is done: the caller should know
            log.warning("answer not kept", error=exc.code)
        for message in self._messages:
            await self._send(message)


async def _give_again(answer: AnswerSecret, send: Send) -> None:
    length = (b"content-length", str(len(answer.body)).encode())
    has_body = answer.status not in {204, 304}
    headers = [*answer.headers, _REPLAYED, *([length] if has_body else [])]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _sent_key(request: Request) -> bytes:
    keys = [value for name, value in request.scope["headers"] if name == _HEADER]
    key: bytes = keys[0]
    if len(keys) > 1 or not 1 <= len(key) <= KEY_MAX or not all(33 <= one <= 126 for one in key):
        raise IdempotencyKeyInvalid()
    return key


def _routes(app: FastAPI) -> Tree[Route]:
    """The routes that take a key, by their addresses."""
    tree: Tree[Route] = Tree()
    earlier: list[Address] = []
    for context in iter_route_contexts(app.routes):
        route, address = context.original_route, address_of(context)
        is_clear = not any(other.is_hiding(address) for other in earlier)
        takes_key = isinstance(route, Route) and route.takes_key and is_clear
        tree.add(address, cast("Route", route) if takes_key else None)
        earlier.append(address)
    return tree
