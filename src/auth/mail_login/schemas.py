"""What callers send to sign in by mail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from src.auth.constants import Transport
from src.auth.onetime.schemas import FlowId, SentCode, SentToken
from src.schemas import Payload
from src.users.schemas import Email


@dataclass(slots=True)
class Flow:
    """What belongs to the code that was mailed, whether or not anybody has the address."""

    flow_id: FlowId
    expires_at: datetime


class Redemption(Payload):
    """The `token` of the link; or the code, with the address and the `flow_id` that it is for."""

    token: SentToken | None = None
    email: Email | None = None
    code: SentCode | None = None
    flow_id: FlowId | None = None
    token_transport: Transport = Transport.BEARER

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        of_code = {self.email is not None, self.code is not None, self.flow_id is not None}
        if of_code != {self.token is None}:
            raise PydanticCustomError(
                "token_or_code", "Send a token, or an email with its code and flow_id."
            )
        return self
