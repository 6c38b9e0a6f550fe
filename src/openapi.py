"""How the API describes itself."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.datastructures import State
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from src.constants import SAFE_METHODS
from src.exceptions import (
    BadRequest,
    CoreError,
    Invalid,
    MalformedJson,
    PayloadTooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from src.permissions import PERMISSIONS
from src.problems import MEDIA_TYPE, TYPE_PREFIX
from src.schemas import Problem

_SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token that signing in answers with.",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-core_at",
        "description": "Set by signing in with `token_transport: cookie`. Unsafe methods also need "
        "an allowed `Origin` and the session's token in `X-CSRF-Token`.",
    },
}
_API_KEY = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "core_key_...",
    "description": "An API key, for programs. It must have been made for the scope that the "
    "operation names, and does no more than its owner may.",
}

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Names this request, such as by a random UUID. For 24 hours, the same request "
    "under the same name is not done again: it gets the answer of the first one.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
"""What `src.idempotency` takes, for every POST that does not say otherwise in its permission."""

_PROBLEM = {"$ref": "#/components/schemas/Problem"}

Responses = dict[int | str, dict[str, Any]]


def problems(*errors: type[CoreError]) -> Responses:
    """The failures of an operation as OpenAPI responses, each problem code with its sentence."""
    by_status: dict[int, dict[str, str]] = {}
    for error in errors:
        by_status.setdefault(error.status, {})[str(error.code)] = error.message
    return {status: _response(status, codes) for status, codes in sorted(by_status.items())}


def private_problems(*errors: type[CoreError]) -> Responses:
    """As `problems`, for an operation that needs a signed-in caller and the database."""
    return problems(Unauthenticated, Unavailable, *errors)


def payload_problems(*errors: type[CoreError]) -> Responses:
    """As `private_problems`, for an operation that takes a body."""
    return private_problems(Invalid, *errors)


def _response(status: int, codes: dict[str, str]) -> dict[str, Any]:
    lines = [f"- `{code}`: {sentence}" for code, sentence in sorted(codes.items())]
    return {
        "description": "\n".join(lines),
        "model": Problem,
        "content": {
            MEDIA_TYPE: {
                "examples": {
                    code: {
                        "value": {
                            "type": TYPE_PREFIX + code,
                            "status": status,
                            "code": code,
                            "detail": sentence,
                        }
                    }
                    for code, sentence in sorted(codes.items())
                }
            }
        },
    }


def operation_id(route: APIRoute) -> str:
    """A route is known by its function's name: it is stable, and reads well in clients."""
    return route.name


class Kept(State):
    """What an application keeps, as attributes of its own: Starlette's are found by a function."""

    @override
    def __setattr__(self, key: Any, value: Any) -> None:
        object.__setattr__(self, key, value)

    @override
    def __delattr__(self, key: Any) -> None:
        object.__delattr__(self, key)


class DescribedApp(FastAPI):
    """An application whose document tells the truth: failures are problems, all of them listed.

    `around` is middleware that stands outside of FastAPI's own, which most requests then never see.
    `cookie_refusals` are what a signed-in caller's changes may meet, `unverified_refusals` what a
    caller may whose email waits for verification, and `key_refusals` those that come with an
    `Idempotency-Key`. `scope_refusals` are what an API key may meet where one is taken,
    `session_refusals` where none is. No operation lists them itself.
    """

    def __init__(
        self,
        *,
        around: Sequence[Middleware] = (),
        cookie_refusals: Sequence[type[CoreError]] = (),
        key_refusals: Sequence[type[CoreError]] = (),
        unverified_refusals: Sequence[type[CoreError]] = (),
        scope_refusals: Sequence[type[CoreError]] = (),
        session_refusals: Sequence[type[CoreError]] = (),
        **declared: Any,
    ) -> None:
        super().__init__(**declared)
        self.state = Kept()
        self.cookie_refusals = cookie_refusals
        self.key_refusals = key_refusals
        self.unverified_refusals = unverified_refusals
        self.scope_refusals = scope_refusals
        self.session_refusals = session_refusals
        outermost: ASGIApp = super().__call__
        for middleware, args, kwargs in reversed(around):
            outermost = middleware(outermost, *args, **kwargs)
        self._outermost = outermost

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        await self._outermost(scope, receive, send)

    @override
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = super().openapi()
            _correct(self.openapi_schema, self.cookie_refusals, self.unverified_refusals)
            _take_keys(self.openapi_schema, self.key_refusals)
            _take_api_keys(self.openapi_schema, self.scope_refusals, self.session_refusals)
        return self.openapi_schema


