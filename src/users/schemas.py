"""Accounts as rows, and the fields that payloads share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, NewType
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from src.schemas import Printable
from src.users.constants import EMAIL_MAX, NAME_MAX, USERNAME_MAX, USERNAME_MIN, Status

UserId = NewType("UserId", UUID)


def _normal_email(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as exc:
        raise PydanticCustomError("invalid_email", "{reason}", {"reason": str(exc)}) from exc


Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=EMAIL_MAX),
    AfterValidator(_normal_email),
    Field(examples=["ann@example.org"]),
]
Username = Annotated[
    str,
    StringConstraints(
        min_length=USERNAME_MIN, max_length=USERNAME_MAX, pattern=r"^[A-Za-z0-9_.-]+$"
    ),
    Field(description="Letters, digits, `_`, `.` and `-`; compared without case."),
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=NAME_MAX), Printable]
Locale = Annotated[
    str, StringConstraints(pattern=r"^[a-zA-Z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)
]


@dataclass(slots=True)
class User:
    """An account, as its owner sees it."""

    id: UserId
    email: str
    username: str | None
    given_name: str
    family_name: str
    display_name: str
    locale: str
    time_zone: str
    status: Status
    email_verified_at: datetime | None
    created_at: datetime
    updated_at: datetime
