"""`GET /v1/local/outbox`: how a newcomer reads what would have been sent, and nobody else."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from src.constants import Environment
from src.database import Transaction
from src.notifications import service
from src.notifications.client import open_clients
from src.notifications.constants import Template
from tests import factories, mail
from tests.conftest import Execute, MakeClient, settings_for
from tests.http import problem
from tests.notifications.sending import mailing
from tests.smtp import mailbox

LINK = "https://core.example.org/verify?token=core_once_kept-from-everybody"
KEY = "b6Wc0Zr1uTq9XkGm3NfVyLhDsEaJp7oI5tMxKvHw"


async def write(conn: Transaction, to: str, code: str = "927461") -> str:
    message_id = await service.send_mail(
        conn,
        factories.SEALER,
        template=Template.VERIFY_EMAIL,
        to=to,
        locale="fr",
        params={"link": LINK, "code": code},
    )
    return str(message_id)


async def test_a_newcomer_finds_the_link_that_was_mailed(
    client: AsyncClient, conn: Transaction
) -> None:
    written = await write(conn, "ann@example.org")

    response = await client.get("/v1/local/outbox")

    assert response.status_code == 200
    [shown] = response.json()["items"]
    assert (shown["id"], shown["to"], shown["state"]) == (written, "ann@example.org", "queued")
    assert (shown["link"], shown["code"]) == (LINK, "927461")
    assert (shown["language"], shown["subject"]) == ("fr", "Confirmez votre adresse e-mail")
    assert LINK in shown["text"]
    assert "927461" in shown["html"]


async def test_it_is_still_there_when_the_worker_has_been(
    client: AsyncClient, conn: Transaction, url: str
) -> None:
    await service.send_mail(
        conn,
        factories.SEALER,
        template=Template.LOGIN_CODE,
        to="bob@example.org",
        locale="en",
        params={"code": "555123"},
    )
    async with open_clients(settings_for(url)) as clients:
        await mail.send_all(conn, clients)
    written = await write(conn, "ann@example.org")

    items = (await client.get("/v1/local/outbox")).json()["items"]

    # Both are of one transaction, and so of one instant.
    by_address = {one["to"]: one for one in items}
    assert len(items) == 2
    assert (by_address["bob@example.org"]["state"], by_address["bob@example.org"]["code"]) == (
        "sent",
        "555123",
    )
    assert by_address["bob@example.org"]["link"] is None
    assert by_address["ann@example.org"]["id"] == written
    assert by_address["ann@example.org"]["state"] == "queued"


async def test_what_has_gone_out_for_real_shows_nothing(
    client: AsyncClient, conn: Transaction, url: str
) -> None:
    await service.send_mail(
        conn,
        factories.SEALER,
        template=Template.LOGIN_CODE,
        to="ann@example.org",
        locale="en",
        params={"code": "555123"},
    )
    async with mailbox() as box, open_clients(settings_for(url, mailing=mailing(box.port))) as out:
        await mail.send_all(conn, out)
        assert len(box.mails) == 1

    assert (await client.get("/v1/local/outbox")).json()["items"] == []


async def test_it_comes_in_pages_newest_first(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    for number in range(5):
        message_id = await write(conn, f"user{number}@example.org")
        await execute(
            "UPDATE message SET created_at = now() + %(number)s * interval '1 second'"
            " WHERE id = %(message_id)s::uuid",
            number=number // 2,
            message_id=message_id,
        )

    seen: list[str] = []
    cursor, page = "", dict[str, Any]()
    for expected in (2, 2, 1):
        page = (await client.get(f"/v1/local/outbox?limit=2{cursor}")).json()
        assert len(page["items"]) == expected
        seen += [one["to"].partition("@")[0] for one in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"

    assert seen == ["user4", "user3", "user2", "user1", "user0"]
    assert page["next_cursor"] is None
    problem(await client.get("/v1/local/outbox?cursor=x"), 400, "invalid_cursor")


async def test_what_cannot_be_read_is_left_out(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    await write(conn, "ann@example.org")
    await write(conn, "bob@example.org")
    await execute("UPDATE message SET template = 'of_old' WHERE recipient = 'ann@example.org'")
    await execute("UPDATE message SET params = 'x' WHERE recipient = 'bob@example.org'")

    assert (await client.get("/v1/local/outbox")).json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("environment", [Environment.STAGING, Environment.PRODUCTION])
async def test_where_people_are_there_is_no_outbox(
    make_client: MakeClient, conn: Transaction, environment: Environment
) -> None:
    await write(conn, "ann@example.org")
    client = await make_client(environment=environment, secrets={"secret_key": KEY})

    problem(await client.get("/v1/local/outbox"), 404, "not_found")
    document = (await client.get("/openapi.json")).json()
    assert "/v1/local/outbox" not in document["paths"]
