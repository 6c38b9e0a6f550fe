"""Applets as payloads and rows. What a questionnaire is made of is in `items`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, NewType
from uuid import UUID

from pydantic import Field, StringConstraints

from src.applets.constants import NOTE_MAX, ImportFormat, Status
from src.applets.items import AppletDraft, Assessment, Form, Part, ScoreForm
from src.applets.items import Field as ItemField
from src.database import Json
from src.schemas import Payload, Printable, Storable
from src.teams.constants import Role
from src.teams.schemas import TeamId
from src.users.schemas import UserId

__all__ = [
    "ActivityId",
    "Applet",
    "AppletCreate",
    "AppletDraft",
    "AppletId",
    "Assessment",
    "Content",
    "ContentMark",
    "CreatedApplet",
    "CreatedVersion",
    "Draft",
    "Form",
    "ImportReport",
    "Imported",
    "ItemField",
    "Measure",
    "NotCarried",
    "Part",
    "PublishableDraft",
    "Revision",
    "RevisionId",
    "ScoreForm",
    "StoredRevision",
    "StoredVersion",
    "Tree",
    "Unasked",
    "Version",
    "VersionCreate",
    "VersionId",
]

AppletId = NewType("AppletId", UUID)
VersionId = NewType("VersionId", UUID)
ActivityId = NewType("ActivityId", UUID)
RevisionId = NewType("RevisionId", UUID)

Tree = dict[str, Any]
"""A questionnaire as JSON, in the shape that `items` lays down."""

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=NOTE_MAX), Storable]


class AppletCreate(Payload):
    name: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
        Printable,
        Field(examples=["Diary"]),
    ]


class VersionCreate(Payload):
    note: Note = ""


@dataclass(slots=True)
class Applet:
    """An applet, as seen by a member of its team."""

    id: AppletId
    team_id: TeamId
    name: str
    status: Status
    current_version_id: VersionId | None
    my_role: Role
    created_at: datetime


@dataclass(slots=True)
class CreatedApplet:
    """A new applet, and what its creator sees of it."""

    id: AppletId
    body: Json[Applet]


@dataclass(slots=True)
class Draft:
    """What editors are working on. `rev` grows with every change."""

    tree: Json[Tree]
    rev: int


@dataclass(slots=True)
class PublishableDraft:
    """A draft beside the version that it would replace."""

    tree: Tree
    rev: int
    current_label: str | None
    current_seq: int
    current_sha256: bytes | None
    current_tree: Tree | None


@dataclass(slots=True)
class Version:
    """A published version; it never changes."""

    id: VersionId
    applet_id: AppletId
    seq: int
    label: str
    note: str
    published_by: UserId
    published_at: datetime


@dataclass(slots=True)
class CreatedVersion:
    """A new version, and what its publisher sees of it."""

    id: VersionId
    body: Json[Version]


@dataclass(slots=True)
class Content:
    """What clients load in order to ask: a version and its forms."""

    version: Version
    activities: Annotated[
        list[dict[str, Any]],
        Field(description="Each with its `id`, its `revision_id`, and what the draft said."),
    ]
    flows: list[dict[str, Any]]
    name: str
    description: dict[str, str] | None
    about: dict[str, str] | None


@dataclass(slots=True)
class ContentMark:
    """What the ETag of a version's content is made of."""

    seq: int
    sha256: bytes


@dataclass(slots=True)
class StoredVersion:
    """A version with its tree, as the database holds it."""

    id: VersionId
    applet_id: AppletId
    seq: int
    label: str
    note: str
    published_by: UserId
    published_at: datetime
    content: Tree
    content_sha256: bytes


@dataclass(slots=True)
class StoredRevision:
    """One form of a version, as the database holds it."""

    id: RevisionId
    activity_id: ActivityId
    sha256: bytes
    content: Tree


@dataclass(slots=True)
class Revision:
    """One form of a version, ready to check answers against."""

    id: RevisionId
    activity_id: ActivityId
    form: Form
    weight: Annotated[int, Field(description="Roughly how much memory the form takes.")]


@dataclass(slots=True)
class Measure:
    """Something that an applet has ever asked or computed."""

    activity_id: ActivityId
    activity: Annotated[str, Field(description="The newest name of the activity.")]
    kind: Annotated[str, Field(description="`value`, `text` (added to a choice) or `score`.")]
    name: str


@dataclass(slots=True)
class Unasked:
    """An item of the newest form of an activity that an older one lacks, or has as another type."""

    activity_id: ActivityId
    revision_id: RevisionId
    name: str


@dataclass(slots=True)
class NotCarried:
    """Something of the source that the draft lacks, or has in another form."""

    source: Annotated[str, Field(description="The document and the JSON pointer into it.")]
    code: str
    detail: str


@dataclass(slots=True)
class ImportReport:
    """What became of an upload."""

    format: ImportFormat
    activities: int
    items: int
    scores: int
    not_carried: list[NotCarried]


@dataclass(slots=True)
class Imported:
    """The new draft, and what it could not take over."""

    draft: Tree
    report: ImportReport
