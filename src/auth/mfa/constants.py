"""Words and limits of second factors."""

from enum import StrEnum

STEP_WINDOW = 1
"""Time steps of 30 seconds by which the clock of a phone may be off, either way."""
RECOVERY_CODES = 10
RECOVERY_CODE_BYTES = 10
"""80 bits: too many to guess, so that their hash needs no key."""
AUTH_METHODS = ["otp", "mfa"]
"""What a code adds to the names of RFC 8176 by which its user has signed in."""


CHANGED = "factor_changed"
"""Why the other sessions ended when a factor came or went."""


class ErrorCode(StrEnum):
    INVALID_MFA_CODE = "invalid_mfa_code"
    WRONG_TOTP_CODE = "wrong_totp_code"
    TOTP_ENABLED = "totp_enabled"
    TOTP_NOT_FOUND = "totp_not_found"
    MFA_NOT_ENABLED = "mfa_not_enabled"
    LONGER_PASSWORD_REQUIRED = "longer_password_required"  # noqa: S105  (no password)
