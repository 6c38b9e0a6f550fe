"""What callers send to change their email."""

from typing import Self

from pydantic import model_validator

from src.auth.onetime.schemas import SentCode, SentToken
from src.auth.verification.schemas import check_either
from src.schemas import Payload
from src.users.schemas import Email


class EmailChange(Payload):
    """The new address."""

    email: Email


class EmailConfirmation(Payload):
    """The token of the link that went to the new address, or the code beside it."""

    token: SentToken | None = None
    code: SentCode | None = None

    @model_validator(mode="after")
    def _is_either(self) -> Self:
        check_either(self.token, self.code)
        return self


class EmailUndo(Payload):
    """The token of the link that went to the old address."""

    token: SentToken
