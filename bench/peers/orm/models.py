"""People and teams as SQLAlchemy's declarative classes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FetchedValue, ForeignKey, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

AT = TIMESTAMP(timezone=True)


class Base(DeclarativeBase):
    # Not ClassVar: this is how SQLAlchemy's documentation declares them.
    type_annotation_map = {datetime: AT, dict[str, Any]: JSONB, list[str]: ARRAY(Text)}  # noqa: RUF012
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012


def made_by_database(**options: Any) -> Any:
    return mapped_column(server_default=FetchedValue(), **options)


class Account(Base):
    __tablename__ = "account"
    id: Mapped[UUID] = made_by_database(primary_key=True)
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(deferred=True)
    username: Mapped[str | None]
    given_name: Mapped[str]
    family_name: Mapped[str]
    display_name: Mapped[str]
    locale: Mapped[str]
    time_zone: Mapped[str]
    status: Mapped[str]
    email_verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @classmethod
    def has_email(cls, email: str) -> ColumnElement[bool]:
        return cls.email_key == func.casefold(email)


class Password(Base):
    __tablename__ = "password"
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    hash: Mapped[str]


class Login(Base):
    __tablename__ = "session"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    transport: Mapped[str]
    refresh_key: Mapped[bytes]
    refresh_counter: Mapped[int] = mapped_column(default=0)
    rotated_at: Mapped[datetime] = made_by_database()
    auth_methods: Mapped[list[str]]
    last_seen_at: Mapped[datetime] = made_by_database()
    idle_expires_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    @classmethod
    def is_alive(cls) -> tuple[ColumnElement[bool], ...]:
        """Conditions on a session and its account."""
        return (
            cls.revoked_at.is_(None),
            cls.idle_expires_at > func.now(),
            cls.expires_at > func.now(),
            Account.status.in_(["active", "pending"]),
        )


class Team(Base):
    __tablename__ = "team"
    id: Mapped[UUID] = made_by_database(primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime] = made_by_database()
    updated_at: Mapped[datetime] = made_by_database()
    members: Mapped[list["TeamMember"]] = relationship(back_populates="team")

    def seen(self, *, role: str, count: int | None) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "my_role": role,
            "member_count": count,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


class TeamMember(Base):
    __tablename__ = "team_member"
    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    role: Mapped[str]
    team: Mapped[Team] = relationship(back_populates="members")


class AuditEvent(Base):
    __tablename__ = "audit_event"
    id: Mapped[int] = made_by_database(primary_key=True)
    actor_id: Mapped[UUID | None]
    team_id: Mapped[UUID | None]
    action: Mapped[str]
    object_id: Mapped[UUID | None]
    detail: Mapped[dict[str, Any]]

    @classmethod
    def of(cls, actor_id: UUID, team_id: UUID) -> "AuditEvent":
        return cls(
            actor_id=actor_id, team_id=team_id, action="team.created", object_id=team_id, detail={}
        )
