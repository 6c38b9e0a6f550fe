"""Ordinary FastAPI path operations, served by straight-line handlers.

`Route` is the class of every route: it has a permission, and as a `JsonRoute` it knows endpoints
that return `Json[T]`. `CompiledRoutes` is the middleware that serves each route whose every part is
known by a function written for it at the start (`plan`, `source`), found in a tree (`tree`).
`Addresses` keeps the methods of an address apart from those of another template that fits it.
Whatever is unusual about a route or a request goes to FastAPI itself, with the body replayed:
FastAPI says what is right, this package only says it sooner.
"""

from src.routing.addresses import Addresses
from src.routing.at_once import at_once
from src.routing.middleware import CompiledRoutes
from src.routing.route import JsonRoute, Route, check_routes, permission_of
from src.routing.runtime import first_headers

__all__ = [
    "Addresses",
    "CompiledRoutes",
    "JsonRoute",
    "Route",
    "at_once",
    "check_routes",
    "first_headers",
    "permission_of",
]
