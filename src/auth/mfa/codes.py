"""Codes of second factors: which are right, and how they are written. No database, no clock."""

import base64
import secrets
from datetime import datetime

import pyotp
from pyotp.exceptions import OTPVerificationError

from src import security
from src.auth.mfa.constants import RECOVERY_CODE_BYTES, RECOVERY_CODES, STEP_WINDOW

_DIGITS = 6
_GROUP = 4


def new_seed() -> str:
    """160 random bits, in the letters that authenticator apps take."""
    return pyotp.random_base32()


def provisioning_uri(seed: str, *, user: str, service: str) -> str:
    """What a QR code says to an authenticator app."""
    return pyotp.TOTP(seed).provisioning_uri(name=user, issuer_name=service)


def step_of(seed: str, code: str, *, at: datetime) -> int | None:
    """The time step that a TOTP code is right for, about that time; None if it is wrong."""
    digits = "".join(code.split())
    if len(digits) != _DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return pyotp.TOTP(seed).verify_and_get_timecode(
            digits, for_time=at, valid_window=STEP_WINDOW
        )
    except OTPVerificationError:
        return None


def new_recovery_codes() -> list[str]:
    """Ten codes such as `ABCD-EFGH-IJKL-MNOP`."""
    return [_grouped(secrets.token_bytes(RECOVERY_CODE_BYTES)) for _ in range(RECOVERY_CODES)]


def recovery_code_hash(code: str) -> bytes:
    """What is kept of a recovery code. Spaces, hyphens and small letters make no difference."""
    return security.token_hash("".join(code.split()).replace("-", "").upper())


def _grouped(random: bytes) -> str:
    text = base64.b32encode(random).decode()
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))
