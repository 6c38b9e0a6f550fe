"""Questionnaires and answers as SQLAlchemy's declarative classes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bench.peers.orm.models import Base, made_by_database


class Applet(Base):
    __tablename__ = "applet"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id"))


class AppletVersion(Base):
    __tablename__ = "applet_version"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    applet_id: Mapped[UUID]


class VersionActivity(Base):
    __tablename__ = "applet_version_activity"
    applet_version_id: Mapped[UUID] = mapped_column(primary_key=True)
    activity_id: Mapped[UUID] = mapped_column(primary_key=True)
    activity_revision_id: Mapped[UUID]


class ActivityRevision(Base):
    __tablename__ = "activity_revision"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]]


class VersionCopy(Base):
    __tablename__ = "version_copy"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    label: Mapped[str]


class Submission(Base):
    __tablename__ = "submission"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    applet_id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column("applet_version_id", ForeignKey("version_copy.id"))
    respondent_id: Mapped[UUID] = mapped_column("account_id")
    status: Mapped[str]
    started_at: Mapped[datetime]
    completed_at: Mapped[datetime]
    received_at: Mapped[datetime] = made_by_database()
    zone: Mapped[str]
    version: Mapped[VersionCopy] = relationship()
    answers: Mapped[list["Answer"]] = relationship(
        back_populates="submission",
        order_by="Answer.step, Answer.id",
        primaryjoin="and_(Answer.applet_id == Submission.applet_id,"
        " foreign(Answer.submission_id) == Submission.id)",
    )

    @property
    def version_label(self) -> str:
        return self.version.label


class Answer(Base):
    __tablename__ = "answer"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    applet_id: Mapped[UUID] = mapped_column(primary_key=True)
    submission_id: Mapped[UUID]
    step: Mapped[int]
    activity_id: Mapped[UUID]
    revision_id: Mapped[UUID] = mapped_column("activity_revision_id")
    payload: Mapped[dict[str, Any]]
    part_sha256: Mapped[bytes]
    scores: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    received_at: Mapped[datetime] = made_by_database()
    submission: Mapped[Submission] = relationship(
        back_populates="answers",
        primaryjoin="and_(Answer.applet_id == Submission.applet_id,"
        " foreign(Answer.submission_id) == Submission.id)",
    )

    @property
    def version_id(self) -> UUID:
        return self.submission.version_id
