"""Words and limits of accounts."""

from enum import StrEnum

EMAIL_MAX = 254
USERNAME_MIN, USERNAME_MAX = 3, 40
NAME_MAX = 100


class Status(StrEnum):
    """Where an account is in its life."""

    PENDING = "pending"
    ACTIVE = "active"
    DISABLED = "disabled"
    DELETING = "deleting"
    ERASED = "erased"
    """Nothing is left but the id, which what others have made with it refers to."""


class Kind(StrEnum):
    """Who acts by an account: somebody, or a program of a team's."""

    PERSON = "person"
    SERVICE = "service"


SERVICE_DOMAIN = "service.invalid"
"""Where the addresses of service accounts are said to be: no mail goes there, and no payload takes
one (RFC 2606)."""


class ThemeMode(StrEnum):
    LIGHT = "light"
    DARK = "dark"
    SYSTEM = "system"


class ErrorCode(StrEnum):
    EMAIL_TAKEN = "email_taken"
    USERNAME_TAKEN = "username_taken"
    USER_NOT_FOUND = "user_not_found"
