"""The arithmetic of codes, against the vectors of RFC 6238."""

import base64
import re
from datetime import UTC, datetime

import pyotp
import pytest

from src.auth.mfa import codes
from src.auth.mfa.constants import RECOVERY_CODES

SEED = base64.b32encode(b"12345678901234567890").decode()
# Appendix B has eight digits, of which apps show the last six.
VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(("seconds", "digits"), VECTORS)
def test_codes_are_those_of_rfc_6238(seconds: int, digits: str) -> None:
    assert codes.step_of(SEED, digits[-6:], at=at(seconds)) == seconds // 30


@pytest.mark.parametrize(("seconds", "digits"), VECTORS[1:])
def test_a_phone_may_be_off_by_one_step_and_no_more(seconds: int, digits: str) -> None:
    begins = seconds // 30 * 30
    code, step = digits[-6:], seconds // 30

    for near in (begins - 30, begins + 59):
        assert codes.step_of(SEED, code, at=at(near)) == step
    for far in (begins - 31, begins + 60):
        assert codes.step_of(SEED, code, at=at(far)) is None


def test_a_code_may_be_typed_in_groups() -> None:
    assert codes.step_of(SEED, " 287 082 ", at=at(59)) == 1


@pytest.mark.parametrize(
    "code",
    [
        "",
        "28708",
        "2870820",
        "28708x",
        "\uff12\uff18\uff17\uff10\uff18\uff12",
        "-87082",
        "\u0662" * 6,
    ],
)
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert codes.step_of(SEED, code, at=at(59)) is None


def test_a_seed_has_160_bits_and_apps_can_read_its_address() -> None:
    seed = codes.new_seed()

    assert len(base64.b32decode(seed)) == 20
    read = pyotp.parse_uri(codes.provisioning_uri(seed, user="ann@example.org", service="Birds"))
    assert isinstance(read, pyotp.TOTP)
    assert (read.secret, read.name, read.issuer) == (seed, "ann@example.org", "Birds")
    assert (read.digits, read.interval) == (6, 30)
    assert read.now() == pyotp.TOTP(seed).now()


def test_recovery_codes_have_80_bits_in_groups_that_can_be_read_aloud() -> None:
    made = codes.new_recovery_codes()

    assert len(set(made)) == len(made) == RECOVERY_CODES
    assert all(re.fullmatch(r"([A-Z2-7]{4}-){3}[A-Z2-7]{4}", code) for code in made)


def test_a_recovery_code_is_the_same_however_it_is_written() -> None:
    (code, other, *_) = codes.new_recovery_codes()

    for written in (code.lower(), code.replace("-", ""), f" {code} ", code.replace("-", " ")):
        assert codes.recovery_code_hash(written) == codes.recovery_code_hash(code)
    assert codes.recovery_code_hash(other) != codes.recovery_code_hash(code)
