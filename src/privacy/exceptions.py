"""What can go wrong with taking one's data along."""

from src.exceptions import Conflict, NotFound
from src.privacy.constants import ErrorCode


class ExportRunning(Conflict):
    code = ErrorCode.EXPORT_RUNNING
    message = "An export of your data is being made: wait for the mail."


class ExportNotFound(NotFound):
    code = ErrorCode.EXPORT_NOT_FOUND
    message = "You have no export: ask for one. Each is kept for a day."
