"""Service accounts as payloads and rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from src.auth.api_keys.schemas import ApiKeyCreate, Scopes
from src.permissions import Scope
from src.schemas import Payload, Printable
from src.service_accounts.constants import NAME_MAX
from src.teams.constants import InvitedRole, Role
from src.users.schemas import UserId


def _impersonal(scopes: list[Scope]) -> list[Scope]:
    if personal := [scope for scope in scopes if scope.is_personal]:
        raise PydanticCustomError(
            "personal_scope", "No service account has {scopes}.", {"scopes": ", ".join(personal)}
        )
    return scopes


AccountName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_MAX),
    Printable,
    Field(examples=["Nightly import"]),
]


class ServiceAccountCreate(Payload):
    name: AccountName
    role: InvitedRole = InvitedRole.VIEWER


class ServiceAccountUpdate(Payload):
    """What is absent or null stays as it is."""

    name: AccountName | None = None
    role: InvitedRole | None = None


class ServiceKeyCreate(ApiKeyCreate):
    """As for oneself, without the scopes that are about somebody."""

    scopes: Annotated[Scopes, AfterValidator(_impersonal)]


@dataclass(slots=True)
class ServiceAccount:
    """A program of a team's; among the members it is one of the kind `service`."""

    id: UserId
    name: str
    role: Role
    created_at: datetime
