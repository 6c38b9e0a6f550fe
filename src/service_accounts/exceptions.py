"""What can go wrong with service accounts."""

from src.exceptions import Conflict, NotFound
from src.service_accounts.constants import ACCOUNTS_MAX, ErrorCode


class ServiceAccountNotFound(NotFound):
    code = ErrorCode.SERVICE_ACCOUNT_NOT_FOUND
    message = "The team has no such service account."


class ServiceAccountLimit(Conflict):
    code = ErrorCode.SERVICE_ACCOUNT_LIMIT
    message = f"A team has {ACCOUNTS_MAX} service accounts at the most: delete one first."
