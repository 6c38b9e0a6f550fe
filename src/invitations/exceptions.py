"""What can go wrong with invitations."""

from src.exceptions import Conflict, NotFound, PermissionDenied, TooManyRequests
from src.invitations.constants import RESEND_SECONDS, ErrorCode


class InvitationNotFound(NotFound):
    code = ErrorCode.INVITATION_NOT_FOUND
    message = "There is no such invitation, or it does not hold any more."


class InvitationForOtherEmail(PermissionDenied):
    code = ErrorCode.INVITATION_FOR_OTHER_EMAIL
    message = "This invitation is for somebody with another email."


class AlreadyMember(Conflict):
    code = ErrorCode.ALREADY_MEMBER
    message = "Somebody with this email is in the team already."


class AlreadyInvited(Conflict):
    code = ErrorCode.ALREADY_INVITED
    message = "This email has an invitation to the team already: resend or change that one."


class MaxUses(Conflict):
    code = ErrorCode.MAX_USES
    message = "This invitation has been used as often as it may be."


class Spent(Conflict):
    code = ErrorCode.SPENT
    message = "The invitation was accepted, declined or revoked for good: make another."


class ResentJustNow(TooManyRequests):
    code = ErrorCode.RESENT_JUST_NOW
    message = f"A new link is made at most every {RESEND_SECONDS} seconds: wait, then try again."
