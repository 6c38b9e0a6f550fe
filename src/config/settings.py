"""All settings together: what they must be, where, and what follows from them."""

import os
import re
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from src.config.authentication import AuthenticationSettings
from src.config.captcha import CaptchaSettings
from src.config.database import DatabaseSettings
from src.config.limits import MAILS_TO_AN_ADDRESS, LimitSettings, RateSettings
from src.config.messages import MailingSettings, PhoneSettings, SmsSettings
from src.config.push import PushSettings
from src.config.secrets import SecretsSettings
from src.config.sso import SsoProviderSettings, SsoSettings
from src.config.values import CommaList, Section, is_base
from src.config.web import CorsSettings, PageSettings
from src.constants import EMAIL_UNDO_HOURS, Environment

SECRET_KEY_MIN_LENGTH = 32

_SAMPLE = re.compile(r"change.?me|change.?this|secret.?key|sample|example|default|password", re.I)


def _are_networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for network in value:
        try:
            ip_network(network)
        except ValueError as exc:
            raise ValueError(f"is not a list of networks: {exc}") from exc
    return value


def _outlasts_undo(days: int) -> int:
    """Else a thief could change the email, delete the account, and have it erased in time."""
    if days * 24 < EMAIL_UNDO_HOURS:
        raise ValueError(
            f"PRIVACY__DELETION_GRACE_DAYS is shorter than the {EMAIL_UNDO_HOURS} hours for which a"
            " change of the email can be taken back, and the account's deletion with it"
        )
    return days


class PrivacySettings(Section):
    deletion_grace_days: Annotated[int, AfterValidator(_outlasts_undo), Field(ge=3, le=90)] = 14
    """Days for which the deletion of an account can be taken back; then it is erased. At least
    three, up to 90: an old address may take a change of the email back for 72 hours, and with it
    the deletion by whoever has changed it."""


