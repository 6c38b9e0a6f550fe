"""Words of the list of one's sessions."""

from enum import StrEnum


class ErrorCode(StrEnum):
    SESSION_NOT_FOUND = "session_not_found"
