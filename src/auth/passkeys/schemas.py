"""Passkeys as payloads and rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, NewType
from uuid import UUID

from pydantic import Field, StringConstraints

from src.auth.constants import Transport
from src.auth.onetime.schemas import FlowId
from src.auth.passkeys.constants import NAME_MAX
from src.schemas import Payload, Printable
from src.users.constants import Status
from src.users.schemas import UserId

PasskeyId = NewType("PasskeyId", UUID)

PasskeyName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_MAX),
    Printable,
    Field(examples=["Ann's phone"]),
]
# What a browser says grows with its versions: no field of it is refused here.
Assertion = Annotated[
    dict[str, Any],
    Field(description="What `navigator.credentials.get()` gave, by its `toJSON()`."),
]
Attestation = Annotated[
    dict[str, Any],
    Field(description="What `navigator.credentials.create()` gave, by its `toJSON()`."),
]


class PasskeyCreate(Payload):
    """A passkey that the browser has just made for the options of `flow_id`."""

    flow_id: FlowId
    credential: Attestation
    name: PasskeyName = "Passkey"


class PasskeyUpdate(Payload):
    name: PasskeyName


class PasskeyLogin(Payload):
    """What a passkey says to the options of `flow_id`."""

    flow_id: FlowId
    assertion: Assertion
    token_transport: Transport = Transport.BEARER


@dataclass(slots=True)
class PasskeyOptions:
    """What a browser asks a passkey with: `options` goes, as `publicKey`, to
    `navigator.credentials`, after `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`.
    """

    flow_id: FlowId
    options: dict[str, Any]
    expires_at: datetime


@dataclass(slots=True)
class Passkey:
    """A passkey, as its owner sees it."""

    id: PasskeyId
    name: str
    is_backed_up: Annotated[bool, Field(description="Whether it is kept beyond one device.")]
    created_at: datetime
    last_used_at: datetime | None


@dataclass(slots=True)
class NewPasskey:
    """With the first factor of an account come ten recovery codes, shown this once."""

    passkey: Passkey
    recovery_codes: list[str] | None


@dataclass(slots=True)
class KnownPasskey:
    """A passkey as its answers are checked against. Nothing of it is secret."""

    id: PasskeyId
    user_id: UserId
    status: Status
    public_key: bytes


@dataclass(slots=True)
class Shown:
    """Whose passkey has answered."""

    user_id: UserId
    status: Status
