"""Invitations that are mailed."""

from httpx2 import AsyncClient

from src.database import Connection
from src.notifications.constants import Template
from tests import factories, mail
from tests.conftest import Execute
from tests.http import problem
from tests.invitations.inviting import team_of


async def test_an_address_is_mailed_the_link_that_the_answer_has(
    client: AsyncClient, conn: Connection
) -> None:
    team = await team_of(client, conn)

    made = await team.invite(email="eve@example.org")

    [written] = await mail.messages(conn)
    assert (written.template, written.to) == (Template.TEAM_INVITATION, "eve@example.org")
    assert written.params == {
        "team": "Birds",
        "link": made["url"],
        "inviter": team.owner.username,
    }


async def test_a_link_for_whoever_has_it_is_mailed_to_nobody(
    client: AsyncClient, conn: Connection
) -> None:
    team = await team_of(client, conn)

    await team.invite()

    assert await mail.messages(conn) == []


async def test_the_mail_is_in_the_language_of_who_has_the_address(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    team = await team_of(client, conn)
    eve = await factories.user(conn, email="eve@example.org")
    await execute("UPDATE account SET locale = 'el' WHERE id = %(id)s", id=eve.id)
    await execute("UPDATE account SET locale = 'fr' WHERE id = %(id)s", id=team.owner.id)

    await team.invite(email="Eve@example.org")
    await team.invite(email="nobody@example.org")

    assert (await mail.last(conn, to="Eve@example.org")).locale == "el"
    assert (await mail.last(conn, to="nobody@example.org")).locale == "fr"


async def test_a_new_link_is_mailed_too(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    team = await team_of(client, conn)
    made = await team.invite(email="eve@example.org")
    problem(await team.call(made, "resend"), 429, "resent_just_now")
    await execute("UPDATE invitation SET sent_at = now() - interval '61 seconds'")

    renewed = (await team.call(made, "resend")).json()

    first, second = await mail.messages(conn, to="eve@example.org")
    assert (first.params["link"], second.params["link"]) == (made["url"], renewed["url"])
    assert made["url"] != renewed["url"]
