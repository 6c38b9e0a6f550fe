"""Two providers that do as they are told, Facebook, and browsers that go from one to another."""

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport

from src.auth.sso.client import Providers
from src.config import Settings, SsoSettings
from tests.auth.sso.going import PAGE
from tests.conftest import AppBy, settings_for
from tests.fakes import facebook
from tests.fakes.issuer import CLIENT, SECRET, Internet, Issuer


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def other() -> Issuer:
    """Another provider, which its operator runs with bad intentions."""
    return Issuer(url="https://other.example.net")


@pytest.fixture
def internet(issuer: Issuer, other: Issuer) -> Internet:
    return Internet(
        {
            issuer.host: issuer.app,
            other.host: other.app,
            "graph.facebook.com": facebook.app,
        }
    )


@pytest.fixture
def sso(issuer: Issuer, other: Issuer) -> SsoSettings:
    """`op` may say who has an address at example.org, `other` may not."""
    ours = {"client_id": CLIENT, "client_secret": SECRET}
    return SsoSettings.model_validate(
        {
            "providers": {
                "op": {**ours, "issuer": issuer.url, "trusted_email_domains": "example.org"},
                "other": {**ours, "issuer": other.url},
                **facebook.PROVIDERS,
            },
            "redirects": [PAGE, "https://app.example.org/page?tab=1", "org.example.app:/back"],
        }
    )


@pytest.fixture
def settings(url: str, sso: SsoSettings) -> Settings:
    return settings_for(url, sso=sso)


@pytest.fixture
def app(app_by: AppBy, are_compiled: bool, settings: Settings, internet: Internet) -> FastAPI:
    """The application, which reaches the fakes where it would reach the world."""
    app = app_by(is_compiled=are_compiled)
    app.state.sso = Providers(settings, transport=ASGITransport(internet))
    return app
