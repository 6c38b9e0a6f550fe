"""Mail, SMS and phone numbers: the servers they go through, and to whom."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from src.config.values import CommaList, Section, is_base

_ADDRESS = re.compile(r"[^@\s<>,;:\"]+@[A-Za-z0-9.-]+")

TlsMode = Literal["tls", "starttls", "none"]

_TLS_PORT = 465


class MailSettings(Section):
    server: str | None = None
    """SMTP server that takes our mail. Without it, `local` and `test` keep mails in an outbox, at
    `/v1/local/outbox`; elsewhere mails wait for a day and are then given up."""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    """Port of that server."""
    username: str | None = None
    """Name by which we sign in there; not used without a password."""
    password: SecretStr | None = None
    """Password of that name."""
    tls: TlsMode | None = None
    """`tls` from the first byte, `starttls` before anything is said, or `none`. The default is
    `tls` on port 465; else `starttls` if there is a password, and without one wherever the server
    offers it."""
    from_address: str = "core-api@localhost"
    """Address that mails come from. What is after the `@` also names them (Message-ID)."""
    from_name: str = "Core API"
    """Name that mails come from, and what they call this service."""
    timeout: Annotated[float, Field(gt=0, le=120)] = 10
    """Seconds that one step with the server may take."""

    @property
    def is_given(self) -> bool:
        return self.server is not None

    @property
    def tls_mode(self) -> TlsMode | None:
        """How mail is kept from others on its way; None for as the server likes."""
        if self.tls is not None:
            return self.tls
        if self.port == _TLS_PORT:
            return "tls"
        return "starttls" if self.password else None

    @field_validator("from_address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not _ADDRESS.fullmatch(value):
            raise ValueError("must be an email address")
        return value

    @field_validator("from_name")
    @classmethod
    def _is_name(cls, value: str) -> str:
        if not value.strip() or not value.isprintable():
            raise ValueError("must be a name, in one line")
        return value


class MailingSettings(Section):
    mail: MailSettings = MailSettings()


class SmsSettings(Section):
    account_sid: str | None = None
    """Account at an SMS gateway that speaks as Twilio does. Without one, SMS are kept as mails are
    without a server."""
    auth_token: SecretStr | None = None
    """Secret of that account."""
    from_number: str | None = None
    """Number that SMS come from, as `+15005550006`, or a name where that is allowed."""
    messaging_service_sid: str | None = None
    """A pool of such numbers at the gateway, in place of one."""
    base_url: Annotated[str, AfterValidator(is_base)] = "https://api.twilio.com"
    """Where the gateway is."""

    @property
    def is_given(self) -> bool:
        return self.account_sid is not None

    @property
    def sender(self) -> dict[str, str]:
        """Who an SMS is from, as the gateway is told."""
        if self.messaging_service_sid is not None:
            return {"MessagingServiceSid": self.messaging_service_sid}
        return {"From": self.from_number or ""}

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        has_sender = self.from_number is not None or self.messaging_service_sid is not None
        if self.is_given and not (self.auth_token and has_sender):
            raise ValueError(
                "SMS__ACCOUNT_SID needs SMS__AUTH_TOKEN, and SMS__FROM_NUMBER or"
                " SMS__MESSAGING_SERVICE_SID"
            )
        return self


class PhoneSettings(Section):
    countries: CommaList = ()
    """Countries whose numbers may be verified, as two letters (ISO 3166); none named: all. Text
    messages cost money: name those that you serve."""

    @field_validator("countries")
    @classmethod
    def _are_countries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(len(one) == 2 and one.isascii() and one.isalpha() for one in value):
            raise ValueError("must be codes of two letters, such as DE,FR")
        return tuple(one.upper() for one in value)
