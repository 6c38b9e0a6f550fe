"""What callers send to sign in, and what sessions look like."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, NewType
from uuid import UUID

from pydantic import Field, StringConstraints

from src.auth.constants import (
    CAPTCHA_TOKEN_MAX,
    DEVICE_NAME_MAX,
    Aal,
    DeviceType,
    LogoutScope,
    MfaMethod,
    Transport,
)
from src.database import Json
from src.schemas import Payload, Printable
from src.users.constants import EMAIL_MAX
from src.users.schemas import User, UserId

SessionId = NewType("SessionId", UUID)
DeviceId = NewType("DeviceId", UUID)

# No length is refused here: a login must not tell what a password may look like.
AnyPassword = Annotated[
    str, StringConstraints(max_length=4096), Field(examples=["a long sentence that only I know"])
]
RefreshToken = Annotated[str, StringConstraints(min_length=1, max_length=200)]


DeviceName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=DEVICE_NAME_MAX),
    Printable,
    Field(examples=["Ann's phone"]),
]


class SentDevice(Payload):
    """The device that signs in. Its `id` is a UUID that it makes once and keeps."""

    id: DeviceId
    type: DeviceType
    name: DeviceName | None = None


CaptchaToken = Annotated[
    str,
    StringConstraints(min_length=1, max_length=CAPTCHA_TOKEN_MAX),
    Printable,
    Field(description="What solving the CAPTCHA gave, where one is required."),
]


class Login(Payload):
    """`identifier` is an email if it has an `@`, else a username."""

    identifier: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=EMAIL_MAX),
        Printable,
        Field(examples=["ann@example.org"]),
    ]
    password: AnyPassword
    token_transport: Transport = Transport.BEARER
    device: SentDevice | None = None
    captcha_token: CaptchaToken | None = None


class Refresh(Payload):
    """In cookie transport the body is left out: the cookie holds the token."""

    refresh_token: RefreshToken | None = None


class Logout(Payload):
    """Which sessions to end. `refresh_token` serves a caller whose access token has expired.

    The device that `device_id` names gets no more pushes, if it is the caller's.
    """

    scope: LogoutScope = LogoutScope.CURRENT
    refresh_token: RefreshToken | None = None
    device_id: DeviceId | None = None


@dataclass(slots=True)
class Tokens:
    """What a client keeps. `expires_in` is in seconds."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str
    refresh_expires_at: datetime


@dataclass(slots=True)
class SignedIn:
    """In cookie transport `tokens` is null, and `csrf_token` goes with every unsafe request."""

    user: User
    tokens: Tokens | None
    csrf_token: str | None


@dataclass(slots=True)
class CheckEmail:
    """A mail says how to go on, if there is one: whether does not show here."""

    status: Literal["check_email"] = "check_email"


@dataclass(slots=True)
class MfaChallenge:
    """What the second step takes: the ticket, and one of the methods, before it expires."""

    ticket: str
    methods: list[MfaMethod]
    expires_at: datetime


@dataclass(slots=True)
class MfaRequired:
    """The first factor was right, and the account has a second: `POST /v1/auth/login/mfa`."""

    mfa: MfaChallenge


@dataclass(slots=True)
class Refreshed:
    """As after signing in, without the account."""

    tokens: Tokens | None
    csrf_token: str | None


@dataclass(slots=True)
class Session:
    """One sign-in."""

    id: SessionId
    transport: Transport
    auth_methods: list[str]
    """How its user signed in, in names of RFC 8176, such as `pwd` and `otp`."""
    aal: Aal
    device_id: DeviceId | None
    authenticated_at: datetime
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(slots=True)
class CurrentSession:
    """The caller's session and account. `csrf_token` is null in bearer transport."""

    session: Session
    user: User
    aal: Aal
    auth_time: datetime
    csrf_token: str | None


@dataclass(slots=True)
class Principal:
    """Who is calling, as the database says now."""

    id: UserId
    session_id: SessionId
    is_fresh: bool
    """Whether they signed in, not merely refreshed, within the last 15 minutes."""
    aal: Aal
    """Whether they did so by one factor, or by two."""
    is_verified: bool
    """Whether they have proved that their email is theirs."""


@dataclass(slots=True)
class Profile(Principal):
    """Who is calling, with their account."""

    account: Json[User]


@dataclass(slots=True)
class CredentialsSecret:
    """What a password is checked against."""

    user_id: UserId
    is_active: bool
    is_deleting: bool
    hash: str


@dataclass(slots=True)
class SessionSecret:
    """A session as its refresh token is checked against."""

    id: SessionId
    user_id: UserId
    transport: Transport
    refresh_key: bytes
    refresh_counter: int
    auth_methods: list[str]
    aal: Aal
    authenticated_at: datetime
    is_in_grace: bool
    is_alive: bool
    is_revoked: bool
    refresh_expires_at: datetime


@dataclass(slots=True)
class SigningKeySecret:
    """A signing key as the database holds it."""

    kid: str
    state: str
    public_jwk: dict[str, str]
    private_key: bytes
