"""What can go wrong with managing the platform."""

from src.exceptions import Conflict, PermissionDenied
from src.management.constants import ErrorCode


class CannotActOnSelf(PermissionDenied):
    code = ErrorCode.CANNOT_ACT_ON_SELF
    message = "Nobody does this to their own account: ask another operator."


class PlatformRoleAboveOwn(PermissionDenied):
    code = ErrorCode.PLATFORM_ROLE_ABOVE_OWN
    message = "This account has a platform role that you lack."


class AccountErased(Conflict):
    code = ErrorCode.ACCOUNT_ERASED
    message = "This account has been erased: nothing of it can be brought back."
