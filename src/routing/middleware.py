"""Serves what is compiled, and hands everything else on."""

from collections.abc import Awaitable, Mapping

from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.convertors import StringConvertor
from starlette.routing import Route as StarletteRoute
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from src.constants import KIB
from src.routing.plan import NotCompiledError, plan
from src.routing.source import Handler, handler
from src.routing.tree import Address, Tree

BODY_MAX = 64 * KIB
"""Larger bodies go to FastAPI, behind what limits them."""


class Compiled:
    """The routes of an application: those that are compiled in a tree, the others by reason."""

    def __init__(self, app: FastAPI, *, passed_on: ASGIApp, max_body_size: int) -> None:
        self.tree: Tree[Handler] = Tree()
        self.operations: set[str] = set()
        self.left_out: dict[str, str] = {}
        earlier: list[Address] = []
        for context in iter_route_contexts(app.routes):
            if isinstance(context.original_route, WebSocketRoute):
                continue
            name, address, made = context.name or "", address_of(context), None
            try:
                if any(other.is_hiding(address) for other in earlier):
                    raise NotCompiledError("an earlier route has some of its addresses")
                planned = plan(context, address)
                own_limit: int | None = context.max_body_size
                limit = min(BODY_MAX, max_body_size if own_limit is None else own_limit)
                made = handler(planned, passed_on=passed_on, limit=limit)
            except NotCompiledError as exc:
                self.left_out[name] = str(exc)
            else:
                self.operations.add(name)
            self.tree.add(address, made)
            earlier.append(address)


def address_of(context: RouteContext) -> Address:
    """The requests that a route takes."""
    if not isinstance(context.original_route, StarletteRoute):
        # A mount and its like take whatever begins as they do, by any method.
        return Address.below(context.path_format or "")
    methods = frozenset(context.methods) if context.methods else None
    if any(type(one) is not StringConvertor for one in context.param_convertors.values()):
        return Address.below(context.path_format or "", methods)
    return Address.of(context.path_format or "", methods)


class CompiledRoutes:
    """Serves requests by compiled routes; whatever they do not take goes on to `app`.

    What is compiled is settled with the first message: routes that are added later are FastAPI's.
    So are all while the application has dependency overrides.
    """

    def __init__(self, app: ASGIApp, *, max_body_size: int) -> None:
        self.app = app
        self.max_body_size = max_body_size
        self.compiled: Compiled | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        compiled = self.compiled
        if compiled is None:
            compiled = self.compiled = Compiled(
                scope["app"], passed_on=self.app, max_body_size=self.max_body_size
            )
        if (
            scope["type"] == "http"
            and (found := compiled.tree.find(scope["method"], scope["path"])) is not None
            and not scope.get("root_path")
            and not scope["app"].dependency_overrides
        ):
            serve, values = found
            return serve(scope, receive, send, values)
        return self.app(scope, receive, send)


def left_out(app: FastAPI) -> Mapping[str, str]:
    """The operations that are not compiled, with the reason of each."""
    return Compiled(app, passed_on=app, max_body_size=BODY_MAX).left_out
