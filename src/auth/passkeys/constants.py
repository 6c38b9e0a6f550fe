"""Words and limits of passkeys."""

from enum import StrEnum

PASSKEYS_MAX = 10
NAME_MAX = 100
AUTH_METHODS = ["hwk", "user", "mfa"]
"""A passkey is something one has, and asks its user for a finger, a face or a PIN: two factors."""


class ErrorCode(StrEnum):
    INVALID_PASSKEY = "invalid_passkey"
    PASSKEYS_DISABLED = "passkeys_disabled"
    PASSKEY_NOT_FOUND = "passkey_not_found"
    PASSKEY_LIMIT = "passkey_limit"
    PASSKEY_KNOWN = "passkey_known"
