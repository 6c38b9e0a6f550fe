"""Words and limits of phone numbers."""

from datetime import timedelta
from enum import StrEnum

PHONE_MAX = 40
"""Characters in which a number may be written, with spaces and dashes."""
RESEND_AFTER = timedelta(seconds=60)
"""How long to wait before another code is asked for."""


class ErrorCode(StrEnum):
    PHONE_NOT_FOUND = "phone_not_found"
    PHONE_NOT_ALLOWED = "phone_not_allowed"
    PHONE_ALREADY_VERIFIED = "phone_already_verified"
    PHONE_TAKEN = "phone_taken"
