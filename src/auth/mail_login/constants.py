"""Words of signing in by mail."""

from enum import StrEnum

LOGIN_TASK = "auth_mail_login:mail_login"
AUTH_METHOD = "email"
"""How sessions name it. RFC 8176 has no name of its own for this; it is one factor."""


class Kind(StrEnum):
    """What the mail has: a link, and a code for another device; or a code alone."""

    LINK = "link"
    CODE = "code"


class ErrorCode(StrEnum):
    METHOD_DISABLED = "method_disabled"
