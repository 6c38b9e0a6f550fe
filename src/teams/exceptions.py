"""What can go wrong with teams."""

from collections.abc import Iterable
from uuid import UUID

from src.exceptions import Conflict, NotFound, PermissionDenied, PreconditionFailed
from src.teams.constants import ErrorCode


class TeamNotFound(NotFound):
    code = ErrorCode.TEAM_NOT_FOUND
    message = "There is no such team, or you are not a member of it."


class MemberNotFound(NotFound):
    code = ErrorCode.MEMBER_NOT_FOUND
    message = "The team has no such member."


class RoleTooLow(PermissionDenied):
    code = ErrorCode.ROLE_TOO_LOW
    message = "Your role in the team does not allow this."


class RoleAboveOwn(PermissionDenied):
    code = ErrorCode.ROLE_ABOVE_OWN
    message = "Only somebody with that role may give it, or change who has it."


class CannotChangeSelf(PermissionDenied):
    code = ErrorCode.CANNOT_CHANGE_SELF
    message = "Nobody changes their own role: leave the team, or transfer its ownership."


class TeamLimit(PermissionDenied):
    code = ErrorCode.TEAM_LIMIT
    message = "You own as many teams as one user may: delete one, or transfer its ownership."


class SlugTaken(Conflict):
    code = ErrorCode.SLUG_TAKEN
    message = "Another team has this address."


class LastOwner(Conflict):
    code = ErrorCode.LAST_OWNER
    message = "A team has an owner at any time: transfer the ownership, or delete the team."


class SoleOwnerOfTeam(Conflict):
    """`teams` of the problem are those that would have no owner."""

    code = ErrorCode.SOLE_OWNER_OF_TEAM
    message = "This account is the only owner of a team: let another own it, or delete the team."

    def __init__(self, teams: Iterable[tuple[UUID, str]] = ()) -> None:
        super().__init__()
        self.members = {"teams": [{"id": str(team_id), "name": name} for team_id, name in teams]}


class NotAMember(Conflict):
    code = ErrorCode.NOT_A_MEMBER
    message = "Only a member of the team can become its owner."


class AccountNotInUse(Conflict):
    code = ErrorCode.ACCOUNT_NOT_IN_USE
    message = "This member's account is disabled or being deleted, and cannot own a team."


class TeamNotEmpty(Conflict):
    code = ErrorCode.TEAM_NOT_EMPTY
    message = "The team still has applets."


class StaleTeam(PreconditionFailed):
    code = ErrorCode.STALE_TEAM
    message = "The team has changed since you read it: read it again, then repeat your change."
