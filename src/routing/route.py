"""The class of every route: one that has a permission, and knows `Json[T]`."""

import functools
import inspect
import types
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Union, cast, get_args, get_origin

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import get_name

from src import permissions
from src.database import Json
from src.permissions import PERMISSIONS, Permission

Endpoint = Callable[..., Awaitable[Any]]

JSON = "application/json"
DRAFT = "_draft"
"""The parameter by which an endpoint without one of its own gets the headers that others set."""


class UndeclaredError(Exception):
    """A route without a permission, or one that nothing enforces. The message says what to do."""


class JsonRoute(APIRoute):
    """A path operation that may return `Json[T]`: JSON that is sent as it is, and described as `T`.

    Its status and the headers set through a `response: Response` parameter hold as for any other
    return value. `Json[T] | Response` answers with whichever it is.
    """

    json_endpoint: Endpoint | None
    """The endpoint as it was written, if it returns `Json`; `endpoint` then answers for it."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        status_code: int | None = None,
        **declared: Any,
    ) -> None:
        self.json_endpoint = None
        signature = inspect.signature(endpoint, eval_str=True)
        if (shape := _json_shape(signature.return_annotation)) is not None:
            self.json_endpoint = endpoint
            endpoint = _answering(endpoint, signature, shape, status_code or 200)
        super().__init__(path, endpoint, status_code=status_code, **declared)


class Route(JsonRoute):
    """The class of the service's own routes: each has a permission in `src.permissions`.

    Raises UndeclaredError at once for a route that has none, or whose dependencies do not enforce
    what it says. The permission is in the OpenAPI document as `x-permission`, and in words.
    """

    permission: Permission

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        openapi_extra: dict[str, Any] | None = None,
        **declared: Any,
    ) -> None:
        name = name or get_name(endpoint)
        permission = PERMISSIONS.get(name)
        if permission is None:
            raise UndeclaredError(
                f"The route {name} ({path}) has no permission: say in PERMISSIONS of "
                "src/permissions.py who may use it."
            )
        text = description or inspect.cleandoc(endpoint.__doc__ or "")
        super().__init__(
            path,
            endpoint,
            name=name,
            description=f"{text}\n\n**Who:** {permission.sentence()}",
            openapi_extra={"x-permission": permission.described(), **(openapi_extra or {})},
            **declared,
        )
        if mistake := permissions.mistake(name, permission, set(_calls(self.dependant))):
            raise UndeclaredError(mistake)
        self.permission = permission

    @property
    def takes_key(self) -> bool:
        """Whether the route takes an `Idempotency-Key`."""
        return self.permission.takes_key and "POST" in (self.methods or ())


def permission_of(request: Request) -> Permission:
    """What the route that serves the request demands."""
    return cast("Route", request.scope["route"]).permission


def check_routes(app: FastAPI) -> None:
    """Raise UndeclaredError if a path operation of the application has no permission."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and not isinstance(route, Route):
            raise UndeclaredError(
                f"The route {route.name} ({route.path}) is of no class that asks for a permission: "
                "make its router with route_class=Route."
            )


def _calls(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    for needed in dependant.dependencies:
        if needed.call is not None:
            yield needed.call
        yield from _calls(needed)


def _json_shape(annotation: Any) -> Any:
    """The `T` of `Json[T]` and of `Json[T] | Response`; None for any other annotation."""
    if get_origin(annotation) in (Union, types.UnionType):
        others = [one for one in get_args(annotation) if not _is_response(one)]
        annotation = others[0] if len(others) == 1 else None
    if get_origin(annotation) is Json:
        (shape,) = get_args(annotation)
        return shape
    return None


def _is_response(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Response)


def _answering(
    endpoint: Endpoint, signature: inspect.Signature, shape: Any, status_code: int
) -> Endpoint:
    """`endpoint` with its JSON as a response, which FastAPI leaves alone."""
    parameters = list(signature.parameters.values())
    own = next((one.name for one in parameters if _is_response(one.annotation)), None)
    if own is None:
        draft = inspect.Parameter(DRAFT, inspect.Parameter.KEYWORD_ONLY, annotation=Response)
        parameters.append(draft)

    @functools.wraps(endpoint)
    async def answer(**given: Any) -> Response:
        draft: Response = given[own] if own is not None else given.pop(DRAFT)
        built = await endpoint(**given)
        if isinstance(built, Response):
            return built
        # FastAPI's draft has no status until somebody gives it one.
        response = Response(built.text, draft.status_code or status_code, media_type=JSON)
        response.raw_headers.extend(draft.raw_headers)
        return response

    described = signature.replace(parameters=parameters, return_annotation=shape)
    vars(answer)["__signature__"] = described
    return answer
