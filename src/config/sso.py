"""The providers that people may sign in with, and where they come back to."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from src.config.values import CommaList, Section, is_issuer

_REDIRECT = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s#\\]+")

GOOGLE_ISSUER = "https://accounts.google.com"


class SsoProviderSettings(Section):
    name: Annotated[str, Field(max_length=60)] = ""
    """What people read on the button; the provider's own name in the settings unless given."""
    kind: Literal["oidc", "facebook"] = "oidc"
    """`oidc` for everybody who speaks OpenID Connect, `facebook` for Facebook's classic login."""
    issuer: Annotated[str, AfterValidator(is_issuer)] | None = None
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
    providers: dict[Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")], SsoProviderSettings] = (
        Field(default_factory=dict)
    )
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
