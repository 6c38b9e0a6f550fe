"""What can go wrong with teams."""

from src.exceptions import NotFound, PermissionDenied
from src.teams.constants import ErrorCode


class TeamNotFound(NotFound):
    code = ErrorCode.TEAM_NOT_FOUND
    message = "There is no such team, or you are not a member of it."


class RoleTooLow(PermissionDenied):
    code = ErrorCode.ROLE_TOO_LOW
    message = "Your role in the team does not allow this."