_OF_A_BODY: tuple[type[CoreError], ...] = (
    BadRequest,
    MalformedJson,
    PayloadTooLarge,
    UnsupportedMedia,
    Invalid,
)
"""What every operation that takes a body may answer, whatever else it does."""


def _correct(
    schema: dict[str, Any],
    cookie_refusals: Sequence[type[CoreError]],
    unverified_refusals: Sequence[type[CoreError]],
) -> None:
    components = schema.setdefault("components", {})
    components["securitySchemes"] = _SECURITY_SCHEMES
    for path in schema["paths"].values():
        for method, operation in path.items():
            if _needs_user(operation):
                nobody: list[dict[str, list[str]]] = [] if _demands_user(operation) else [{}]
                operation["security"] = [*nobody, *({name: []} for name in _SECURITY_SCHEMES)]
                if method.upper() not in SAFE_METHODS:
                    _list(operation, *cookie_refusals)
            _list(operation, *(unverified_refusals if _needs_verified(operation) else ()))
            if "requestBody" in operation:
                _list(operation, *_OF_A_BODY)
            if "422" in operation["responses"]:
                _list(operation, Invalid)
            for status, response in operation.get("responses", {}).items():
                if status.startswith(("4", "5")):
                    _make_problem(response)
    for name in ("HTTPValidationError", "ValidationError"):
        components.get("schemas", {}).pop(name, None)


def _take_keys(schema: dict[str, Any], refusals: Sequence[type[CoreError]]) -> None:
    """Say of each operation that takes an `Idempotency-Key` that it does."""
    for path in schema["paths"].values():
        operation = path.get("post", {})
        permission = PERMISSIONS.get(operation.get("operationId", ""))
        if permission is not None and permission.takes_key:
            operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
            _list(operation, *refusals)


def _take_api_keys(
    schema: dict[str, Any],
    scope_refusals: Sequence[type[CoreError]],
    session_refusals: Sequence[type[CoreError]],
) -> None:
    """Say of each operation for known callers which scope an API key needs, or that none does."""
    schema["components"]["securitySchemes"] = {**_SECURITY_SCHEMES, "api_key": _API_KEY}
    for path in schema["paths"].values():
        for operation in path.values():
            permission = operation.get("x-permission", {"principal": "anonymous"})
            if (scope := permission.get("scope")) is not None:
                operation["security"].append({"api_key": [scope]})
                _list(operation, *scope_refusals)
            elif permission["principal"] != "anonymous":
                _list(operation, *session_refusals)


def _make_problem(response: dict[str, Any]) -> None:
    content = response.get("content", {})
    if MEDIA_TYPE in content:
        response["content"] = {MEDIA_TYPE: {**content[MEDIA_TYPE], "schema": _PROBLEM}}
    else:
        response["content"] = {MEDIA_TYPE: {"schema": _PROBLEM}}


def _list(operation: dict[str, Any], *errors: type[CoreError]) -> None:
    """Add failures to those that the operation lists, where it does not."""
    for error in errors:
        responses = operation["responses"]
        listed = responses.setdefault(str(error.status), {"content": {MEDIA_TYPE: {}}})
        examples = listed["content"].get(MEDIA_TYPE, {}).get("examples", {})
        codes = {code: shown["value"]["detail"] for code, shown in examples.items()}
        described = _response(error.status, {**codes, str(error.code): error.message})
        listed["description"] = described["description"]
        listed["content"].setdefault(MEDIA_TYPE, {}).update(described["content"][MEDIA_TYPE])
        if "application/json" not in listed["content"]:
            listed["content"][MEDIA_TYPE].setdefault("schema", _PROBLEM)
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _demands_user(operation: dict[str, Any]) -> bool:
    """Whether nobody is let in without signing in; some operations only look who it is."""
    return bool(operation.get("x-permission", {}).get("principal") != "anonymous")


def _needs_user(operation: dict[str, Any]) -> bool:
    """Whether the operation lists the problem of a caller who has not signed in."""
    content = operation["responses"].get("401", {}).get("content", {})
    return Unauthenticated.code in content.get(MEDIA_TYPE, {}).get("examples", {})


def _needs_verified(operation: dict[str, Any]) -> bool:
    """Whether the operation is for no caller whose email waits for verification."""
    permission = operation.get("x-permission", {"principal": "anonymous"})
    return permission["principal"] != "anonymous" and not permission.get("unverified", False)
