"""What secrets of one use are for, and how long they live."""

from datetime import timedelta
from enum import StrEnum

from src.constants import EMAIL_UNDO_HOURS

TOKEN_PREFIX = "core_once_"  # noqa: S105  (no password)
CODE_DIGITS = 6
CODE_TRIES = 5
CODE_LIFETIME = timedelta(minutes=10)
"""Ten minutes are the most that ASVS 6.5.5 allows a code; the token beside it may live longer."""


class Purpose(StrEnum):
    """A secret of one purpose is refused for every other."""

    SIGNUP = "signup"
    VERIFY_EMAIL = "verify_email"
    VERIFY_PHONE = "verify_phone"
    CHANGE_EMAIL = "change_email"
    UNDO_EMAIL = "undo_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105  (no password)
    MAGIC_LINK = "magic_link"
    SSO_LOGIN = "sso_login"
    MFA = "mfa"
    PASSKEY = "passkey"
    ADD_PASSKEY = "add_passkey"
    ACCOUNT_EXPORT = "account_export"
    RESTORE_ACCOUNT = "restore_account"


LIFETIMES = {
    Purpose.SIGNUP: timedelta(minutes=30),
    Purpose.VERIFY_EMAIL: timedelta(hours=24),
    Purpose.VERIFY_PHONE: CODE_LIFETIME,
    Purpose.CHANGE_EMAIL: timedelta(hours=1),
    Purpose.UNDO_EMAIL: timedelta(hours=EMAIL_UNDO_HOURS),
    Purpose.RESET_PASSWORD: timedelta(minutes=30),
    Purpose.MAGIC_LINK: timedelta(minutes=10),
    Purpose.SSO_LOGIN: timedelta(seconds=60),
    Purpose.MFA: timedelta(minutes=5),
    Purpose.PASSKEY: timedelta(minutes=5),
    Purpose.ADD_PASSKEY: timedelta(minutes=5),
    Purpose.ACCOUNT_EXPORT: timedelta(hours=24),
    # Who issues one says for how long: as long as the account can be restored.
    Purpose.RESTORE_ACCOUNT: timedelta(days=14),
}


class ErrorCode(StrEnum):
    INVALID_TOKEN = "invalid_token"  # noqa: S105  (no password)
    EXPIRED_TOKEN = "expired_token"  # noqa: S105  (no password)
    INVALID_CODE = "invalid_code"
