"""Words of changing passwords."""

from enum import StrEnum

from src.auth.constants import LoginMethod
from src.auth.onetime.constants import Purpose

RESET_TASK = "auth_password:mail_reset"

METHOD_NAMES = {LoginMethod.PASSWORD: "Password", LoginMethod.PASSKEY: "Passkey"}
"""How mails name ways to sign in."""

KILLED = [Purpose.RESET_PASSWORD, Purpose.MAGIC_LINK, Purpose.SSO_LOGIN, Purpose.MFA]
"""Secrets that would sign somebody in. They are dead once the password has changed."""


class ErrorCode(StrEnum):
    SAME_PASSWORD = "same_password"  # noqa: S105  (no password)
