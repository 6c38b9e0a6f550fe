"""What callers send to change a password."""

from dataclasses import dataclass
from datetime import datetime

from src.auth.mfa.schemas import SentFactorCode
from src.auth.passkeys.schemas import Assertion
from src.auth.schemas import AnyPassword
from src.schemas import Payload


class PasswordChange(Payload):
    """`current_password` is left out by an account that has none yet."""

    current_password: AnyPassword | None = None
    new_password: AnyPassword
    revoke_others: bool = True


class Reauthentication(Payload):
    """One proof: the password, a code of the authenticator app, or what a passkey answers to the
    options of `POST /v1/auth/passkeys/options`.
    """

    password: AnyPassword | None = None
    totp: SentFactorCode | None = None
    assertion: Assertion | None = None


@dataclass(slots=True)
class OwnPasswordSecret:
    """An account's password, if it has one, and what may not be part of a new one."""

    hash: str | None
    changed_at: datetime | None
    context: list[str]
