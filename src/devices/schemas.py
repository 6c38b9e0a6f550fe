"""Devices as payloads and rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from src.auth.constants import DeviceType
from src.auth.schemas import DeviceId, DeviceName
from src.devices.constants import APP_VERSION_MAX, PUSH_TOKEN_MAX, Service
from src.schemas import Flag, Payload, Printable

AppVersion = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=APP_VERSION_MAX), Printable
]
PushToken = Annotated[
    str,
    StringConstraints(min_length=1, max_length=PUSH_TOKEN_MAX),
    Printable,
    Field(
        description="Of an app, the registration token that Firebase gave it. Of a browser, its "
        "push subscription as JSON: `JSON.stringify(subscription)`."
    ),
]


class DeviceRegister(Payload):
    """What a device says of itself. What is left out stays as it is."""

    type: DeviceType
    push_token: PushToken | None = None
    app_version: AppVersion | None = None


class DeviceBind(Payload):
    """A device on which the caller is signed in. What is left out stays as it is.

    One that is not `active` gets no pushes.
    """

    type: DeviceType
    name: DeviceName | None = None
    push_token: PushToken | None = None
    active: Flag = True


@dataclass(slots=True)
class RegisteredDevice:
    """A device, as itself sees it. `device_secret` is told this once, else it is null."""

    id: DeviceId
    type: DeviceType
    app_version: str
    has_push_token: bool
    device_secret: str | None


@dataclass(slots=True)
class Device:
    """A device, as whoever is signed in on it sees it."""

    id: DeviceId
    type: DeviceType
    name: str
    app_version: str
    active: bool
    has_push_token: bool
    created_at: datetime
    last_seen_at: datetime


@dataclass(slots=True)
class BoundDevice(Device):
    """`device_secret` is told this once, else it is null: keep it in the device."""

    device_secret: str | None


@dataclass(slots=True)
class Registered:
    """What has become of a device that spoke for itself."""

    app_version: str
    has_push_token: bool
    is_new: bool


@dataclass(slots=True)
class Bound:
    """What has become of a device that somebody is signed in on."""

    name: str
    app_version: str
    active: bool
    has_push_token: bool
    created_at: datetime
    last_seen_at: datetime
    is_new: bool
    was_theirs: bool
    is_told: bool
    """Whether the secret that was offered is the device's from now on."""


@dataclass(slots=True)
class TargetSecret:
    """Where to send a push, sealed."""

    token_hash: bytes
    service: Service
    token: bytes
    locale: str


@dataclass(frozen=True, slots=True)
class PushAddress:
    """What a push token says."""

    service: Service
    token: str
    key: str
    """What makes it the same address: a browser may change the keys of a subscription."""


@dataclass(slots=True)
class Targets:
    """To how many devices a push goes."""

    targets: int
