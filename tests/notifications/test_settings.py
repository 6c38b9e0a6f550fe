"""What may be said of the ways out, and what follows from it."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from src.config import MailSettings, SmsSettings
from src.constants import Environment
from tests.conftest import settings_for
from tests.notifications.sending import SMS, mailing


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        ({}, None),
        ({"port": 465}, "tls"),
        ({"port": 465, "tls": "none"}, "none"),
        ({"password": SecretStr("x")}, "starttls"),
        ({"password": SecretStr("x"), "port": 465}, "tls"),
        ({"password": SecretStr("x"), "tls": "none"}, "none"),
        ({"tls": "starttls"}, "starttls"),
    ],
)
def test_a_password_is_not_sent_in_the_clear_unless_that_is_said(
    given: dict[str, Any], mode: str | None
) -> None:
    assert MailSettings(**given).tls_mode == mode


@pytest.mark.parametrize(
    "given",
    [
        {"from_address": "nobody"},
        {"from_address": "a b@example.org"},
        {"from_address": "a@example.org\r\nBcc: bob@example.org"},
        {"from_address": "Ann <ann@example.org>"},
        {"from_name": "Birds\nBcc: bob@example.org"},
        {"from_name": " "},
        {"tls": "perhaps"},
    ],
)
def test_a_sender_is_an_address_and_a_name(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        MailSettings.model_validate(given)


@pytest.mark.parametrize(
    "given",
    [
        {"account_sid": "AC7"},
        {"account_sid": "AC7", "auth_token": "x"},
        {"account_sid": "AC7", "from_number": "+15005550006"},
    ],
)
def test_half_an_sms_account_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="SMS__AUTH_TOKEN"):
        SmsSettings.model_validate(given)


def test_an_sms_comes_from_a_number_or_from_a_pool_of_them() -> None:
    pool = SMS.model_copy(update={"messaging_service_sid": "MG1"})

    assert SMS.sender == {"From": "+15005550006"}
    assert pool.sender == {"MessagingServiceSid": "MG1"}


def test_mail_arrives_where_it_is_set_up_or_kept() -> None:
    public: dict[str, Any] = {
        "environment": Environment.PRODUCTION,
        "public_url": "https://core.example.org",
        "secrets": {"secret_key": "b6Wc0Zr1uTq9XkGm3NfVyLhDsEaJp7oI5tMxKvHw"},
    }

    with pytest.raises(ValidationError, match="MAILING__MAIL__FROM_ADDRESS"):
        settings_for(
            "postgresql://nowhere", mailing=mailing(25, from_address="core@localhost"), **public
        )
    assert settings_for("postgresql://nowhere").mail_arrives
    assert not settings_for("postgresql://nowhere", **public).mail_arrives
    assert settings_for("postgresql://nowhere", mailing=mailing(25), **public).mail_arrives
