"""The tables as SQLModel classes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, FetchedValue, ForeignKey, func
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlmodel import Field, Relationship, SQLModel, col

AT = TIMESTAMP(timezone=True)


def made(**options: Any) -> Any:
    """A column that the database fills in."""
    return Field(default=None, sa_column_kwargs={"server_default": FetchedValue()}, **options)


class Account(SQLModel, table=True):
    id: UUID = Field(primary_key=True)
    email: str
    username: str | None
    given_name: str
    family_name: str
    display_name: str
    locale: str
    time_zone: str
    status: str
    email_verified_at: datetime | None = Field(sa_type=AT)
    created_at: datetime = Field(sa_type=AT)
    updated_at: datetime = Field(sa_type=AT)


class Login(SQLModel, table=True):
    __tablename__ = "session"
    id: UUID = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="account.id")
    idle_expires_at: datetime = Field(sa_type=AT)
    expires_at: datetime = Field(sa_type=AT)
    revoked_at: datetime | None = Field(sa_type=AT)

    @classmethod
    def is_alive(cls) -> tuple[ColumnElement[bool], ...]:
        """Conditions on a session and its account."""
        return (
            col(cls.revoked_at).is_(None),
            col(cls.idle_expires_at) > func.now(),
            col(cls.expires_at) > func.now(),
            col(Account.status).in_(["active", "pending"]),
        )


class Team(SQLModel, table=True):
    id: UUID = made(primary_key=True)
    name: str
    created_at: datetime = made(sa_type=AT)
    updated_at: datetime = made(sa_type=AT)


class TeamMember(SQLModel, table=True):
    __tablename__ = "team_member"
    team_id: UUID = Field(foreign_key="team.id", primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", primary_key=True)
    role: str


class AuditEvent(SQLModel, table=True):
    __tablename__ = "audit_event"
    id: int = made(primary_key=True)
    actor_id: UUID | None
    team_id: UUID | None
    action: str
    object_id: UUID | None
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)


class Applet(SQLModel, table=True):
    id: UUID = Field(primary_key=True)
    team_id: UUID = Field(foreign_key="team.id")


class AppletVersion(SQLModel, table=True):
    __tablename__ = "applet_version"
    id: UUID = Field(primary_key=True)
    applet_id: UUID


class VersionActivity(SQLModel, table=True):
    __tablename__ = "applet_version_activity"
    applet_version_id: UUID = Field(primary_key=True)
    activity_id: UUID = Field(primary_key=True)
    activity_revision_id: UUID


class ActivityRevision(SQLModel, table=True):
    __tablename__ = "activity_revision"
    id: UUID = Field(primary_key=True)
    content: dict[str, Any] = Field(sa_type=JSONB)


class VersionCopy(SQLModel, table=True):
    __tablename__ = "version_copy"
    id: UUID = Field(primary_key=True)
    label: str


class Submission(SQLModel, table=True):
    id: UUID = Field(primary_key=True)
    applet_id: UUID = Field(primary_key=True)
    applet_version_id: UUID = Field(foreign_key="version_copy.id")
    account_id: UUID
    status: str
    started_at: datetime = Field(sa_type=AT)
    completed_at: datetime = Field(sa_type=AT)
    received_at: datetime = made(sa_type=AT)
    zone: str
    version: VersionCopy = Relationship()
    answers: list["Answer"] = Relationship(
        back_populates="submission", sa_relationship_kwargs={"order_by": "Answer.step, Answer.id"}
    )

    @property
    def version_id(self) -> UUID:
        return self.applet_version_id

    @property
    def version_label(self) -> str:
        return self.version.label

    @property
    def respondent_id(self) -> UUID:
        return self.account_id


class Answer(SQLModel, table=True):
    id: UUID = Field(primary_key=True)
    applet_id: UUID = Field(primary_key=True)
    submission_id: UUID = Field(sa_column=Column(ForeignKey("submission.id")))
    step: int
    activity_id: UUID
    activity_revision_id: UUID
    payload: dict[str, Any] = Field(sa_type=JSONB)
    part_sha256: bytes
    scores: list[dict[str, Any]] = Field(sa_type=JSONB)
    warnings: list[dict[str, Any]] = Field(sa_type=JSONB)
    started_at: datetime = Field(sa_type=AT)
    ended_at: datetime = Field(sa_type=AT)
    received_at: datetime = made(sa_type=AT)
    submission: Submission = Relationship(back_populates="answers")

    @property
    def version_id(self) -> UUID:
        return self.submission.version_id

    @property
    def revision_id(self) -> UUID:
        return self.activity_revision_id
