"""Words and limits of applets."""

from enum import StrEnum

from src.constants import MIB

NOTE_MAX = 500
IMPORT_BODY_BYTES = 16 * MIB
IMPORT_MEDIA = frozenset({"application/json", "application/zip", "application/x-zip-compressed"})
"""What an upload may be called; JSON may also be of a dialect, such as `application/ld+json`."""


class Status(StrEnum):
    """An applet is a draft until its first version; then it is live."""

    DRAFT = "draft"
    LIVE = "live"


class ImportFormat(StrEnum):
    REPROSCHEMA = "reproschema"


class ErrorCode(StrEnum):
    APPLET_NOT_FOUND = "applet_not_found"
    APPLET_NAME_TAKEN = "applet_name_taken"
    VERSION_NOT_FOUND = "version_not_found"
    NOT_PUBLISHED = "not_published"
    NOTHING_TO_PUBLISH = "nothing_to_publish"
    STALE_DRAFT = "stale_draft"
