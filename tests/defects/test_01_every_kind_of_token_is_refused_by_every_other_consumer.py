"""A token is good for what it was made for, and for nothing else: each kind, at each consumer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

import pytest
from httpx2 import AsyncClient

from src.auth import cookies
from src.auth.constants import Transport
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.config import Settings
from src.database import Transaction
from src.exceptions import CoreError
from tests import factories
from tests.conftest import Execute
from tests.http import BASE_URL, acting_as, bearer

PAGE = {"Origin": BASE_URL}
Consumer = Callable[[str], Awaitable[bool]]
"""Whether a token is taken."""


@dataclass(frozen=True)
class Kinds:
    """A fresh token of each kind, and who takes tokens, under the kind that each is for."""

    tokens: Mapping[str, str]
    consumers: Mapping[tuple[str, str], Consumer]


@dataclass(frozen=True)
class Doors:
    """Everything that takes a token."""

    client: AsyncClient
    conn: Transaction
    execute: Execute
    ann: factories.User
    browser: factories.User

    async def by_header(self, token: str) -> bool:
        return (await self.client.get("/v1/users/me", headers=bearer(token))).is_success

    async def by_cookie(self, token: str) -> bool:
        headers = {"Cookie": f"core_at={token}"}
        return (await self.client.get("/v1/users/me", headers=headers)).is_success

    async def beside_a_cookie(self, token: str) -> bool:
        cookie = {"Cookie": f"core_at={self.browser.access_token}", cookies.CSRF_HEADER: token}
        response = await self.client.post(
            "/v1/teams", json={"name": "Herons"}, headers={**PAGE, **cookie}
        )
        return response.is_success

    async def refreshed(self, token: str) -> bool:
        body = {"refresh_token": token}
        return (await self.client.post("/v1/auth/token/refresh", json=body)).is_success

    async def refreshed_by_cookie(self, token: str) -> bool:
        headers = {**PAGE, "Cookie": f"core_rt={token}"}
        return (await self.client.post("/v1/auth/token/refresh", headers=headers)).is_success

    async def signed_out(self, token: str) -> bool:
        body = {"refresh_token": token}
        return (await self.client.post("/v1/auth/logout", json=body)).is_success

    async def previewed(self, token: str) -> bool:
        return (await self.client.get(f"/v1/invitations/{token}")).is_success

    async def accepted(self, token: str) -> bool:
        url = f"/v1/invitations/{token}/accept"
        return (await self.client.post(url, headers=acting_as(self.ann))).is_success

    async def looked_at(self, purpose: Purpose, token: str) -> bool:
        try:
            await onetime_service.look_at(self.conn, purpose=purpose, token=token)
        except CoreError:
            return False
        return True

    async def spent(self, purpose: Purpose, token: str) -> bool:
        try:
            await onetime_service.spend(self.conn, purpose=purpose, token=token)
        except CoreError:
            return False
        # For the next to find it as it was.
        await self.execute(
            "UPDATE one_time_token SET used_at = NULL WHERE purpose = %(purpose)s", purpose=purpose
        )
        return True

    def consumers(self) -> dict[tuple[str, str], Consumer]:
        return {
            ("access", "header"): self.by_header,
            ("access", "cookie"): self.by_cookie,
            ("csrf", "header beside a cookie"): self.beside_a_cookie,
            ("refresh", "refreshing"): self.refreshed,
            ("refresh", "refreshing by cookie"): self.refreshed_by_cookie,
            ("invitation", "preview"): self.previewed,
            ("invitation", "accepting"): self.accepted,
            **{(each, "looked at"): partial(self.looked_at, each) for each in Purpose},
            **{(each, "spent"): partial(self.spent, each) for each in Purpose},
            # Last: it ends the session.
            ("refresh", "signing out"): self.signed_out,
        }


@pytest.fixture
async def kinds(
    client: AsyncClient, conn: Transaction, settings: Settings, execute: Execute
) -> Kinds:
    ann = await factories.user(conn)
    browser = await factories.session(conn, ann, transport=Transport.COOKIE)
    team = await factories.team(conn, owner=ann)
    invited = await client.post(
        f"/v1/teams/{team.id}/invitations", json={"kind": "link"}, headers=acting_as(ann)
    )
    tokens = {
        "access": ann.access_token,
        "refresh": ann.refresh_token,
        "csrf": cookies.csrf_token(settings, browser.session_id),
        "invitation": invited.json()["token"],
    }
    for purpose in Purpose:
        issued = await onetime_service.issue(
            conn, settings.secret_key, purpose=purpose, target=ann.email, user_id=ann.id
        )
        tokens[purpose] = issued.token
    return Kinds(tokens, Doors(client, conn, execute, ann, browser).consumers())


async def test_every_kind_of_token_is_refused_by_every_other_consumer(kinds: Kinds) -> None:
    tried = 0
    for (wanted, how), consume in kinds.consumers.items():
        for kind, token in kinds.tokens.items():
            if kind != wanted:
                assert not await consume(token), f"a token for {kind} is taken: {wanted}, {how}"
                tried += 1
    assert tried > 300


@pytest.mark.parametrize(
    "kind", ["access", "csrf", "refresh", "invitation", *(each.value for each in Purpose)]
)
async def test_where_it_belongs_it_is_taken(kinds: Kinds, kind: str) -> None:
    """Else the other test would show nothing."""
    (consume, *_) = [each for (wanted, _), each in kinds.consumers.items() if wanted == kind]

    assert await consume(kinds.tokens[kind])
