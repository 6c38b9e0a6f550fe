"""Defect 8: without its client id the check of the audience was lost; and the date of
verification was taken back when the provider did not call the email verified."""

from typing import Any

import pytest
from httpx2 import AsyncClient
from pydantic import ValidationError

from src.config import Settings
from tests.auth.sso.conftest import app, internet, issuer, other, settings, sso
from tests.auth.sso.going import BASE, sign_in
from tests.fakes.issuer import Issuer
from tests.http import problem

__all__ = ["app", "internet", "issuer", "other", "settings", "sso"]

GOOGLE = "SSO__PROVIDERS__GOOGLE__"


@pytest.mark.parametrize(
    "given",
    [
        {f"{GOOGLE}CLIENT_SECRET": "x"},
        {f"{GOOGLE}CLIENT_SECRET": "x", f"{GOOGLE}CLIENT_ID": ""},
        {"SSO__PROVIDERS": '{"google": {"client_id": ""}}'},
        {"SSO__PROVIDERS": '{"google": {}}'},
        {"SSO__PROVIDERS": '{"google": {"client_id": null}}'},
    ],
)
def test_start_refuses_a_provider_without_a_client_id(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError, match=r"sso\.providers\.google\.client_id"):
        Settings(_env_file=None)


def test_google_needs_no_more_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{GOOGLE}CLIENT_ID", "ours")

    google = Settings(_env_file=None).sso.providers["google"]

    assert (google.issuer, google.name) == ("https://accounts.google.com", "Google")


@pytest.mark.parametrize("audience", ["another", ["another"], ["core", "another"], "", None])
async def test_a_token_for_somebody_else_is_refused(
    client: AsyncClient, issuer: Issuer, audience: Any
) -> None:
    nonce = "n" * 20
    token = issuer.id_token(nonce, email="ann@example.org", email_verified=True, aud=audience)

    response = await client.post(f"{BASE}/op/token", json={"id_token": token, "nonce": nonce})

    problem(response, 401, "sso_token_invalid")


async def test_what_was_verified_stays_so(client: AsyncClient, issuer: Issuer) -> None:
    first = await sign_in(client, issuer, email="ann@example.org", email_verified=True)

    again = await sign_in(client, issuer, email="ann@example.org", email_verified=False)

    verified_at = first.json()["user"]["email_verified_at"]
    assert verified_at is not None
    assert again.json()["user"]["email_verified_at"] == verified_at