class LogSettings(Section):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Lines below this level are not written."""
    format: Literal["json", "text"] | None = None
    """`json` for machines, `text` for people. The default is `text` in `local`, else `json`."""
    file: Path | None = None
    """A file that gets the lines too, as JSON. A `local` service writes `DATA_DIR/core-api.log`."""


class Settings(BaseSettings):
    """All settings of the process."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        nested_model_default_partial_update=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )

    environment: Environment = Environment.LOCAL
    """`local`, `test`, `staging` or `production`."""
    data_dir: Path = Path(".data")
    """Where a `local` service keeps its database, its secrets and its log."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port to listen on; 0 takes a free one."""
    public_url: Annotated[str, AfterValidator(is_base)] | None = None
    """Where people reach this service from outside, such as `https://core.example.org`: links that
    are handed out begin with it. Unset, they begin as the request did that asked for them."""
    trusted_proxies: Annotated[CommaList, AfterValidator(_are_networks)] = ()
    """Addresses or networks, such as `10.0.0.0/8`, of the proxies in front of the service. What
    they say of their caller is believed (`X-Forwarded-For`, `X-Forwarded-Proto`), of nobody else.
    Behind a proxy this must be set: without it, all its callers are counted as one."""
    compiled_routes: bool = True
    """Whether routes are served by handlers that are compiled at the start. Off, FastAPI serves
    each request itself: the same answers, several times slower."""
    database: DatabaseSettings = DatabaseSettings()
    cors: CorsSettings = CorsSettings()
    sso: SsoSettings = SsoSettings()
    secrets: SecretsSettings = SecretsSettings()
    authentication: AuthenticationSettings = AuthenticationSettings()
    mailing: MailingSettings = MailingSettings()
    sms: SmsSettings = SmsSettings()
    pages: PageSettings = PageSettings()
    limits: LimitSettings = LimitSettings()
    captcha: CaptchaSettings = CaptchaSettings()
    phone: PhoneSettings = PhoneSettings()
    push: PushSettings = PushSettings()
    privacy: PrivacySettings = PrivacySettings()
    log: LogSettings = LogSettings()
    otel_exporter_otlp_traces_endpoint: str | None = None
    """Where traces go over OTLP/HTTP, such as `http://127.0.0.1:4318/v1/traces`; unset: nowhere."""
    otel_traces_sampler_arg: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of requests that are traced."""

    @model_validator(mode="after")
    def _links_are_ours(self) -> Self:
        """Else whoever asks for a mail could choose, by a Host header, where its link leads."""
        if self.mailing.mail.is_given and not self.environment.is_relaxed and not self.public_url:
            raise ValueError(f"PUBLIC_URL is required to send mail in {self.environment}")
        return self

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.environment.is_relaxed:
            return self
        if not self.database.is_given:
            raise ValueError(f"DATABASE__URL is required in {self.environment}")
        self.sso.demand_https()
        key = self.secrets.secret_key
        if key is None:
            raise ValueError(f"SECRETS__SECRET_KEY is required in {self.environment}")
        if len(key.get_secret_value()) < SECRET_KEY_MIN_LENGTH:
            raise ValueError(f"SECRETS__SECRET_KEY is shorter than {SECRET_KEY_MIN_LENGTH}")
        if _SAMPLE.search(key.get_secret_value()):
            raise ValueError("SECRETS__SECRET_KEY looks like a sample: make one of your own")
        mail = self.mailing.mail
        if mail.is_given and mail.from_address.endswith("@localhost"):
            raise ValueError(f"MAILING__MAIL__FROM_ADDRESS is required in {self.environment}")
        for each in self.secrets.previous_keys:
            if len(each.get_secret_value()) < SECRET_KEY_MIN_LENGTH:
                raise ValueError(
                    f"one of SECRETS__PREVIOUS_KEYS is shorter than {SECRET_KEY_MIN_LENGTH}"
                )
        if "*" in self.cors.allow_origins and self.cors.allow_credentials:
            raise ValueError("CORS__ALLOW_ORIGINS=* needs CORS__ALLOW_CREDENTIALS=false")
        return self

    @cached_property
    def rates(self) -> RateSettings:
        """`limits.rates`, with the numbers that depend on the environment."""
        is_local = self.environment is Environment.LOCAL
        given = self.limits.rates
        return given.model_copy(
            update={
                name: 0 if is_local else number
                for name, number in MAILS_TO_AN_ADDRESS.items()
                if getattr(given, name) is None
            }
        )

    @cached_property
    def signup(self) -> str:
        """`open`, `private` or `disabled`."""
        return self.authentication.signup or ("open" if self.environment.is_relaxed else "private")

    @cached_property
    def signup_is_open(self) -> bool:
        return self.signup == "open"

    @cached_property
    def takes_signups(self) -> bool:
        """Whether anybody may sign up. A private service does it by mail alone."""
        return self.signup_is_open or (self.signup == "private" and self.mail_arrives)

    @cached_property
    def links_are_ours(self) -> bool:
        """Whether a link may lead where a request says that it went, or PUBLIC_URL says where."""
        return self.environment.is_relaxed or self.public_url is not None

    @cached_property
    def verified_email_is_required(self) -> bool:
        given = self.authentication.require_verified_email
        return not self.signup_is_open if given is None else given

    @cached_property
    def mail_arrives(self) -> bool:
        """Whether a mail gets to where it can be read, be it the outbox of `local`."""
        return self.mailing.mail.is_given or self.environment.is_relaxed

    @cached_property
    def cookies_are_secure(self) -> bool:
        given = self.authentication.cookie_secure
        return not self.environment.is_relaxed if given is None else given

    @cached_property
    def admins_need_mfa(self) -> bool:
        given = self.authentication.admins_need_mfa
        return not self.environment.is_relaxed if given is None else given

    @cached_property
    def secret_key(self) -> bytes:
        """The key that seals secrets. The environment gives it, or `embedded` makes it."""
        if self.secrets.secret_key is None:
            raise RuntimeError("SECRETS__SECRET_KEY is not set")
        return self.secrets.secret_key.get_secret_value().encode()

    @cached_property
    def previous_keys(self) -> tuple[bytes, ...]:
        """The keys that still count for what they have made."""
        return tuple(each.get_secret_value().encode() for each in self.secrets.previous_keys)

    @cached_property
    def secret_keys(self) -> tuple[bytes, ...]:
        """The current key, then the previous ones."""
        return (self.secret_key, *self.previous_keys)


def unknown_settings(environ: dict[str, str] | None = None) -> list[str]:
    """Environment variables that begin like a section of ours but name no setting."""
    names = environ if environ is not None else dict(os.environ)
    known = set(setting_names())
    sections = tuple(
        f"{name.upper()}__"
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    )
    return sorted(
        name
        for name in names
        if name.startswith(sections) and name not in known and not _PROVIDER.fullmatch(name)
    )


_PROVIDER = re.compile(
    rf"SSO__PROVIDERS__[A-Z0-9_-]+?__({'|'.join(SsoProviderSettings.model_fields)})", re.I
)
"""Settings whose names are for the operator to choose."""


def setting_names(model: type[BaseModel] = Settings, prefix: str = "") -> list[str]:
    """Every setting as the environment names it."""
    names: list[str] = []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            names += setting_names(field.annotation, f"{prefix}{name.upper()}__")
        else:
            names.append(f"{prefix}{name.upper()}")
    return names
