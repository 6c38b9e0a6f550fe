"""What is mailed is chance alone: it tells nothing of whom it is for, nor when it was made."""

import base64
import re

import pytest
from httpx2 import AsyncClient

from src.auth.onetime.constants import TOKEN_PREFIX
from src.config import LimitSettings, RateSettings
from src.database import Connection
from src.notifications.constants import Template
from tests import factories, mail
from tests.conftest import Execute, MakeClient
from tests.http import acting_as

EMAIL = "annabel.longname@example.org"


@pytest.fixture
async def client(make_client: MakeClient) -> AsyncClient:
    """A client of whom nothing is counted."""
    rates = RateSettings(signup_ip=0, mail_ip=0, mail_address=0, mail_address_minute=0)
    return await make_client(limits=LimitSettings(rates=rates))


async def test_tokens_of_one_address_have_nothing_in_common(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    tokens: list[str] = []
    for _ in range(20):
        await client.post("/v1/auth/signup", json={"email": EMAIL, "given_name": "Annabel"})
        link = (await mail.last(conn, to=EMAIL, template=Template.SIGNUP)).params["link"]
        tokens.append(link.partition("token=")[2])

    assert len(set(tokens)) == 20
    for token in tokens:
        assert re.fullmatch(re.escape(TOKEN_PREFIX) + r"[A-Za-z0-9_-]{43}", token)
        raw = base64.urlsafe_b64decode(token.removeprefix(TOKEN_PREFIX) + "=")
        assert len(raw) == 32
        for part in (EMAIL.encode(), b"annabel", b"longname", b"example"):
            assert part not in raw.lower()
    # The same clock, the same address: places where they agree are those of chance.
    pieces = [token.removeprefix(TOKEN_PREFIX) for token in tokens]
    agreeing = [place for place in range(43) if len({piece[place] for piece in pieces}) < 5]
    assert agreeing in ([], [42]), "the last character has 4 bits"


async def test_links_hold_no_address(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn, email=EMAIL)
    await execute("UPDATE account SET email_verified_at = NULL")
    await client.post("/v1/auth/email/verification", json={"email": EMAIL})
    body = {"email": "annabel.other@example.org"}
    await client.put("/v1/users/me/email", json=body, headers=acting_as(ann))

    links = [message.params["link"] for message in await mail.messages(conn)]

    assert len(links) == 2
    for link in links:
        assert "annabel" not in link
        assert str(ann.id) not in link
