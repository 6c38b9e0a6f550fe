"""Words and limits of teams."""

from enum import StrEnum

from src.permissions import Role

__all__ = ["NAME_MAX", "SLUG_MAX", "SLUG_MIN", "ErrorCode", "InvitedRole", "InvitingRole", "Role"]

NAME_MAX = 80
SLUG_MIN, SLUG_MAX = 3, 50


class InvitingRole(StrEnum):
    """The least role that may invite people into a team."""

    ADMIN = "admin"
    OWNER = "owner"


class InvitedRole(StrEnum):
    """What an invitation makes of somebody unless it says otherwise; nobody becomes owner so."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"


class ErrorCode(StrEnum):
    TEAM_NOT_FOUND = "team_not_found"
    ROLE_TOO_LOW = "role_too_low"
    SLUG_TAKEN = "slug_taken"
    TEAM_LIMIT = "team_limit"
    STALE_TEAM = "stale_team"
    MEMBER_NOT_FOUND = "member_not_found"
    ROLE_ABOVE_OWN = "role_above_own"
    CANNOT_CHANGE_SELF = "cannot_change_self"
    LAST_OWNER = "last_owner"
    ACCOUNT_NOT_IN_USE = "account_not_in_use"
    NOT_A_MEMBER = "not_a_member"
    SOLE_OWNER_OF_TEAM = "sole_owner_of_team"
    TEAM_NOT_EMPTY = "team_not_empty"
