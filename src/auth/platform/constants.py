"""What can go wrong with operating the platform."""

from enum import StrEnum


class ErrorCode(StrEnum):
    PLATFORM_ROLE_TOO_LOW = "platform_role_too_low"
    SECOND_FACTOR_REQUIRED = "second_factor_required"
    OPERATOR_SESSION_EXPIRED = "operator_session_expired"
    LAST_ADMIN = "last_admin"
