"""What callers send to prove that an address is theirs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from src.auth.onetime.schemas import SentCode, SentToken
from src.schemas import Payload
from src.users.schemas import Email


class VerificationRequest(Payload):
    """Whose address is to be verified; the caller's own if it is left out."""

    email: Email | None = None


class EmailVerification(Payload):
    """The token of the mail's link; or its code, with the address that it was sent to."""

    token: SentToken | None = None
    email: Email | None = None
    code: SentCode | None = None

    @model_validator(mode="after")
    def _is_either(self) -> Self:
        check_either(self.token, self.email, self.code)
        return self


def check_either(token: str | None, *others: str | None) -> None:
    """Raise unless there is a token and nothing else, or everything else and no token."""
    is_whole = all(other is not None for other in others)
    is_none = all(other is None for other in others)
    if not (is_none if token is not None else is_whole):
        raise PydanticCustomError(
            "token_or_code", "Send the token, or else the code with what it needs."
        )


@dataclass(slots=True)
class LinkState:
    """A link that can still be used. `email_hint` is enough to know one's own address by."""

    email_hint: str
    expires_at: datetime
