"""What can be done with applets."""

from src.applets.service.core import create, get, list_for_team, show
from src.applets.service.drafts import get_draft, read_import, save_draft, save_import
from src.applets.service.forms import (
    assess,
    compile_content,
    compile_revision,
    contribution,
    numeric,
)
from src.applets.service.versions import (
    get_content_mark,
    get_revision,
    get_version,
    list_measures,
    list_newest_revisions,
    list_revisions,
    list_versions,
    publish,
    show_content,
    stream_unasked,
)

__all__ = [
    "assess",
    "compile_content",
    "compile_revision",
    "contribution",
    "create",
    "get",
    "get_content_mark",
    "get_draft",
    "get_revision",
    "get_version",
    "list_for_team",
    "list_measures",
    "list_newest_revisions",
    "list_revisions",
    "list_versions",
    "numeric",
    "publish",
    "read_import",
    "save_draft",
    "save_import",
    "show",
    "show_content",
    "stream_unasked",
]
