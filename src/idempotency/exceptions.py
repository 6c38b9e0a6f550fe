"""What can go wrong with repeating a request."""

from collections.abc import Mapping, Sequence

from src.exceptions import BadRequest, Conflict, FieldError, Invalid
from src.idempotency.constants import KEY_MAX, ErrorCode


class IdempotencyKeyInvalid(BadRequest):
    code = ErrorCode.INVALID
    message = f"An Idempotency-Key is one header of 1 to {KEY_MAX} printable characters."


class IdempotencyKeyReused(Invalid):
    code = ErrorCode.REUSED
    message = "This Idempotency-Key came with another request: take a new one for each."


class IdempotencyInProgress(Conflict):
    code = ErrorCode.IN_PROGRESS
    message = "The request with this Idempotency-Key is still under way: ask again shortly."

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail, errors=errors, headers={"Retry-After": "1", **(headers or {})})


REFUSALS = (IdempotencyKeyInvalid, IdempotencyInProgress, IdempotencyKeyReused)
"""What every request with a key may be answered."""
