"""Signing up and in, and what a sign-in is worth."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from src.config.values import CommaList, Section, is_base
from src.constants import KIB

_PEPPER_ID = re.compile(r"[A-Za-z0-9_.-]{1,32}")


def _are_peppers(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        parts = [part.partition(":") for part in value.get_secret_value().split(",")]
        if not all(_PEPPER_ID.fullmatch(name) and len(key) >= 32 for name, _, key in parts):
            raise ValueError("must be id:key,id:key with keys of at least 32 characters")
        if len({name for name, _, _ in parts}) < len(parts):
            raise ValueError("names an id twice")
    return value


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
    imported_pepper: SecretStr | None = None
    """What another system has put behind password and salt before taking the SHA-256 of it, for
    accounts that came from there by `just import-users`. It stays as long as there are some who
    have not signed in since."""


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
    breached_passwords_url: Annotated[str, AfterValidator(is_base)] | None = None
    """Where new passwords are looked up among those of known breaches, as
    `https://api.pwnedpasswords.com/range` does it: five letters of a hash leave the machine.
    Unset, only the list that comes along is asked. Without an answer in a second, any will do."""
    mail_login: bool = True
    """Whether people may sign in by a link or a code that is mailed to them."""
