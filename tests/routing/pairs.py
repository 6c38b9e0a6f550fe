"""Two applications of the same routes: one compiled, one served by FastAPI alone."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, FastAPI
from httpx2 import AsyncClient, Response
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from src import problems
from src.constants import MIB
from src.middleware import BodyLimit, LastResort
from src.routing import CompiledRoutes, JsonRoute
from tests.http import client_of

Declare = Callable[[APIRouter, list[str]], None]
Answer = tuple[int, list[tuple[str, str]], bytes]

FRESH = frozenset({"x-request-id", "date"})
"""Headers that tell one request from another."""


class Recorded:
    """An application that knows which requests FastAPI has not seen, and when answers went."""

    def __init__(self, app: ASGIApp, events: list[str] | None = None) -> None:
        self.app = app
        self.events = events if events is not None else []
        self.were_compiled: list[bool] = []
        self.scopes: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            self.events.append(str(message["type"]))
            await send(message)

        try:
            await self.app(scope, receive, send_on)
        finally:
            if scope["type"] == "http":
                self.were_compiled.append("fastapi" not in scope and "route" in scope)
                self.scopes.append(scope)


def answer(response: Response) -> Answer:
    """What two answers must have in common."""
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in FRESH]
    return response.status_code, headers, response.content


@dataclass
class Side:
    """One of the two: its application, a client, and what has happened in it."""

    app: FastAPI
    recorded: Recorded
    client: AsyncClient
    events: list[str] = field(default_factory=list)


@dataclass
class Pair:
    compiled: Side
    plain: Side

    async def send(
        self, method: str, url: str, *, is_compiled: bool | None, **sent: Any
    ) -> Response:
        """Send the same to both, which must answer alike and do the same in the same order.

        `is_compiled` says who must serve it; None leaves that open.
        """
        responses = []
        for side in (self.compiled, self.plain):
            side.events.clear()
            responses.append(await side.client.request(method, url, **sent))
        assert answer(responses[0]) == answer(responses[1])
        assert self.compiled.events == self.plain.events
        mine, theirs = self.compiled.recorded, self.plain.recorded
        assert not theirs.were_compiled[-1]
        if is_compiled is not None:
            assert mine.were_compiled[-1] is is_compiled
        assert mine.scopes[-1].get("path_params") == theirs.scopes[-1].get("path_params")
        return responses[0]


@asynccontextmanager
async def pair(declare: Declare) -> AsyncIterator[Pair]:
    """Both applications with the routes that `declare` adds to a router, given a list of events."""
    async with AsyncExitStack() as stack:
        sides = []
        for compiled in (True, False):
            events: list[str] = []
            middleware = [Middleware(LastResort), Middleware(BodyLimit, max_body_size=MIB)]
            if compiled:
                middleware.insert(0, Middleware(CompiledRoutes, max_body_size=MIB))
            app = FastAPI(middleware=middleware, redirect_slashes=False)
            problems.install(app)
            router = APIRouter(prefix="/v1", route_class=JsonRoute)
            declare(router, events)
            app.include_router(router)
            recorded = Recorded(app, events)
            client = await stack.enter_async_context(client_of(recorded))
            sides.append(Side(app, recorded, client, events))
        yield Pair(*sides)
