"""Second factors as payloads and rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from src.auth.constants import MfaMethod
from src.auth.onetime.schemas import SentToken
from src.auth.passkeys.schemas import Assertion
from src.schemas import Payload

# Whatever is typed here can only be wrong: how a code looks is nobody's secret and no 422.
SentFactorCode = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=40),
    Field(examples=["402917"]),
]


class SecondStep(Payload):
    """The ticket that the first step answered with, and the account's second factor: a `code`, or
    by passkey an `assertion`, which answers the options of `POST /v1/auth/passkeys/options`.
    """

    ticket: SentToken
    method: MfaMethod
    code: SentFactorCode | None = None
    assertion: Assertion | None = None


class TotpConfirm(Payload):
    """The code that the authenticator app shows."""

    code: SentFactorCode


@dataclass(slots=True)
class NewTotp:
    """What an authenticator app takes in: the secret typed, or the address as a QR code."""

    secret: str
    otpauth_uri: str


@dataclass(slots=True)
class RecoveryCodes:
    """Ten codes, shown this once. Each signs in once in place of the second factor."""

    recovery_codes: list[str]


@dataclass(slots=True)
class Factors:
    """What may come as a second factor, as the database says now."""

    has_totp: bool
    has_passkey: bool
    has_recovery_code: bool


@dataclass(slots=True)
class TotpSecret:
    """A seed, sealed, and what time it is."""

    secret: bytes
    is_confirmed: bool
    now: datetime
