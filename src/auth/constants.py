"""Words and limits of signing in."""

from enum import StrEnum

from src.constants import KIB

PASSWORD_MIN, PASSWORD_MAX = 15, 256
"""Characters. Fifteen is what NIST SP 800-63B asks of a password that is the only factor."""
PASSWORD_MIN_BESIDE = 8
"""Enough of one beside a second factor."""
PASSWORD_MAX_BYTES = 1024
HASH_MEMORY_MAX, HASH_ITERATIONS_MAX, HASH_LANES_MAX = 1024 * KIB, 10, 16
"""What a kept hash may cost to verify, memory in KiB. Imported hashes are input like any other."""
HASH_SECONDS_MIN, HASH_SECONDS_MAX = 0.01, 0.5
"""What one hash should take: sooner is too easy to guess by, later to stop the service by."""
USER_AGENT_MAX = 200
FRESH_SECONDS = 15 * 60
"""How long ago a fresh sign-in may have been."""
DEVICE_NAME_MAX = 100
CAPTCHA_TOKEN_MAX = 8192

ALGORITHM = "ES256"
TOKEN_TYPE = "at+jwt"  # noqa: S105  (RFC 9068's media type)


class Transport(StrEnum):
    """How tokens travel: in the body, or in cookies that scripts cannot read."""

    BEARER = "bearer"
    COOKIE = "cookie"


class Aal(StrEnum):
    """How sure a sign-in is (NIST SP 800-63B): by one factor, or by two."""

    ONE = "aal1"
    TWO = "aal2"


SECOND_FACTORS = frozenset({"otp", "hwk", "mfa"})
"""Names of RFC 8176 that stand for more than a password, a mail or another service's word."""


class MfaMethod(StrEnum):
    """What may come as a second factor."""

    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery_code"


class DeviceType(StrEnum):
    IOS = "ios"
    ANDROID = "android"
    WEB = "web"


class LogoutScope(StrEnum):
    CURRENT = "current"
    OTHERS = "others"
    ALL = "all"


class LoginMethod(StrEnum):
    """What an account can be signed in to by, and keeps while it is not taken away.

    A link or code by mail is none: those who run the service may switch it off.
    """

    PASSWORD = "password"  # noqa: S105  (no password)
    PASSKEY = "passkey"
    IDENTITY = "identity"


class KeyState(StrEnum):
    """A signing key is published before it signs, and stays published while its tokens live."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRED = "retired"


class ErrorCode(StrEnum):
    DEVICE_OWNED = "device_owned"
    INVALID_CREDENTIALS = "invalid_credentials"
    INVALID_TOKEN = "invalid_token"  # noqa: S105  (no password)
    SIGNUP_DISABLED = "signup_disabled"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_DELETING = "account_deleting"
    EMAIL_NOT_VERIFIED = "email_not_verified"
    REFRESH_INVALID = "refresh_invalid"
    REFRESH_REUSED = "refresh_reused"
    SESSION_EXPIRED = "session_expired"
    CSRF_FAILED = "csrf_failed"
    FRESH_LOGIN_REQUIRED = "fresh_login_required"
    LAST_LOGIN_METHOD = "last_login_method"
