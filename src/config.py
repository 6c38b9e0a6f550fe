"""Settings: read once from the environment (and `.env`), checked, then frozen.

Nested names take two underscores: `DATABASE__URL`. Lists take commas. The text under each field is
its documentation: `docs/reference/configuration.md` and `.env.example` are generated from it.
"""

import os
import re
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from src.constants import KIB, MIB, Environment

SECRET_KEY_MIN_LENGTH = 32
_SAMPLE = re.compile(r"change.?me|change.?this|secret.?key|sample|example|default|password", re.I)

_ADDRESS = re.compile(r"[^@\s<>,;:\"]+@[A-Za-z0-9.-]+")
_PEPPER_ID = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_BASE = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_REDIRECT = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s#\\]+")
GOOGLE_ISSUER = "https://accounts.google.com"


def _split(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _is_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as exc:
        raise ValueError(f"is not a regular expression: {exc}") from exc
    return value


def _are_networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for network in value:
        try:
            ip_network(network)
        except ValueError as exc:
            raise ValueError(f"is not a list of networks: {exc}") from exc
    return value


def _is_issuer(value: str) -> str:
    if not _BASE.fullmatch(value):
        raise ValueError("must be http:// or https://, a host, and at most a path")
    return value  # compared as it is, slash or none


def _is_base(value: str) -> str:
    if not _BASE.fullmatch(value):
        raise ValueError("must be http:// or https://, a host, and at most a path")
    return value.rstrip("/")


SecretList = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]


