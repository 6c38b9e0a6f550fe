"""Every failure as one body: an RFC 9457 problem with a stable `code`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast, get_args

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic_core.core_schema import ErrorType
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Scope, Send

from src import logs, security, tracing
from src.exceptions import CoreError, ErrorCode, FieldError, MalformedJson, PayloadTooLarge
from src.schemas import FieldProblem, Problem

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:core-api:problem:"

_TITLES = {
    413: "Content Too Large",
    422: "Unprocessable Content",
}
"""RFC 9110's phrases, where Python's depend on its version."""

_BY_STATUS = {
    400: ErrorCode.BAD_REQUEST,
    404: ErrorCode.NOT_FOUND,
    413: ErrorCode.BODY_TOO_LARGE,
    415: ErrorCode.UNSUPPORTED_MEDIA_TYPE,
    431: ErrorCode.BAD_REQUEST,
}

_FIELD_CODES = {
    "missing": "required",
    "extra_forbidden": "unknown_field",
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "too_short": "too_short",
    "too_long": "too_long",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "string_pattern_mismatch": "wrong_format",
    "timezone_aware": "time_zone_required",
    "enum": "unknown_choice",
    "literal_error": "unknown_choice",
    "union_tag_invalid": "unknown_choice",
    "union_tag_not_found": "required",
}
"""What pydantic calls a mistake, and what we call it: their names may change, ours may not."""


_ERRORS_LISTED = 1000
"""More mistakes than this in one payload are not told apart: the answer would outgrow it."""

_BUILT_IN = frozenset(get_args(ErrorType))


def install(app: FastAPI) -> None:
    """Render every failure of `app` as a problem."""

    async def core_error(request: Request, exc: Exception) -> Response:
        return from_core_error(request, cast("CoreError", exc))

    async def validation_error(request: Request, exc: Exception) -> Response:
        return _from_validation(request, cast("RequestValidationError", exc))

    async def http_error(request: Request, exc: Exception) -> Response:
        return _from_http(request, cast("HTTPException", exc))

    app.add_exception_handler(CoreError, core_error)
    app.add_exception_handler(RequestValidationError, validation_error)
    app.add_exception_handler(HTTPException, http_error)


def from_core_error(request: Request, exc: CoreError) -> Response:
    return render(
        request,
        status=exc.status,
        code=exc.code,
        detail=exc.detail,
        errors=exc.errors,
        headers=exc.headers,
        members=exc.members,
    )


def internal_error(request: Request) -> Response:
    """A defect of ours. What it was is in the log, under the same request id."""
    return render(
        request,
        status=CoreError.status,
        code=CoreError.code,
        detail=CoreError.message,
    )


async def unhandled(request: Request, exc: Exception, send: Send, *, has_begun: bool) -> None:
    """The last resort: log a defect and answer with a problem that says nothing of it.

    Raises `exc` if the answer has begun. A caller who has left gets neither line nor answer.
    """
    if isinstance(exc, ClientDisconnect):
        return
    tracing.fail_request(exc)
    logs.get_logger("core_api").error("unhandled", path=sent_path(request.scope), exc_info=exc)
    if has_begun:
        raise exc
    await internal_error(request)(request.scope, request.receive, send)


def sent_path(scope: Scope) -> str:
    """The path for the log: as it was sent, percent signs and all, but for the secrets in it.

    Decoded, it could forge a line.
    """
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return security.without_tokens(raw.decode("latin-1").partition("?")[0])


def method_not_allowed(request: Request, methods: Collection[str]) -> Response:
    """The address takes these methods, and not the one that came. HEAD goes with GET."""
    allowed = {*methods, *(["HEAD"] if "GET" in methods else [])}
    return render(
        request,
        status=405,
        code=ErrorCode.METHOD_NOT_ALLOWED,
        detail="This address does not take that method.",
        headers={"Allow": ", ".join(sorted(allowed))},
    )


def too_large(request: Request) -> Response:
    return from_core_error(request, PayloadTooLarge())


def render(
    request: Request,
    *,
    status: int,
    code: str,
    detail: str,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, object] | None = None,
) -> Response:
    problem = describe(request, status=status, code=code, detail=detail, errors=errors)
    body = {**(members or {}), **problem}
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def describe(
    request: Request,
    *,
    status: int,
    code: str,
    detail: str,
    errors: Iterable[FieldError] = (),
) -> dict[str, Any]:
    """The body of a problem, as JSON."""
    problem = Problem(
        type=TYPE_PREFIX + code,
        title=_TITLES.get(status) or HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=security.without_tokens(request.scope["path"]),
        code=code,
        request_id=getattr(request.state, "request_id", ""),
        trace_id=getattr(request.state, "trace_id", ""),
        errors=[
            FieldProblem(pointer=error.pointer, code=error.code, detail=error.detail)
            for error in errors
        ]
        or None,
    )
    return problem.model_dump(mode="json", exclude_none=True)


def _from_validation(request: Request, exc: RequestValidationError) -> Response:
    mistakes = exc.errors()
    if any(mistake["type"] == "json_invalid" for mistake in mistakes):
        return from_core_error(request, MalformedJson())
    if _is_other_media(request, mistakes):
        return render(
            request,
            status=415,
            code=ErrorCode.UNSUPPORTED_MEDIA_TYPE,
            detail="Send the body as application/json.",
        )
    return render(
        request,
        status=422,
        code=ErrorCode.VALIDATION_FAILED,
        detail="The payload has errors; each is listed with a pointer to its place.",
        # Once each: a route and what it depends on may read the same body.
        errors=list(dict.fromkeys(field_error(mistake) for mistake in mistakes[:_ERRORS_LISTED])),
    )


def _is_json(request: Request) -> bool:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media == "application/json" or media.endswith("+json")


def _is_other_media(request: Request, mistakes: Sequence[Mapping[str, Any]]) -> bool:
    return not _is_json(request) and any(
        tuple(mistake["loc"]) == ("body",) and isinstance(mistake.get("input"), bytes)
        for mistake in mistakes
    )


def field_error(mistake: Mapping[str, Any]) -> FieldError:
    """One of pydantic's errors as ours. A body's pointer starts at the body, others name theirs."""
    source, *places = mistake["loc"] or ("body",)
    if source != "body":
        places = [source, *places]
    kind = str(mistake["type"])
    return FieldError(
        pointer="".join(f"/{_escape(place)}" for place in places),
        code=_FIELD_CODES.get(kind) or (_code_of_builtin(kind) if kind in _BUILT_IN else kind),
        detail=str(mistake["msg"]),
    )


def _code_of_builtin(kind: str) -> str:
    """A name of ours for what has none of its own yet, so that none of pydantic's gets out."""
    is_type = kind.endswith(("_type", "_parsing", "_unicode")) or "_from_" in kind
    return "wrong_type" if is_type else "invalid_value"


def _escape(place: str | int) -> str:
    return str(place).replace("~", "~0").replace("/", "~1")


def _from_http(request: Request, exc: HTTPException) -> Response:
    if exc.status_code == 400 and _is_json(request):
        # FastAPI's word for what the parser chokes on without calling it a JSON error.
        return from_core_error(request, MalformedJson())
    if exc.status_code == 405:
        named = (exc.headers or {}).get("Allow", "")
        return method_not_allowed(request, named.replace(" ", "").split(","))
    details = {
        404: "There is nothing at this address.",
        413: PayloadTooLarge.message,
    }
    return render(
        request,
        status=exc.status_code,
        code=_BY_STATUS.get(exc.status_code, ErrorCode.BAD_REQUEST),
        detail=details.get(exc.status_code, str(exc.detail)),
        headers=dict(exc.headers or {}),
    )
