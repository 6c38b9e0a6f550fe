"""Words and limits of invitations."""

from enum import StrEnum

from src.security import TOKEN_PREFIX

INVITATION_PREFIX = f"{TOKEN_PREFIX}inv_"
"""How the secret of an invitation begins."""

EXPIRES_IN_MIN, EXPIRES_IN_MAX = 300, 2_592_000
EXPIRES_IN_DEFAULT = 604_800
"""Seconds: five minutes, thirty days, a week."""
MAX_USES_MAX = 1000
RESEND_SECONDS = 60
"""How long to wait before an invitation gets another secret."""


class Kind(StrEnum):
    """Whom an invitation is for: one address, or whoever has the link."""

    EMAIL = "email"
    LINK = "link"


class State(StrEnum):
    """Where an invitation is in its life. Only an active one can be accepted."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    LAPSED = "lapsed"
    EXPIRED = "expired"
    REVOKED = "revoked"
    ACCEPTED = "accepted"
    DECLINED = "declined"

    @property
    def is_final(self) -> bool:
        """Whether nothing brings it back."""
        return self in {State.REVOKED, State.ACCEPTED, State.DECLINED}


class ErrorCode(StrEnum):
    INVITATION_NOT_FOUND = "invitation_not_found"
    INVITATION_FOR_OTHER_EMAIL = "invitation_for_other_email"
    ALREADY_MEMBER = "already_member"
    ALREADY_INVITED = "already_invited"
    MAX_USES = "max_uses"
    SPENT = "spent"
    RESENT_JUST_NOW = "resent_just_now"
