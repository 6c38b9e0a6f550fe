"""Words and limits of teams."""

from enum import StrEnum

NAME_MAX = 80


class Role(StrEnum):
    """What a member may do; each role may do all that the ones before it may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"
    OWNER = "owner"

    def includes(self, other: "Role") -> bool:
        """Whether this role may do what the other may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


class ErrorCode(StrEnum):
    TEAM_NOT_FOUND = "team_not_found"
    ROLE_TOO_LOW = "role_too_low"
