"""People with passkeys."""

from dataclasses import dataclass
from typing import Any

from httpx2 import AsyncClient, Response

from tests import factories
from tests.auth.passkeys.authenticator import Authenticator
from tests.http import acting_as

MINE = "/v1/users/me/passkeys"
LOGIN = "/v1/auth/passkeys"


@dataclass(frozen=True)
class Kept:
    """A passkey that the service knows, and what it answered."""

    id: str
    passkey: Authenticator
    recovery_codes: list[str] | None


async def options(client: AsyncClient, user: factories.User) -> dict[str, Any]:
    """Ask for a new passkey."""
    response = await client.post(f"{MINE}/options", headers=acting_as(user))
    assert response.status_code == 200, response.text
    return dict(response.json())


async def send(
    client: AsyncClient,
    user: factories.User,
    credential: dict[str, Any],
    flow_id: str,
    name: str = "Phone",
) -> Response:
    body = {"flow_id": flow_id, "credential": credential, "name": name}
    return await client.post(MINE, json=body, headers=acting_as(user))


async def register(
    client: AsyncClient, user: factories.User, passkey: Authenticator | None = None
) -> Kept:
    """Give the user a passkey."""
    asked = await options(client, user)
    owned = (passkey or Authenticator()).owned_by(asked["options"])
    response = await send(client, user, owned.create(asked["options"]), asked["flow_id"])
    assert response.status_code == 201, response.text
    made = response.json()
    return Kept(made["passkey"]["id"], owned, made["recovery_codes"])


async def ask(client: AsyncClient) -> dict[str, Any]:
    """Ask whoever is there for a passkey."""
    response = await client.post(f"{LOGIN}/options")
    assert response.status_code == 200, response.text
    return dict(response.json())


async def log_in(
    client: AsyncClient, passkey: Authenticator, asked: dict[str, Any] | None = None, **more: Any
) -> Response:
    """Sign in by it."""
    asked = asked or await ask(client)
    body = {"flow_id": asked["flow_id"], "assertion": passkey.get(asked["options"]), **more}
    return await client.post(f"{LOGIN}/verify", json=body)
