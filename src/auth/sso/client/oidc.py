"""Whoever speaks OpenID Connect, found by their issuer alone."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from src import logs
from src.auth.sso.client import id_token
from src.auth.sso.client.base import Provider, email_of, is_true, name_of
from src.auth.sso.client.http import Outside
from src.auth.sso.constants import GOOGLE_DOMAINS, Kind
from src.auth.sso.exceptions import ProviderUnavailable, TokenInvalid
from src.auth.sso.schemas import Asserted, TokenLogin
from src.config import GOOGLE_ISSUER, SsoProviderSettings
from src.exceptions import FieldError, Invalid

log = logs.get_logger("core_api.sso")

KEPT_SECONDS = 3600.0
"""How long discovery documents and keys are believed."""
KEYS_AGAIN_SECONDS = 30.0
"""How soon keys may be read again for a token of an unknown key: anybody can make up one."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """The parts of a discovery document that are needed."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    says_issuer: bool
    """Whether answers to browsers say whose they are (RFC 9207)."""


class OidcProvider(Provider):
    kind = Kind.OIDC

    def __init__(self, name: str, settings: SsoProviderSettings, outside: Outside) -> None:
        super().__init__(name, settings)
        self._issuer = settings.issuer or ""
        self._outside = outside
        self._lock = asyncio.Lock()
        self._metadata: Metadata | None = None
        self._metadata_at = 0.0
        self._keys: Sequence[id_token.PublicKey] = ()
        self._keys_at: float | None = None

    @override
    async def address(
        self, *, redirect_uri: str, state: str, nonce: str, code_verifier: str
    ) -> str:
        metadata = await self._discovered()
        more = {} if self.settings.response_mode == "query" else {"response_mode": "form_post"}
        async with self._outside.client(scope=" ".join(self.settings.scopes)) as client:
            url, _ = client.create_authorization_url(
                metadata.authorization_endpoint,
                state=state,
                code_verifier=code_verifier,
                redirect_uri=redirect_uri,
                nonce=nonce,
                **more,
            )
        return str(url)

    @override
    async def check_answered(self, issuer: str | None) -> None:
        is_due = issuer is not None or (await self._discovered()).says_issuer
        if is_due and issuer != self._issuer:
            raise TokenInvalid()

    @override
    async def by_code(
        self, *, code: str, code_verifier: str, redirect_uri: str, nonce: str
    ) -> Asserted:
        metadata = await self._discovered()
        given = await self._outside.code_exchanged(
            metadata.token_endpoint,
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=code_verifier,
        )
        token, access_token = given.get("id_token"), given.get("access_token")
        if not isinstance(token, str) or not isinstance(access_token, str | None):
            raise TokenInvalid()
        expected = id_token.Expected(
            issuer=self._issuer,
            client_id=self.settings.client_id,
            audiences=frozenset({self.settings.client_id}),
            nonce=nonce,
            access_token=access_token,
        )
        claims = await self._verified(token, expected)
        if "email" not in claims and metadata.userinfo_endpoint and access_token:
            claims = await self._completed(claims, metadata.userinfo_endpoint, access_token)
        return self._asserted(claims)

    @override
    async def by_token(self, sent: TokenLogin) -> Asserted:
        wanted = {"id_token": sent.id_token, "nonce": sent.nonce}
        missing = [name for name, value in wanted.items() if value is None]
        if missing or sent.id_token is None or sent.nonce is None:
            raise Invalid(
                errors=[
                    FieldError(f"/{name}", "missing", "This provider's sign-in needs it.")
                    for name in missing
                ]
            )
        expected = id_token.Expected(
            issuer=self._issuer,
            client_id=self.settings.client_id,
            audiences=frozenset({self.settings.client_id, *self.settings.other_client_ids}),
            nonce=sent.nonce,
        )
        return self._asserted(await self._verified(sent.id_token, expected))

    async def _verified(self, token: str, expected: id_token.Expected) -> Mapping[str, Any]:
        keys = await self._keys_for(id_token.kid_of(token))
        return id_token.verified(token, keys, expected)

    async def _completed(
        self, claims: Mapping[str, Any], url: str, access_token: str
    ) -> Mapping[str, Any]:
        """The claims with those that the provider tells only to who asks for them."""
        more = await self._outside.get(url, bearer=access_token, is_theirs=True)
        if more.get("sub") != claims["sub"]:
            raise TokenInvalid()
        return {**more, **claims}

    def _asserted(self, claims: Mapping[str, Any]) -> Asserted:
        email = email_of(claims)
        is_verified = email is not None and is_true(claims.get("email_verified"))
        return Asserted(
            provider=self.id,
            issuer=self._issuer,
            subject=claims["sub"],
            email=email,
            is_email_trusted=is_verified and self._may_tell(email, claims),
            given_name=name_of(claims, "given_name"),
            family_name=name_of(claims, "family_name"),
        )

    def _may_tell(self, email: str | None, claims: Mapping[str, Any]) -> bool:
        """Whether this provider is to be believed about addresses of the domain."""
        domain = (email or "").rpartition("@")[2].casefold()
        trusted = {each.casefold() for each in self.settings.trusted_email_domains}
        if self._issuer == GOOGLE_ISSUER:
            hosted = claims.get("hd")
            trusted |= GOOGLE_DOMAINS | ({hosted.casefold()} if isinstance(hosted, str) else set())
        return domain in trusted or "*" in trusted

    async def _discovered(self) -> Metadata:
        """The discovery document. Raises ProviderUnavailable."""
        async with self._lock:
            now = time.monotonic()
            if self._metadata is None or now - self._metadata_at > KEPT_SECONDS:
                self._metadata = await self._discover()
                self._metadata_at = now
            return self._metadata

    async def _discover(self) -> Metadata:
        address = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
        said = await self._outside.get(address)
        if said.get("issuer") != self._issuer:
            log.error("provider is not the issuer of the settings", provider=self.id)
            raise ProviderUnavailable()
        authorization, token, keys, userinfo = (
            each if isinstance(each := said.get(name), str) and each else None
            for name in (
                "authorization_endpoint",
                "token_endpoint",
                "jwks_uri",
                "userinfo_endpoint",
            )
        )
        if authorization is None or token is None or keys is None:
            log.error("provider does not say where it is", provider=self.id)
            raise ProviderUnavailable()
        return Metadata(
            authorization_endpoint=authorization,
            token_endpoint=token,
            jwks_uri=keys,
            userinfo_endpoint=userinfo,
            says_issuer=is_true(said.get("authorization_response_iss_parameter_supported")),
        )

    async def _keys_for(self, kid: str | None) -> list[id_token.PublicKey]:
        """The keys that may have signed a token. Raises ProviderUnavailable."""
        metadata = await self._discovered()
        async with self._lock:
            now = time.monotonic()
            age = None if self._keys_at is None else now - self._keys_at
            is_known = kid is None or any(each.kid == kid for each in self._keys)
            if age is None or age > KEPT_SECONDS or (not is_known and age > KEYS_AGAIN_SECONDS):
                self._keys = id_token.public_keys(await self._outside.get(metadata.jwks_uri))
                self._keys_at = now
        if kid is None:
            # Without a name it is clear only where there is one.
            return list(self._keys) if len(self._keys) == 1 else []
        return [each for each in self._keys if each.kid == kid]
