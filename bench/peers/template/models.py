"""People and teams as SQLModel classes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FetchedValue, func
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlmodel import Field, SQLModel, col

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
