"""What can go wrong with operating the platform."""

from src.auth.platform.constants import ErrorCode
from src.exceptions import Conflict, PermissionDenied


class PlatformRoleTooLow(PermissionDenied):
    code = ErrorCode.PLATFORM_ROLE_TOO_LOW
    message = "This is for operators of the platform with a role that you do not have."


class SecondFactorRequired(PermissionDenied):
    code = ErrorCode.SECOND_FACTOR_REQUIRED
    message = "Operators act in sessions with a second factor: add one, and sign in with it."


class OperatorSessionExpired(PermissionDenied):
    code = ErrorCode.OPERATOR_SESSION_EXPIRED
    message = "This session is too old, or has rested too long, to act as an operator: sign in."


class LastAdmin(Conflict):
    code = ErrorCode.LAST_ADMIN
    message = "The platform would be left without an active admin."
