"""How the API describes itself."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from src.exceptions import CoreError, Invalid, Unauthenticated, Unavailable
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


def install(app: FastAPI) -> None:
    """Describe every answer of `app` truly: problems are problems, and FastAPI's own 422 is not."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
            )
            _correct(schema)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _correct(schema: dict[str, Any]) -> None:
    components = schema.setdefault("components", {})
    components["securitySchemes"] = _SECURITY_SCHEMES
    for path in schema["paths"].values():
        for operation in path.values():
            if _needs_user(operation):
                operation["security"] = [{name: []} for name in _SECURITY_SCHEMES]
            for status, response in operation.get("responses", {}).items():
                content = response.get("content", {})
                if status.startswith(("4", "5")):
                    if MEDIA_TYPE in content:
                        problem = content.pop("application/json", {}).get("schema")
                        content[MEDIA_TYPE]["schema"] = problem
                    else:
                        response["content"] = {
                            MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}
                        }
    for name in ("HTTPValidationError", "ValidationError"):
        components.get("schemas", {}).pop(name, None)


def _needs_user(operation: dict[str, Any]) -> bool:
    """Whether the operation lists the problem of a caller who has not signed in."""
    content = operation["responses"].get("401", {}).get("content", {})
    return Unauthenticated.code in content.get(MEDIA_TYPE, {}).get("examples", {})
