"""Words of monitoring."""

from enum import StrEnum


class ErrorCode(StrEnum):
    NOT_READY = "not_ready"
