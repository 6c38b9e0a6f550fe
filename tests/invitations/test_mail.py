"""Invitations that are mailed."""

from fastapi import FastAPI
from httpx2 import AsyncClient

from src.config import LimitSettings, RateSettings
from src.database import Connection
from src.notifications.constants import Template
from tests import factories, mail
from tests.conftest import Execute, MakeClient
from tests.http import acting_as, problem
from tests.invitations.inviting import team_of
from tests.limits.counting import later


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
    client: AsyncClient, conn: Connection, execute: Execute, app: FastAPI
) -> None:
    team = await team_of(client, conn)
    made = await team.invite(email="eve@example.org")
    problem(await team.call(made, "resend"), 429, "resent_just_now")
    await execute("UPDATE invitation SET sent_at = now() - interval '61 seconds'")
    await later(execute, app.state.pools, 61)

    renewed = (await team.call(made, "resend")).json()

    first, second = await mail.messages(conn, to="eve@example.org")
    assert (first.params["link"], second.params["link"]) == (made["url"], renewed["url"])
    assert made["url"] != renewed["url"]


async def test_an_address_that_has_had_its_mails_gets_none_and_nobody_is_told(
    client: AsyncClient, conn: Connection
) -> None:
    team, other = await team_of(client, conn), await team_of(client, conn)
    await client.post("/v1/auth/password/recovery", json={"email": "eve@example.org"})

    made = await team.invite(email="eve@example.org")
    await other.invite(email="bob@example.org")

    assert [one.to for one in await mail.messages(conn)] == ["bob@example.org"]
    # Whoever invites has the link, and may pass it on.
    assert (await client.get(f"/v1/invitations/{made['token']}")).status_code == 200


async def test_who_has_invited_too_many_by_mail_is_told(
    make_client: MakeClient, conn: Connection, execute: Execute
) -> None:
    client = await make_client(limits=LimitSettings(rates=RateSettings(mail_account=2)))
    team = await team_of(client, conn)
    await team.invite(email="eve@example.org")
    last = await team.invite(email="bob@example.org")

    refused = await team.post(email="one.more@example.org")

    problem(refused, 429, "rate_limited")
    assert int(refused.headers["retry-after"]) > 3600
    await execute("UPDATE invitation SET sent_at = now() - interval '1 hour'")
    problem(await team.call(last, "resend"), 429, "rate_limited")
    assert len(await mail.messages(conn)) == 2
    assert await execute("SELECT count(*) FROM invitation") == [(2,)]
    await team.invite()  # a link is mailed to nobody
    bob = await factories.user(conn)
    elsewhere = await team_of(client, conn, bob)
    await elsewhere.invite(email="one.more@example.org")


async def test_who_may_not_invite_is_told_so_and_nothing_else(
    client: AsyncClient, conn: Connection
) -> None:
    team, stranger = await team_of(client, conn), await factories.user(conn)
    made = await team.invite(email="eve@example.org")

    for path in (team.path, f"{team.path}/{made['id']}/resend"):
        body = {"kind": "email", "email": "bob@example.org"} if path == team.path else None
        response = await client.post(path, json=body, headers=acting_as(stranger))
        problem(response, 404, "team_not_found")
