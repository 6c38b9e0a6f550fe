"""Phone numbers as payloads and rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from src.auth.onetime.schemas import SentCode
from src.auth.phone.constants import PHONE_MAX
from src.schemas import Payload, Printable

Dialled = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=PHONE_MAX), Printable
]


class PhonePut(Payload):
    """A number as `phone`, or in two parts as `country_code` and `number`."""

    phone: Annotated[
        Dialled | None,
        Field(examples=["+4915112345678"], description="International, as E.164 has it."),
    ] = None
    country_code: Annotated[
        str | None,
        StringConstraints(pattern=r"^\+?[1-9][0-9]{0,2}$"),
        Field(description="The calling code of the country: `49`."),
    ] = None
    number: Annotated[
        Dialled | None,
        Field(description="The number as it is dialled inside the country."),
    ] = None


class PhoneVerify(Payload):
    code: SentCode


@dataclass(slots=True)
class Phone:
    """A number that its owner has proved to read messages of."""

    phone: str
    verified_at: datetime


@dataclass(slots=True)
class PhoneCodeSent:
    """A code is on its way, good until `expires_at`. Another may be asked for at `resend_after`."""

    expires_at: datetime
    resend_after: datetime


@dataclass(frozen=True, slots=True)
class Number:
    """A number that codes may be sent to: in E.164, and the country it is of (ISO 3166)."""

    e164: str
    country: str
