"""What the FastAPI peers take and answer."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

T = TypeVar("T")


class Payload(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class User(Row):
    id: UUID
    email: str
    username: str | None
    given_name: str
    family_name: str
    display_name: str
    locale: str
    time_zone: str
    status: str
    email_verified_at: datetime | None
    created_at: datetime
    updated_at: datetime


class TeamCreate(Payload):
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class Team(Row):
    id: UUID
    name: str
    my_role: str
    member_count: int
    created_at: datetime
    updated_at: datetime


class Entry(Payload):
    value: int


class Part(Payload):
    version_id: UUID
    activity_id: UUID
    started_at: AwareDatetime
    ended_at: AwareDatetime
    zone: str = "UTC"
    payload: dict[str, Entry]


class Score(Row):
    name: str
    value: float | None
    answered: int
    listed: int


class Answer(Row):
    id: UUID
    submission_id: UUID
    version_id: UUID
    activity_id: UUID
    revision_id: UUID
    payload: dict[str, Any]
    scores: list[Score]
    warnings: list[dict[str, str]]
    started_at: datetime
    ended_at: datetime
    received_at: datetime


class Submission(Row):
    id: UUID
    version_id: UUID
    version_label: str
    respondent_id: UUID
    status: str
    started_at: datetime
    completed_at: datetime
    received_at: datetime
    zone: str
    answers: list[Answer]


class Page(BaseModel, Generic[T]):
    items: list[T]
    next_cursor: str | None


class Login(Payload):
    identifier: str
    password: str


class Refresh(Payload):
    refresh_token: str


class Tokens(BaseModel):
    access_token: str
    token_type: str = "Bearer"  # noqa: S105  (no password)
    expires_in: int
    refresh_token: str
    refresh_expires_at: datetime


class SignedIn(BaseModel):
    user: User
    tokens: Tokens
    csrf_token: str | None = None


class Refreshed(BaseModel):
    tokens: Tokens
    csrf_token: str | None = None
