"""The providers of the settings, by name."""

import httpx2

from src.auth.sso import exceptions
from src.auth.sso.client.base import Provider
from src.auth.sso.client.facebook import FacebookProvider
from src.auth.sso.client.http import Outside
from src.auth.sso.client.oidc import OidcProvider
from src.config import Settings


class Providers:
    """What the application knows of them. It keeps one, with what they have said last.

    `transport` stands for the network where it is given.
    """

    def __init__(
        self, settings: Settings, *, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._by_id: dict[str, Provider] = {}
        for name, given in settings.sso.providers.items():
            outside = Outside(
                name,
                given,
                needs_https=not settings.environment.is_relaxed,
                transport=transport,
            )
            made = FacebookProvider if given.kind == "facebook" else OidcProvider
            self._by_id[name] = made(name, given, outside)

    def all(self) -> list[Provider]:
        return list(self._by_id.values())

    def get(self, name: str) -> Provider:
        """Raises ProviderNotFound."""
        provider = self._by_id.get(name)
        if provider is None:
            raise exceptions.ProviderNotFound()
        return provider
