"""What the handlers that `source` writes call."""

import email.message
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import FastAPIError, ResponseValidationError
from fastapi.routing import RouteContext
from fastapi.utils import is_body_allowed_for_status_code
from pydantic import ValidationError
from pydantic_core import from_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from src import problems
from src.constants import FIRST_HEADERS

_SHORT_QUERY = 100
"""Bytes of a query that is remembered."""

Handler = Callable[[Request, Exception], Awaitable[Response]]


class UnusualError(Exception):
    """FastAPI answers this request."""


class Draft(Response):
    """The response that dependencies and endpoints add headers and a status to, as FastAPI's is."""

    def __init__(self) -> None:
        # No status until somebody gives it one, against what `Response` declares.
        vars(self).update(status_code=None, background=None, body=b"", raw_headers=[])


class ReadRequest(Request):
    """A request whose body has been read."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, body: bytes) -> None:
        super().__init__(scope, receive, send)
        self._body = body


class Watched:
    """Sends, and knows whether the answer has begun."""

    __slots__ = ("has_begun", "send")

    def __init__(self, send: Send) -> None:
        self.send = send
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
        await self.send(message)


def first_headers(scope: Scope) -> Mapping[bytes, bytes]:
    """The headers of a request; of those that come several times, the first counts."""
    found: dict[bytes, bytes] = scope.get(FIRST_HEADERS) or dict(scope["headers"][::-1])
    return found


def query_of(text: bytes) -> dict[str, str]:
    """The parameters of a query; of those that come several times, the last counts."""
    if not text:
        return {}
    return dict(_short_pairs(text) if len(text) <= _SHORT_QUERY else _pairs(text))


def _pairs(text: bytes) -> list[tuple[str, str]]:
    return parse_qsl(text.decode("latin-1"), keep_blank_values=True)


_short_pairs = lru_cache(maxsize=512)(_pairs)
"""Clients ask for the same page, with the same filters, again and again."""


def is_small(length: bytes | None, limit: int) -> bool:
    """Whether a request says that it has no body, or one of at most `limit` bytes."""
    return length is None or (len(length) < 8 and length.isdigit() and int(length) <= limit)


@lru_cache(maxsize=64)
def is_json(media: bytes | None) -> bool:
    """Whether FastAPI takes a body of this Content-Type for JSON."""
    if not media:
        return False
    message = email.message.Message()
    message["content-type"] = media.decode("latin-1")
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (
        subtype == "json" or subtype.endswith("+json")
    )


async def read(receive: Receive, received: list[Message], limit: int) -> bytes:
    """The body, of at most `limit` bytes; every message is kept in `received`.

    Raises UnusualError if it is larger, or the caller has left.
    """
    size = 0
    while True:
        message = await receive()
        received.append(message)
        if message["type"] != "http.request":
            raise UnusualError
        size += len(message.get("body", b""))
        if size > limit:
            raise UnusualError
        if not message.get("more_body", False):
            break
    if len(received) == 1:
        body: bytes = message.get("body", b"")
        return body
    return b"".join(message.get("body", b"") for message in received)


def replayed(received: Sequence[Message], receive: Receive) -> Receive:
    """A channel that says again what has been received, and then what is yet to come."""
    again = iter(received)

    async def replay() -> Message:
        for message in again:
            return message
        return await receive()

    return replay


def parsed(body: bytes, media: bytes | None) -> Any:
    """The JSON of a body. Raises UnusualError or ValueError where FastAPI reads something else.

    What both readers take they read alike; the first is quicker, the second FastAPI's own.
    """
    if not is_json(media):
        raise UnusualError
    try:
        return from_json(body)
    except ValueError:
        return json.loads(body)


def serialized(context: RouteContext, value: Any, status: int | None) -> Response:
    """The answer of an endpoint that declares no type, or a class of response."""
    made = context.response_class
    response_class = getattr(made, "value", made)
    content = jsonable_encoder(value)
    response: Response = (
        response_class(content) if status is None else response_class(content, status_code=status)
    )
    if not is_body_allowed_for_status_code(response.status_code):
        response.body = b""
    return response


def json_response(body: bytes, status: int) -> Response:
    """Serialized JSON under a status that may want no body."""
    response = Response(body, status, media_type="application/json")
    if not is_body_allowed_for_status_code(status):
        response.body = b""
    return response


def refused_value(exc: ValidationError, value: object) -> NoReturn:
    """Raise what FastAPI raises for a value that is not what the endpoint declares."""
    errors = [
        {**error, "loc": ("response", *error["loc"])} for error in exc.errors(include_url=False)
    ]
    raise ResponseValidationError(errors=errors, body=value) from None


def swallowed() -> NoReturn:
    """Raise for a generator that has ended as if nothing had been thrown into it."""
    raise FastAPIError("A dependency has swallowed what was raised: nothing is left to answer with")


async def failed(
    exc: Exception, scope: Scope, receive: Receive, send: Send, *, has_begun: bool
) -> None:
    """Answer with what the application makes of an exception, or as to a defect.

    Raises what comes when the answer has begun: the connection can only be cut.
    """
    has_begun = has_begun or (isinstance(send, Watched) and send.has_begun)
    watched = Watched(send)
    request = Request(scope, receive, watched)
    handler = _handler(request, exc)
    if handler is None:
        await problems.unhandled(request, exc, send, has_begun=has_begun)
        return
    try:
        if has_begun:
            raise RuntimeError("An exception with an answer came after the answer began.") from exc
        response = await handler(request, exc)
        await response(scope, receive, watched)
    except Exception as defect:
        has_begun = has_begun or watched.has_begun
        await problems.unhandled(request, defect, send, has_begun=has_begun)
    # An exception that is raised again and again would keep the traces of all its requests.
    exc.__traceback__ = None


def _handler(request: Request, exc: Exception) -> Handler | None:
    """The handler of an exception, found as Starlette finds it."""
    handlers: Mapping[Any, Handler] = request.app.exception_handlers
    if isinstance(exc, HTTPException) and exc.status_code in handlers:
        return handlers[exc.status_code]
    kinds = (kind for kind in type(exc).__mro__ if kind is not Exception)
    return next((handlers[kind] for kind in kinds if kind in handlers), None)
