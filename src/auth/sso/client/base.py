"""What every provider can be asked."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from src.auth.sso.constants import Kind
from src.auth.sso.schemas import Asserted, TokenLogin
from src.config import SsoProviderSettings
from src.users.schemas import Email, Name

_emails: TypeAdapter[str] = TypeAdapter(Email)
_names: TypeAdapter[str] = TypeAdapter(Name)


class Provider(ABC):
    """One provider of the settings."""

    kind: Kind

    def __init__(self, name: str, settings: SsoProviderSettings) -> None:
        self.id = name
        self.settings = settings

    @property
    def title(self) -> str:
        return self.settings.name or self.id

    @abstractmethod
    async def address(
        self, *, redirect_uri: str, state: str, nonce: str, code_verifier: str
    ) -> str:
        """Where to send the browser. Raises ProviderUnavailable."""

    @abstractmethod
    async def check_answered(self, issuer: str | None) -> None:
        """Raise TokenInvalid if the answer says to be another's (RFC 9207), or should say and
        does not. Raises ProviderUnavailable."""

    @abstractmethod
    async def by_code(
        self, *, code: str, code_verifier: str, redirect_uri: str, nonce: str
    ) -> Asserted:
        """Who has brought this code. Raises TokenInvalid and ProviderUnavailable."""

    @abstractmethod
    async def by_token(self, sent: TokenLogin) -> Asserted:
        """Who has brought this token. Raises Invalid, TokenInvalid and ProviderUnavailable."""


def email_of(claims: Mapping[str, Any]) -> str | None:
    """The address, if there is one that we would take of anybody."""
    try:
        return _emails.validate_python(claims.get("email"), strict=True)
    except ValidationError:
        return None


def name_of(claims: Mapping[str, Any], claim: str) -> str:
    try:
        return _names.validate_python(claims.get(claim), strict=True)
    except ValidationError:
        return ""


def is_true(value: object) -> bool:
    """Whether a claim says yes: `true`, or the word that some providers send in its place."""
    return value is True or value == "true"
