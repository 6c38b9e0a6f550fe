"""Words and limits of service accounts."""

from enum import StrEnum

ACCOUNTS_MAX = 25
"""How many service accounts a team has."""
NAME_MAX = 100


class ErrorCode(StrEnum):
    SERVICE_ACCOUNT_NOT_FOUND = "service_account_not_found"
    SERVICE_ACCOUNT_LIMIT = "service_account_limit"
