"""Words of changing passwords."""

from enum import StrEnum

from src.auth.onetime.constants import Purpose

KILLED = [Purpose.RESET_PASSWORD, Purpose.MAGIC_LINK, Purpose.SSO_LOGIN, Purpose.MFA]
"""Secrets that would sign somebody in. They are dead once the password has changed."""


class ErrorCode(StrEnum):
    SAME_PASSWORD = "same_password"  # noqa: S105  (no password)
