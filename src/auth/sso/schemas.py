"""What callers send to sign in with a provider, and what identities look like."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, NewType, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from src.auth.constants import Transport
from src.auth.sso.constants import Kind, Mode
from src.schemas import Payload
from src.users.schemas import UserId

IdentityId = NewType("IdentityId", UUID)

CodeVerifier = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9._~-]{43,128}$"),
    Field(examples=["kQ4-Zt0vWm8yJr2uBx6aLc1nHd5sGe9fPi3oTq7wYvX"]),
]
"""RFC 7636, 4.1."""
Nonce = Annotated[
    str,
    StringConstraints(pattern=r"^[\x21-\x7e]{16,200}$"),
    Field(description="What the app made up for this one sign-in, and gave to the provider."),
]
ProviderCode = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
ProviderToken = Annotated[str, StringConstraints(min_length=1, max_length=16_384)]


class Exchange(Payload):
    """`code_verifier` is the one whose challenge came with the request that began it all."""

    login_code: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    code_verifier: CodeVerifier
    token_transport: Transport = Transport.BEARER


class Link(Payload):
    """A login code of a flow with `mode=link`."""

    login_code: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    code_verifier: CodeVerifier


class CodeLogin(Payload):
    """For pages that talk to the provider themselves."""

    code: ProviderCode
    code_verifier: CodeVerifier
    redirect_uri: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    nonce: Nonce
    token_transport: Transport = Transport.BEARER


class TokenLogin(Payload):
    """For native apps: `id_token` and `nonce`, or for Facebook `access_token` alone."""

    id_token: ProviderToken | None = None
    nonce: Nonce | None = None
    access_token: ProviderToken | None = None
    token_transport: Transport = Transport.BEARER


@dataclass(slots=True)
class Provider:
    """Somebody whom one may sign in with. `id` is part of the addresses."""

    id: str
    name: str
    kind: Kind


@dataclass(slots=True)
class ProviderList:
    items: list[Provider]


@dataclass(slots=True)
class Identity:
    """An account at a provider that signs in to the caller's account here."""

    id: IdentityId
    provider: str
    issuer: str
    email: str | None
    created_at: datetime
    last_used_at: datetime


@dataclass(slots=True)
class KnownIdentity:
    """Whose it is."""

    id: IdentityId
    user_id: UserId
    is_active: bool
    is_deleting: bool


@dataclass(frozen=True, slots=True)
class Asserted:
    """What a provider said of somebody, after all that can be checked of it was checked."""

    provider: str
    issuer: str
    subject: str
    email: str | None
    is_email_trusted: bool
    """Whether the provider calls the address verified, and is one to be believed about it."""
    given_name: str = ""
    family_name: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """What a login code stands for."""

    mode: Mode
    code_challenge: str
    asserted: Asserted

    def detail(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, detail: dict[str, Any]) -> Self:
        return cls(
            mode=Mode(detail["mode"]),
            code_challenge=detail["code_challenge"],
            asserted=Asserted(**detail["asserted"]),
        )


@dataclass(frozen=True, slots=True)
class Resolved:
    """Who signs in, and whether the account has just been made."""

    user_id: UserId
    is_new: bool
