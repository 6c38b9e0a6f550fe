"""API keys as payloads and rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, NewType
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from src.auth.api_keys.constants import NAME_MAX
from src.auth.constants import Aal
from src.auth.schemas import Principal, SessionId
from src.permissions import Scope
from src.schemas import Moment, Payload, Printable
from src.users.schemas import UserId

ApiKeyId = NewType("ApiKeyId", UUID)


def _ordered(scopes: list[Scope]) -> list[Scope]:
    """Each once, in the order of the table."""
    return [scope for scope in Scope if scope in scopes]


Scopes = Annotated[
    list[Scope], Field(min_length=1, max_length=len(Scope)), AfterValidator(_ordered)
]
KeyName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_MAX),
    Printable,
    Field(examples=["nightly export"]),
]


class ApiKeyCreate(Payload):
    """A key lives until `expires_at`, or until it is deleted."""

    name: KeyName
    scopes: Scopes
    expires_at: Moment | None = None


@dataclass(slots=True)
class ApiKey:
    """A key as its owner sees it: of the key itself only how it begins."""

    id: ApiKeyId
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    last_used_at: Annotated[
        datetime | None, Field(description="When it was used last, to a few minutes.")
    ]
    expires_at: datetime | None


@dataclass(slots=True)
class NewApiKey:
    """A new key: `key` itself is shown this once."""

    api_key: ApiKey
    key: str


@dataclass(slots=True)
class KeyHolder:
    """Who calls by a key."""

    id: UserId
    is_verified: bool
    key_id: ApiKeyId
    key_hash: bytes
    scopes: list[str]
    is_use_due: bool
    """Whether its last use that was written down is some minutes ago."""

    def principal(self) -> Principal:
        """The caller as routes know them: never fresh. The key is in the place of a session."""
        return Principal(
            id=self.id,
            session_id=SessionId(self.key_id),
            is_fresh=False,
            aal=Aal.ONE,
            is_verified=self.is_verified,
        )
