"""What callers send to change or recover a password."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from src.auth.mfa.schemas import SentFactorCode
from src.auth.onetime.schemas import SentCode, SentToken
from src.auth.passkeys.schemas import Assertion
from src.auth.schemas import AnyPassword
from src.schemas import Flag, Payload
from src.users.schemas import Email


class PasswordChange(Payload):
    """`current_password` is left out by an account that has none yet."""

    current_password: AnyPassword | None = None
    new_password: AnyPassword
    revoke_others: Flag = True


class Reauthentication(Payload):
    """One proof: the password, a code of the authenticator app, or what a passkey answers to the
    options of `POST /v1/auth/passkeys/options`.
    """

    password: AnyPassword | None = None
    totp: SentFactorCode | None = None
    assertion: Assertion | None = None


class PasswordReset(Payload):
    """The `token` of the link; or the code of the mail, with the address that it was sent to."""

    token: SentToken | None = None
    email: Email | None = None
    code: SentCode | None = None
    password: AnyPassword

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        given = (self.token is not None, self.email is not None, self.code is not None)
        if given not in {(True, False, False), (False, True, True)}:
            raise PydanticCustomError("token_or_code", "Send a token, or an email and its code.")
        return self


@dataclass(slots=True)
class OwnPasswordSecret:
    """An account's password, if it has one, and what may not be part of a new one."""

    hash: str | None
    changed_at: datetime | None
    context: list[str]
