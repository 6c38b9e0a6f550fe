"""What can go wrong with applets."""

from src.applets.constants import ErrorCode
from src.exceptions import Conflict, NotFound, PreconditionFailed


class AppletNotFound(NotFound):
    code = ErrorCode.APPLET_NOT_FOUND
    message = "There is no such applet, or you have no part in it."


class AppletNameTaken(Conflict):
    code = ErrorCode.APPLET_NAME_TAKEN
    message = "Another applet of the team has this name."


class VersionNotFound(NotFound):
    code = ErrorCode.VERSION_NOT_FOUND
    message = "The applet has no such version."


class NotPublished(NotFound):
    code = ErrorCode.NOT_PUBLISHED
    message = "The applet has no version yet: publish its draft first."


class NothingToPublish(Conflict):
    code = ErrorCode.NOTHING_TO_PUBLISH
    message = "The draft says what the current version says."


class StaleDraft(PreconditionFailed):
    code = ErrorCode.STALE_DRAFT
    message = "The draft has changed since you read it: read it again, then repeat your change."
