"""How long answers are kept, and which."""

from enum import StrEnum

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
"""Is `true` in an answer that has been given before."""
KEY_MAX = 255
KEPT_HOURS = 24.0
HELD_SECONDS = 60.0
"""A request that has not been answered for so long is taken for dead: no answer takes longer."""
ANSWER_MAX = 256 * 1024
"""Bytes; longer answers are not kept."""

PASSING = frozenset({401, 403, 408, 425, 429})
"""Statuses that speak of the caller's moment, not of the request: it may be repeated as it is once
the caller has signed in, or waited. They are not kept, nor is any from 500 on."""

KEPT_HEADERS = frozenset(
    {
        b"cache-control",
        b"content-disposition",
        b"content-type",
        b"etag",
        b"location",
        b"set-cookie",
        b"www-authenticate",
    }
)


class ErrorCode(StrEnum):
    INVALID = "idempotency_key_invalid"
    REUSED = "idempotency_key_reused"
    IN_PROGRESS = "idempotency_in_progress"
