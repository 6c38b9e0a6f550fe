"""A token is good for what it was made for, and for nothing else: each kind, at each consumer.

Codes are short and go by another way: the matrix of defect 28 is theirs.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from src.auth import cookies
from src.auth.constants import Transport
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.sso.constants import Mode
from src.auth.sso.flows import challenge_of
from src.auth.sso.schemas import Asserted, Pending
from src.config import Settings
from src.database import Transaction
from src.exceptions import CoreError
from tests import factories
from tests.auth.mfa.securing import Secured, secure
from tests.conftest import Execute
from tests.devices.registering import new_id, registered
from tests.http import BASE_URL, acting_as, bearer

PAGE = {"Origin": BASE_URL}
PASSWORD = "eleven owls upon a mossy roof"
VERIFIER = "the-page-made-this-up-and-told-nobody-0123456789"
NEW = {"email": "new@example.org", "username": None, "locale": "en"}
NAMES = {"given_name": "", "family_name": ""}


@dataclass(frozen=True)
class World:
    """Somebody with a second factor, in two browsers, and a fresh token of each kind."""

    client: AsyncClient
    conn: Transaction
    execute: Execute
    ann: Secured
    browser: factories.User
    device_id: str
    tokens: Mapping[str, str]

    async def post(self, path: str, **body: Any) -> Response:
        return await self.client.post(f"/v1/auth/{path}", json=body)


Consumer = Callable[[World, str], Awaitable[bool]]
"""Whether a token is taken."""


async def _by_header(world: World, token: str) -> bool:
    return (await world.client.get("/v1/users/me", headers=bearer(token))).is_success


async def _by_cookie(world: World, token: str) -> bool:
    headers = {"Cookie": f"core_at={token}"}
    return (await world.client.get("/v1/users/me", headers=headers)).is_success


async def _beside_a_cookie(world: World, token: str) -> bool:
    cookie = {"Cookie": f"core_at={world.browser.access_token}", cookies.CSRF_HEADER: token}
    response = await world.client.post(
        "/v1/teams", json={"name": "Herons"}, headers={**PAGE, **cookie}
    )
    return response.is_success


async def _refreshed(world: World, token: str) -> bool:
    return (await world.post("token/refresh", refresh_token=token)).is_success


async def _refreshed_by_cookie(world: World, token: str) -> bool:
    headers = {**PAGE, "Cookie": f"core_rt={token}"}
    return (await world.client.post("/v1/auth/token/refresh", headers=headers)).is_success


async def _signed_out(world: World, token: str) -> bool:
    return (await world.post("logout", refresh_token=token)).is_success


async def _previewed(world: World, token: str) -> bool:
    return (await world.client.get(f"/v1/invitations/{token}")).is_success


async def _accepted(world: World, token: str) -> bool:
    url = f"/v1/invitations/{token}/accept"
    return (await world.client.post(url, headers=acting_as(world.ann.user))).is_success


async def _declined(world: World, token: str) -> bool:
    url = f"/v1/invitations/{token}/decline"
    return (await world.client.post(url, headers=acting_as(world.ann.user))).is_success


async def _of_the_device(world: World, token: str) -> bool:
    response = await world.client.put(
        f"/v1/devices/{world.device_id}",
        json={"type": "ios"},
        headers={"X-Device-Secret": token},
    )
    return response.is_success


async def _sent(path: str, more: Mapping[str, Any], world: World, token: str) -> bool:
    return (await world.post(path, token=token, **more)).is_success


async def _opened(path: str, world: World, token: str) -> bool:
    """A link that is opened by a program."""
    response = await world.client.get(
        f"/v1/{path}", params={"token": token}, headers={"Accept": "application/json"}
    )
    return response.is_success


async def _confirmed_email(world: World, token: str) -> bool:
    response = await world.client.post(
        "/v1/users/me/email/confirm", json={"token": token}, headers=acting_as(world.ann.user)
    )
    return response.is_success


async def _second_step(world: World, token: str) -> bool:
    code = world.ann.recovery_codes[0]
    made = await world.post("login/mfa", ticket=token, method="recovery_code", code=code)
    return made.is_success


async def _exchanged(world: World, token: str) -> bool:
    made = await world.post("sso/exchange", login_code=token, code_verifier=VERIFIER)
    return made.is_success


async def _looked_at(purpose: Purpose, world: World, token: str) -> bool:
    try:
        await onetime_service.look_at(world.conn, purpose=purpose, token=token)
    except CoreError:
        return False
    return True


async def _tried(purpose: Purpose, world: World, token: str) -> bool:
    tried = await onetime_service.try_token(world.conn, purpose=purpose, token=token)
    return tried is not None


async def _spent(purpose: Purpose, world: World, token: str) -> bool:
    try:
        await onetime_service.spend(world.conn, purpose=purpose, token=token)
    except CoreError:
        return False
    return True


CONSUMERS: Mapping[tuple[str, str], Consumer] = {
    ("access", "header"): _by_header,
    ("access", "cookie"): _by_cookie,
    ("csrf", "header beside a cookie"): _beside_a_cookie,
    ("refresh", "refreshing"): _refreshed,
    ("refresh", "refreshing by cookie"): _refreshed_by_cookie,
    ("refresh", "signing out"): _signed_out,
    ("invitation", "preview"): _previewed,
    ("invitation", "accepting"): _accepted,
    ("invitation", "declining"): _declined,
    ("device", "registering"): _of_the_device,
    (Purpose.SIGNUP, "checking"): partial(_sent, "signup/check", {}),
    (Purpose.SIGNUP, "completing"): partial(_sent, "signup/complete", {"password": PASSWORD}),
    (Purpose.VERIFY_EMAIL, "opening"): partial(_opened, "auth/email/verify"),
    (Purpose.VERIFY_EMAIL, "verifying"): partial(_sent, "email/verify", {}),
    (Purpose.CHANGE_EMAIL, "opening"): partial(_opened, "users/me/email/confirm"),
    (Purpose.CHANGE_EMAIL, "confirming"): _confirmed_email,
    (Purpose.UNDO_EMAIL, "opening"): partial(_opened, "auth/email/undo"),
    (Purpose.UNDO_EMAIL, "undoing"): partial(_sent, "email/undo", {}),
    (Purpose.RESET_PASSWORD, "resetting"): partial(_sent, "password/reset", {"password": PASSWORD}),
    (Purpose.MAGIC_LINK, "signing in"): partial(_sent, "login/link/redeem", {}),
    (Purpose.MFA, "the second step"): _second_step,
    (Purpose.SSO_LOGIN, "exchanging"): _exchanged,
    # What a passkey signs holds its challenge, so no other secret can be shown in its place.
    **{(each, "looked at"): partial(_looked_at, each) for each in Purpose},
    **{(each, "tried"): partial(_tried, each) for each in Purpose},
    **{(each, "spent"): partial(_spent, each) for each in Purpose},
}
KINDS = {kind for kind, _ in CONSUMERS}


def _details(ann: factories.User) -> Mapping[Purpose, tuple[str, dict[str, Any]]]:
    """What the secrets of some purposes are for."""
    said = Asserted("op", "https://op.test", "42", "other@example.org", is_email_trusted=True)
    methods = {"transport": "bearer", "auth_methods": ["pwd"], "device": None}
    return {
        Purpose.SIGNUP: (NEW["email"] or "", {**NEW, **NAMES}),
        Purpose.CHANGE_EMAIL: (str(ann.id), {"email": "changed@example.org"}),
        Purpose.UNDO_EMAIL: (f"{ann.id} old@example.org", {"email": "old@example.org"}),
        Purpose.MFA: ("of-this-sign-in", methods),
        Purpose.SSO_LOGIN: (
            "of-this-flow",
            Pending(Mode.LOGIN, challenge_of(VERIFIER), said).detail(),
        ),
    }


@pytest.fixture
async def world(
    client: AsyncClient, conn: Transaction, settings: Settings, execute: Execute
) -> World:
    owner, ann = await factories.user(conn), await secure(conn)
    browser = await factories.session(conn, ann.user, transport=Transport.COOKIE)
    team = await factories.team(conn, owner=owner)
    invited = await client.post(
        f"/v1/teams/{team.id}/invitations", json={"kind": "link"}, headers=acting_as(owner)
    )
    device_id = new_id()
    tokens = {
        "access": ann.user.access_token,
        "refresh": ann.user.refresh_token,
        "csrf": cookies.csrf_token(settings, browser.session_id),
        "invitation": invited.json()["token"],
        "device": await registered(client, device_id),
    }
    details = _details(ann.user)
    for purpose in Purpose:
        target, detail = details.get(purpose, (ann.user.email, {}))
        issued = await onetime_service.issue(
            conn,
            settings.secret_key,
            purpose=purpose,
            target=target,
            user_id=None if purpose is Purpose.SIGNUP else ann.user.id,
            detail=detail,
        )
        tokens[purpose] = issued.token
    return World(client, conn, execute, ann, browser, device_id, tokens)


async def test_every_kind_of_token_is_refused_by_every_other_consumer(world: World) -> None:
    tried = 0
    for (wanted, how), consume in CONSUMERS.items():
        for kind, token in world.tokens.items():
            if kind != wanted:
                assert not await consume(world, token), f"{kind} is taken as {wanted}: {how}"
                tried += 1

    assert world.tokens.keys() == KINDS
    assert tried == len(CONSUMERS) * (len(KINDS) - 1) > 800


@pytest.mark.parametrize(("kind", "how"), CONSUMERS)
async def test_where_it_belongs_it_is_taken(world: World, kind: str, how: str) -> None:
    """Else the other test would show nothing."""
    assert await CONSUMERS[kind, how](world, world.tokens[kind])
