"""What callers send to change a password."""

from dataclasses import dataclass
from datetime import datetime

from src.auth.schemas import AnyPassword
from src.schemas import Payload


class PasswordChange(Payload):
    """`current_password` is left out by an account that has none yet."""

    current_password: AnyPassword | None = None
    new_password: AnyPassword
    revoke_others: bool = True


class Reauthentication(Payload):
    """Something that only the account's owner knows."""

    password: AnyPassword


@dataclass(slots=True)
class OwnPasswordSecret:
    """An account's password, if it has one, and what may not be part of a new one."""

    hash: str | None
    changed_at: datetime | None
    context: list[str]
