"""What can go wrong, by family. A family fixes the status; a domain adds a code and a sentence.

CoreError
├── BadRequest           400  malformed, or a spent token
├── Unauthenticated      401  the caller is not known
├── PermissionDenied     403  the caller may see the thing but not do this
├── NotFound             404  there is no such thing, or the caller may not know of it
├── Conflict             409  the thing is in a state that forbids it
├── PreconditionFailed   412  `If-Match` names a state that has passed
├── PayloadTooLarge      413  the body is larger than the route takes
├── UnsupportedMedia     415  the body is of a kind that the route does not take
├── Invalid              422  the payload itself, field by field
├── PreconditionRequired 428  `If-Match` is missing
├── TooManyRequests      429  ask again later
└── Unavailable          503  ask again later: the database or a bounded queue is full or gone
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class ErrorCode(StrEnum):
    """The codes that belong to no domain. A code never changes its meaning."""

    BAD_REQUEST = "bad_request"
    MALFORMED_JSON = "malformed_json"
    INVALID_CURSOR = "invalid_cursor"
    NOT_AUTHENTICATED = "not_authenticated"
    PERMISSION_DENIED = "permission_denied"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    PRECONDITION_FAILED = "precondition_failed"
    PRECONDITION_REQUIRED = "precondition_required"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    VALIDATION_FAILED = "validation_failed"
    TOO_MANY_REQUESTS = "too_many_requests"
    INTERNAL_ERROR = "internal_error"
    BUSY = "busy"
    DATABASE_UNAVAILABLE = "database_unavailable"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with the payload: `pointer` is a JSON pointer (RFC 6901) into it."""

    pointer: str
    code: str
    detail: str


class CoreError(Exception):
    """An answer that is not the one hoped for.

    `message` is for the caller; the private reason, if any, is the exception's `__cause__`.
    `commits` keeps the writes made before it was raised, such as the revocation of a session.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = ErrorCode.INTERNAL_ERROR
    message: ClassVar[str] = "Something went wrong on our side."
    commits: ClassVar[bool] = False

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or self.message)
        self.detail = detail or self.message
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.members: dict[str, object] = {}
        """What the problem says beside its own members, as JSON (RFC 9457, 3.2)."""


class BadRequest(CoreError):
    status = 400
    code: ClassVar[str] = ErrorCode.BAD_REQUEST
    message = "The request is malformed."


class MalformedJson(BadRequest):
    code: ClassVar[str] = ErrorCode.MALFORMED_JSON
    message = "The body is not JSON."


class Unauthenticated(CoreError):
    status = 401
    code: ClassVar[str] = ErrorCode.NOT_AUTHENTICATED
    message = "Sign in first: no valid access token came with the request."

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            detail, errors=errors, headers={"WWW-Authenticate": "Bearer", **(headers or {})}
        )


class PermissionDenied(CoreError):
    status = 403
    code: ClassVar[str] = ErrorCode.PERMISSION_DENIED
    message = "You may see this, but not do that."


class NotFound(CoreError):
    status = 404
    code: ClassVar[str] = ErrorCode.NOT_FOUND
    message = "There is no such thing, or you may not know of it."


class Conflict(CoreError):
    status = 409
    code: ClassVar[str] = ErrorCode.CONFLICT
    message = "The state of the thing does not allow this."


class PreconditionFailed(CoreError):
    status = 412
    code: ClassVar[str] = ErrorCode.PRECONDITION_FAILED
    message = "The thing has changed since you read it: read it again, then repeat your change."


class PayloadTooLarge(CoreError):
    status = 413
    code: ClassVar[str] = ErrorCode.BODY_TOO_LARGE
    message = "The body is larger than this route takes."


class UnsupportedMedia(CoreError):
    status = 415
    code: ClassVar[str] = ErrorCode.UNSUPPORTED_MEDIA_TYPE
    message = "The body is of a kind that this route does not take."


class Invalid(CoreError):
    status = 422
    code: ClassVar[str] = ErrorCode.VALIDATION_FAILED
    message = "The payload has errors; each is listed with a pointer to its place."


class PreconditionRequired(CoreError):
    status = 428
    code: ClassVar[str] = ErrorCode.PRECONDITION_REQUIRED
    message = "Say which state you are changing: send its ETag as `If-Match`."


class TooManyRequests(CoreError):
    status = 429
    code: ClassVar[str] = ErrorCode.TOO_MANY_REQUESTS
    message = "Too many requests: wait, then try again."


class Unavailable(CoreError):
    """Something that the request needs is full or gone; `Retry-After` says when to come back."""

    status = 503
    code: ClassVar[str] = ErrorCode.DATABASE_UNAVAILABLE
    message = "The service cannot answer at the moment: try again shortly."

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail, errors=errors, headers={"Retry-After": "1", **(headers or {})})


class Busy(Unavailable):
    code: ClassVar[str] = ErrorCode.BUSY
    message = "Too many expensive requests are waiting: try again shortly."
