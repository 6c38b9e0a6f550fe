"""Questionnaires and answers as SQLModel classes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, Relationship, SQLModel

from bench.peers.template.models import AT, made


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