def _are_peppers(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        parts = [part.partition(":") for part in value.get_secret_value().split(",")]
        if not all(_PEPPER_ID.fullmatch(name) and len(key) >= 32 for name, _, key in parts):
            raise ValueError("must be id:key,id:key with keys of at least 32 characters")
        if len({name for name, _, _ in parts}) < len(parts):
            raise ValueError("names an id twice")
    return value


CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class DatabaseSettings(Section):
    url: SecretStr | None = None
    """PostgreSQL 18 as `postgresql://user:password@host:port/db`. With neither this nor
    `DATABASE__HOST`, a `local` service starts the PostgreSQL that comes with it in `DATA_DIR`."""
    host: str | None = None
    """Server, when `DATABASE__URL` is not given."""
    port: int = 5432
    """Port of that server."""
    user: str = "postgres"
    """User on that server."""
    password: SecretStr = SecretStr("")
    """Password of that user."""
    db: str = "core"
    """Database on that server."""
    replica_url: SecretStr | None = None
    """A read replica. Reads go there, but for those that decide on access."""
    pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    """Connections of the write pool, and as many of the read pool, in each process."""
    stream_pool_size: Annotated[int, Field(ge=1, le=50)] = 4
    """Connections for exports, in each process."""
    read_lanes: Annotated[int, Field(ge=0, le=50)] = 4
    """Connections that reads of one statement share, in each process; 0: each borrows its own."""
    write_lanes: Annotated[int, Field(ge=0, le=50)] = 16
    """Connections that writes of one statement share, in each process; 0: each borrows its own."""
    lane_depth: Annotated[int, Field(ge=1, le=10_000)] = 1000
    """Statements that may be under way on one of those; what comes beyond is sent away (503)."""
    prepare: bool = True
    """Whether statements are prepared. Off for a pooler that does not know prepared statements."""
    statement_timeout: Annotated[float, Field(gt=0, le=60)] = 5.0
    """Seconds that a statement of a request may take."""
    stream_timeout: Annotated[float, Field(gt=0, le=600)] = 30.0
    """Seconds that one fetch of an export, or a statement of a job, may take."""
    lock_timeout: Annotated[float, Field(gt=0, le=60)] = 2.0
    """Seconds that a write waits for a lock."""

    @property
    def is_given(self) -> bool:
        return self.url is not None or self.host is not None

    @field_validator("url", "replica_url")
    @classmethod
    def _is_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must start with postgresql://")
        return value


class CorsSettings(Section):
    allow_origins: CommaList = ()
    """Origins that browsers may call from; `*` for any (then without credentials)."""
    allow_origins_regex: Annotated[str, AfterValidator(_is_pattern)] | None = None
    """A pattern of such origins; the whole origin must match."""
    allow_credentials: bool = True
    """Whether browsers may send cookies from those origins."""
    allow_methods: CommaList = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
    """Methods that those origins may use."""
    allow_headers: CommaList = (
        "Authorization",
        "Content-Type",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
        "X-CSRF-Token",
        "X-Device-Secret",
        "X-Request-Id",
    )
    """Request headers that those origins may send."""


class SsoProviderSettings(Section):
    name: Annotated[str, Field(max_length=60)] = ""
    """What people read on the button; the provider's own name in the settings unless given."""
    kind: Literal["oidc", "facebook"] = "oidc"
    """`oidc` for everybody who speaks OpenID Connect, `facebook` for Facebook's classic login."""
    issuer: Annotated[str, AfterValidator(_is_issuer)] | None = None
    """The provider's issuer, exactly as its discovery document says it. `google` has it already;
    Facebook has none."""
    client_id: Annotated[str, Field(min_length=1)]
    """What the provider knows this service by. It must be given: a token for anybody else is
    refused by it."""
    client_secret: SecretStr | None = None
    """The secret that the provider gave with it. A public client has none."""
    other_client_ids: CommaList = ()
    """Other client ids of ours whose ID tokens are taken from native apps."""
    trusted_email_domains: CommaList = ()
    """Domains of which this provider may say who owns an address; `*` for all of them. Only trust
    one that lets nobody enter an address of somebody else. For Google, gmail.com and the domain of
    a Workspace account are trusted in any case."""
    scopes: CommaList = ("openid", "email", "profile")
    """What is asked for; Facebook's are always `public_profile` and `email`."""
    response_mode: Literal["query", "form_post"] = "query"
    """How the provider answers: `form_post` needs HTTPS."""
    token_auth_method: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic"  # noqa: S105  (a method's name)
    """How the secret is shown to the provider."""
    graph_version: Annotated[str, Field(pattern=r"^v[0-9]+\.[0-9]+$")] = "v24.0"
    """The version of Facebook's Graph API."""


_PRESETS: dict[str, dict[str, str]] = {
    "google": {"name": "Google", "issuer": GOOGLE_ISSUER},
    "facebook": {"name": "Facebook", "kind": "facebook"},
}


class SsoSettings(Section):
    providers: dict[Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")], SsoProviderSettings] = {}
    """Who may say who somebody is, by a name of your choice, which is part of addresses. As a JSON
    object, or one by one as `SSO__PROVIDERS__GOOGLE__CLIENT_ID` and so on. `google` and `facebook`
    need no more than id and secret."""
    redirects: CommaList = ()
    """Where people may be sent back to after signing in with a provider: exact addresses."""

    @field_validator("providers", mode="before")
    @classmethod
    def _with_presets(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {
            name: {**_PRESETS.get(str(name).lower(), {}), **given}
            if isinstance(given, dict)
            else given
            for name, given in value.items()
        }

    @field_validator("redirects")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if not _REDIRECT.fullmatch(address):
                raise ValueError("must be whole addresses without a fragment: https://app/page")
        return value

    @model_validator(mode="after")
    def _have_issuers(self) -> Self:
        for name, provider in self.providers.items():
            if provider.kind == "oidc" and provider.issuer is None:
                raise ValueError(f"SSO__PROVIDERS__{name.upper()}__ISSUER is required")
            if provider.kind == "facebook" and provider.client_secret is None:
                raise ValueError(f"SSO__PROVIDERS__{name.upper()}__CLIENT_SECRET is required")
        return self

    def demand_https(self) -> None:
        """Raise ValueError for an issuer that is found in the clear."""
        for name, provider in self.providers.items():
            if provider.issuer is not None and not provider.issuer.startswith("https://"):
                raise ValueError(f"SSO__PROVIDERS__{name.upper()}__ISSUER must begin with https://")


class SecretsSettings(Section):
    secret_key: SecretStr | None = None
    """At least 32 characters; seals what the database keeps secret. A `local` service makes one in
    `DATA_DIR`. Elsewhere it must be given: `openssl rand -base64 48` makes one."""
    previous_keys: SecretList = ()
    """Keys that were `SECRETS__SECRET_KEY` before, or will be next: what they have sealed opens,
    and nothing new is sealed by them."""


class AccessTokenSettings(Section):
    expiration: Annotated[float, Field(ge=1, le=60)] = 10
    """Minutes that an access token lives."""


class RefreshTokenSettings(Section):
    idle_days: Annotated[float, Field(gt=0, le=365)] = 21
    """Days after which a session ends that was not refreshed."""
    absolute_days: Annotated[float, Field(gt=0, le=365)] = 30
    """Days after which a session ends in any case."""
    grace_seconds: Annotated[float, Field(ge=0, le=60)] = 10
    """Seconds in which the previous refresh token still answers, with the current successor."""


class OperatorSessionSettings(Section):
    idle_minutes: Annotated[float, Field(ge=5, le=1440)] = 30
    """Minutes after its last refresh in which a session may act with a platform role."""
    absolute_hours: Annotated[float, Field(gt=0, le=168)] = 12
    """Hours after signing in in which a session may act with a platform role."""


class PasswordHashSettings(Section):
    memory_kib: Annotated[int, Field(ge=19 * KIB, le=1024 * KIB)] = 19 * KIB
    """Argon2id memory of one hash, in KiB."""
    iterations: Annotated[int, Field(ge=2, le=10)] = 2
    """Argon2id passes."""
    threads: Annotated[int, Field(ge=0, le=64)] = 0
    """Hashes computed at a time; 0 takes one per core."""
    peppers: Annotated[SecretStr | None, AfterValidator(_are_peppers)] = None
    """Keys that the database does not have, without which its hashes are no use to a thief:
    `id:key,id:key`, keys of at least 32 characters. The first is used for new hashes, the others
    as long as hashes made with them are left. **Losing one loses the passwords that it is in.**"""


class MfaSettings(Section):
    name: Annotated[str, Field(min_length=1, max_length=60)] = "Core API"
    """What authenticator apps and passkeys call this service."""


class PasskeySettings(Section):
    rp_id: str | None = None
    """The site that passkeys are for: a host, or a domain above it, such as `example.org`. They
    work on its pages only, and a change makes all of them useless. The default is the host of
    `PUBLIC_URL`; in `local` and `test`, without that, the one that the request names."""
    origins: CommaList = ()
    """Origins whose pages may ask for passkeys, such as `https://app.example.org`. The default is
    that of `PUBLIC_URL`; in `local` and `test`, without that, the service's own."""


class AuthenticationSettings(Section):
    signup: Literal["open", "private", "disabled"] | None = None
    """`open`: signing up answers with tokens. `private`: it does not tell whether an address is
    known, and is closed until mail is set up. `disabled`: nobody can, but who is invited to a team
    by their address. The default is `open` in `local`, else `private`."""
    require_verified_email: bool | None = None
    """Whether an account whose email waits for verification may do no more than verify it, change
    it, look at itself and sign out. The default is no where signing up is `open`, else yes."""
    issuer: str = "core-api"
    """Who signs the access tokens (`iss`)."""
    audience: str = "core-api"
    """Whom they are for (`aud`)."""
    cookie_secure: bool | None = None
    """Whether cookies need HTTPS. The default is no in `local` and `test`, else yes; without HTTPS
    the cookies lose the `__Host-` and `__Secure-` prefixes that browsers tie to it."""
    admins_need_mfa: bool | None = None
    """Whether a platform role counts only in a session that was opened with a second factor. The
    default is no in `local` and `test`, else yes."""
    operator_session: OperatorSessionSettings = OperatorSessionSettings()
    access_token: AccessTokenSettings = AccessTokenSettings()
    refresh_token: RefreshTokenSettings = RefreshTokenSettings()
    password_hash: PasswordHashSettings = PasswordHashSettings()
    mfa: MfaSettings = MfaSettings()
    passkeys: PasskeySettings = PasskeySettings()
    breached_passwords_url: Annotated[str, AfterValidator(_is_base)] | None = None
    """Where new passwords are looked up among those of known breaches, as
    `https://api.pwnedpasswords.com/range` does it: five letters of a hash leave the machine.
    Unset, only the list that comes along is asked. Without an answer in a second, any will do."""
    mail_login: bool = True
    """Whether people may sign in by a link or a code that is mailed to them."""


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
    base_url: Annotated[str, AfterValidator(_is_base)] = "https://api.twilio.com"
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


Times = Annotated[int, Field(ge=0, le=1_000_000)]


class RateSettings(Section):
    login_ip: Times = 30
    """Attempts to sign in by password from one IP address in 5 minutes. An IPv6 address counts as
    its /64, here and below. 0 switches a rule off."""
    login_ip_hour: Times = 300
    """The same in an hour."""
    login_failures: Times = 10
    """Wrong passwords of one account until each further one has to wait: 1 second, 2, 4, and so on
    up to 15 minutes. It starts anew after 15 minutes without one, or with the right one. Whoever
    comes too soon is answered as by a wrong password."""
    login_failures_in_a_row: Times = 100
    """Wrong passwords in a row, over any time, until the account's password is no way in any more:
    then it has to be reset."""
    signup_ip: Times = 10
    """Sign-ups from one IP address in an hour."""
    refresh_session: Times = 30
    """Times in a minute that one session may have its tokens refreshed."""
    mail_address_minute: Times | None = None
    """Mails to one address in a minute. Mails that nobody asks for, such as notices of security,
    are not counted. The default is 1; in `local` 0, for one's own mailbox is quickly full there."""
    mail_address: Times | None = None
    """Mails to one address in an hour. The default is 5; in `local` 0."""
    mail_account: Times = 20
    """Mails that one account may ask for in a day."""
    mail_ip: Times = 30
    """Mails that may be asked for from one IP address in an hour."""
    sms_number_minute: Times = 1
    """Text messages to one number in a minute."""
    sms_number: Times = 5
    """Text messages to one number in a day."""
    sms_account: Times = 5
    """Text messages that one account may ask for in a day."""
    sms_ip: Times = 10
    """Text messages that may be asked for from one IP address in an hour."""
    sms_country: Times = 200
    """Text messages to the numbers of one country in a day."""
    sms_total: Times = 500
    """Text messages of the whole service in a day: what they may cost at most."""
    mfa_account: Times = 5
    """Attempts at a second factor of one account in 15 minutes."""
    test_notification: Times = 3
    """Test notifications that one account may send itself in a minute."""
    export_account: Times = 5
    """Exports of all its data that one account may ask for in a day."""
    api_burst: Times = 0
    """Requests of any kind in 10 seconds from one access token, or from one IP address where no
    `Authorization` came; 100 would be usual. It is off by default, for it costs each request some
    microseconds; off, it costs nothing. Each process counts by itself."""
    api_minute: Times = 0
    """The same in a minute; 600 would be usual."""


_MAILS_TO_AN_ADDRESS = {"mail_address_minute": 1, "mail_address": 5}
"""Where there is anybody else to be protected from them."""


def _is_page(value: str) -> str:
    if not value.startswith("/") and not _BASE.match(value):
        raise ValueError("must be a path of this service, or a whole address")
    return value


Page = Annotated[str, AfterValidator(_is_page)]


class PageSettings(Section):
    verify_email: Page = "/v1/auth/email/verify"
    """Where the link of a verification mail leads, with `?token=`: a path of this service, or the
    address of a page of your own. The pages that come with the service are in English."""
    complete_signup: Page = "/v1/auth/signup/complete"
    """Where the link of a sign-up mail leads."""
    confirm_email: Page = "/v1/users/me/email/confirm"
    """Where the link leads that confirms a new email."""
    undo_email: Page = "/v1/auth/email/undo"
    """Where the link leads that takes a change of the email back."""
    reset_password: Page = "/v1/auth/password/reset"  # noqa: S105  (no password)
    """Where the link of a recovery mail leads, to a page that asks for the new password."""
    login_link: Page = "/v1/auth/login/link/redeem"
    """Where the link of a mail to sign in leads."""
    account_export: Page = "/v1/users/me/export/file"
    """Where the link leads that fetches an export of one's data."""
    undo_deletion: Page = "/v1/auth/deletion/undo"
    """Where the link leads that keeps an account from being erased."""
    sign_in: Page = "/docs"
    """Where people sign in."""


class PrivacySettings(Section):
    deletion_grace_days: Annotated[int, Field(ge=1, le=90)] = 14
    """Days for which the deletion of an account can be taken back; then it is erased. At least
    one: answers that are kept to be repeated live for a day."""


_CAPTCHAS = {
    "hcaptcha": "https://api.hcaptcha.com/siteverify",
    "turnstile": "https://challenges.cloudflare.com/turnstile/v0/siteverify",
    "recaptcha": "https://www.google.com/recaptcha/api/siteverify",
}


class CaptchaSettings(Section):
    provider: Literal["hcaptcha", "turnstile", "recaptcha"] | None = None
    """Whose CAPTCHA your pages show. Unset: none is ever required."""
    secret: SecretStr | None = None
    """The secret key that its vendor gave."""
    signup: bool = False
    """Whether each sign-up takes one. Signing in takes one only while far more passwords are wrong
    than usual."""
    hosts: CommaList = ()
    """Hosts of the pages that show it, such as `app.example.org`; none named: any."""
    score: Annotated[float, Field(ge=0, le=1)] = 0.5
    """What reCAPTCHA v3 must give at the least."""
    url: Annotated[str, AfterValidator(_is_base)] | None = None
    """Where the vendor is asked, if it is elsewhere than usual."""

    @property
    def is_given(self) -> bool:
        return self.provider is not None

    @property
    def address(self) -> str:
        return self.url or _CAPTCHAS[self.provider or ""]

    @property
    def secret_text(self) -> str:
        return self.secret.get_secret_value() if self.secret else ""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.provider is None) != (self.secret is None):
            raise ValueError("CAPTCHA needs PROVIDER and SECRET together")
        return self


class LimitSettings(Section):
    body_bytes: Annotated[int, Field(ge=KIB)] = MIB
    """Largest request body, in bytes, where a route does not say otherwise."""
    teams_per_user: Annotated[int, Field(ge=1)] | None = None
    """Teams that one user may own, deleted ones not counted; without it there is no limit."""
    rates: RateSettings = RateSettings()


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


class FcmSettings(Section):
    project_id: str | None = None
    """The Firebase project that apps get their pushes from; unset: apps get none."""
    client_email: str | None = None
    """The service account of that project, from its JSON key."""
    private_key: SecretStr | None = None
    """The account's private key, from the same file; line breaks may be written as `\\n`."""
    token_url: Annotated[str, AfterValidator(_is_base)] = "https://oauth2.googleapis.com/token"  # noqa: S105  (no password)
    """Where the service account gets its access tokens."""
    url: Annotated[str, AfterValidator(_is_base)] = "https://fcm.googleapis.com"
    """Where pushes to apps are sent."""

    @property
    def is_given(self) -> bool:
        return self.project_id is not None


class WebPushSettings(Section):
    private_key: SecretStr | None = None
    """The VAPID key by which push services of browsers know this service: 32 bytes in base64url.
    Unset: browsers get no pushes."""
    contact: str | None = None
    """The email that a push service may write to about it."""
    hosts: CommaList = (
        "fcm.googleapis.com",
        "push.services.mozilla.com",
        "push.apple.com",
        "notify.windows.com",
    )
    """Push services of browsers that are called, each with the hosts below its name."""

    @property
    def is_given(self) -> bool:
        return self.private_key is not None


class PushSettings(Section):
    fcm: FcmSettings = FcmSettings()
    web: WebPushSettings = WebPushSettings()

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        fcm = (self.fcm.project_id, self.fcm.client_email, self.fcm.private_key)
        if any(fcm) and not all(fcm):
            raise ValueError("PUSH__FCM needs PROJECT_ID, CLIENT_EMAIL and PRIVATE_KEY together")
        if (self.web.private_key is None) != (self.web.contact is None):
            raise ValueError("PUSH__WEB needs PRIVATE_KEY and CONTACT together")
        return self


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
    public_url: Annotated[str, AfterValidator(_is_base)] | None = None
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
                for name, number in _MAILS_TO_AN_ADDRESS.items()
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
