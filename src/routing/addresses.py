"""One address has one set of methods, whichever templates fit it."""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from src import problems
from src.routing.middleware import address_of
from src.routing.tree import Tree


class Addresses:
    """Refuses methods that an address does not take, before the router looks for another template.

    `/things/options` is no thing of that id: a DELETE is refused there, though `/things/{id}` takes
    it, and `Allow` has only what the document says of the address. The router would name the
    methods of the first route that fits. As with compiled routes, what is there is settled with
    the first message.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.tree: Tree[BaseRoute] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope.get("root_path"):
            if self.tree is None:
                self.tree = _tree(scope["app"])
            routes = self.tree.at(scope["path"])
            if routes and scope["method"] not in routes:
                # As the router would: the log and the trace say which address it was.
                scope["route"] = next(iter(routes.values()))
                refusal = problems.method_not_allowed(Request(scope, receive), routes.keys())
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _tree(app: FastAPI) -> Tree[BaseRoute]:
    tree: Tree[BaseRoute] = Tree()
    for context in iter_route_contexts(app.routes):
        if not isinstance(context.original_route, WebSocketRoute):
            tree.add(address_of(context), context.original_route)
    return tree
