"""What can be wrong with the service."""

from src.exceptions import Unavailable
from src.monitoring.constants import ErrorCode


class NotReady(Unavailable):
    code = ErrorCode.NOT_READY
    message = "The service is not ready: its database is away, or its keys or schema are not fit."
