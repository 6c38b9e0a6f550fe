"""Facebook's classic login: OAuth without an ID token, so the access token itself is inspected."""

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from src.auth.sso.client.base import Provider, email_of, is_true, name_of
from src.auth.sso.client.http import Outside
from src.auth.sso.constants import FACEBOOK_ISSUER, SUBJECT_MAX, Kind
from src.auth.sso.exceptions import TokenInvalid
from src.auth.sso.schemas import Asserted, TokenLogin
from src.config import SsoProviderSettings
from src.exceptions import FieldError, Invalid

_DIALOG = "https://www.facebook.com"
_GRAPH = "https://graph.facebook.com"
_SCOPE = "public_profile email"


class FacebookProvider(Provider):
    kind = Kind.FACEBOOK

    def __init__(self, name: str, settings: SsoProviderSettings, outside: Outside) -> None:
        super().__init__(name, settings)
        self._secret = settings.client_secret.get_secret_value() if settings.client_secret else ""
        self._outside = outside
        self._graph = f"{_GRAPH}/{settings.graph_version}"

    @override
    async def address(
        self, *, redirect_uri: str, state: str, nonce: str, code_verifier: str
    ) -> str:
        async with self._outside.client(scope=_SCOPE) as client:
            url, _ = client.create_authorization_url(
                f"{_DIALOG}/{self.settings.graph_version}/dialog/oauth",
                state=state,
                code_verifier=code_verifier,
                redirect_uri=redirect_uri,
            )
        return str(url)

    @override
    async def check_answered(self, issuer: str | None) -> None:
        if issuer not in (None, FACEBOOK_ISSUER):
            raise TokenInvalid()

    @override
    async def by_code(
        self, *, code: str, code_verifier: str, redirect_uri: str, nonce: str
    ) -> Asserted:
        given = await self._outside.code_exchanged(
            f"{self._graph}/oauth/access_token",
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=code_verifier,
            token_endpoint_auth_method="client_secret_post",  # noqa: S106  (a method's name)
        )
        token = given.get("access_token")
        if not isinstance(token, str):
            raise TokenInvalid()
        return await self._inspected(token)

    @override
    async def by_token(self, sent: TokenLogin) -> Asserted:
        if sent.access_token is None:
            raise Invalid(
                errors=[FieldError("/access_token", "missing", "This provider's sign-in needs it.")]
            )
        return await self._inspected(sent.access_token)

    async def _inspected(self, token: str) -> Asserted:
        """Whose token it is, if it was made for this app and is alive."""
        client_id = self.settings.client_id
        said = await self._outside.get(
            f"{self._graph}/debug_token",
            params={"input_token": token},
            bearer=f"{client_id}|{self._secret}",
            is_theirs=True,
        )
        data = said.get("data")
        if not isinstance(data, Mapping) or not self._is_alive(data):
            raise TokenInvalid()
        profile = await self._outside.get(
            f"{self._graph}/me",
            params={
                "fields": "id,first_name,last_name,email",
                "appsecret_proof": hmac.new(
                    self._secret.encode(), token.encode(), hashlib.sha256
                ).hexdigest(),
            },
            bearer=token,
            is_theirs=True,
        )
        subject = data.get("user_id")
        if (
            not isinstance(subject, str)
            or not 0 < len(subject) <= SUBJECT_MAX
            or profile.get("id") != subject
        ):
            raise TokenInvalid()
        return Asserted(
            provider=self.id,
            issuer=FACEBOOK_ISSUER,
            subject=subject,
            email=email_of(profile),
            is_email_trusted=False,  # Facebook does not say whether anybody has verified it
            given_name=name_of(profile, "first_name"),
            family_name=name_of(profile, "last_name"),
        )

    def _is_alive(self, data: Mapping[str, Any]) -> bool:
        expires_at = data.get("expires_at")
        return (
            is_true(data.get("is_valid"))
            and data.get("app_id") == self.settings.client_id
            and data.get("type", "USER") == "USER"
            and isinstance(expires_at, int)
            # Zero is how it says never.
            and (expires_at == 0 or expires_at > time.time())
        )
