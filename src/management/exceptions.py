"""What can go wrong with managing the platform."""

from src.exceptions import Conflict, PermissionDenied
from src.management.constants import ErrorCode


class CannotActOnSelf(PermissionDenied):
    code = ErrorCode.CANNOT_ACT_ON_SELF
    message = "Nobody does this to their own account: ask another operator."


class PlatformRoleAboveOwn(PermissionDenied):
    code = ErrorCode.PLATFORM_ROLE_ABOVE_OWN
    message = "This account has a platform role that you lack."


class SoleOwnerOfTeam(Conflict):
    code = ErrorCode.SOLE_OWNER_OF_TEAM
    message = "This account is the only owner of a team: let another own it, or delete the team."
