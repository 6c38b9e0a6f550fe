"""Many at once, each on a connection of its own: the database ends where one by one would."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from src.config import LimitSettings, RateSettings, Settings
from src.database import Connection
from tests import factories
from tests.conftest import Execute, settings_for
from tests.factories import User
from tests.http import acting_as
from tests.invitations.inviting import Team, accept, decline, team_of, verify

pytestmark = pytest.mark.committed

CALLERS = 50
ROUNDS = 5


@pytest.fixture
def settings(url: str) -> Settings:
    """One person asks for more mails than one may."""
    return settings_for(url, limits=LimitSettings(rates=RateSettings(mail_account=0)))


@pytest.fixture
async def team(client: AsyncClient, conn: Connection) -> Team:
    return await team_of(client, conn)


@pytest.fixture
async def people(conn: Connection) -> list[User]:
    return [await factories.user(conn) for _ in range(CALLERS)]


def counted(responses: Iterable[Response]) -> Counter[tuple[int, str]]:
    return Counter((each.status_code, each.json().get("code", "")) for each in responses)


async def joined(execute: Execute) -> tuple[Any, ...]:
    """Uses as counted, as noted and as written into the audit trail; members but the founder."""
    ((*numbers,),) = await execute(
        "SELECT (SELECT sum(uses) FROM invitation), (SELECT count(*) FROM invitation_use),"
        " (SELECT count(*) FROM audit_event WHERE action = 'invitation.accepted'),"
        " (SELECT count(*) FROM team_member WHERE role <> 'owner')"
    )
    return tuple(numbers)


@pytest.mark.parametrize("limit", [1, 10])
async def test_a_link_lets_in_as_many_as_it_says(
    team: Team, client: AsyncClient, execute: Execute, people: list[User], limit: int
) -> None:
    made = await team.invite(max_uses=limit)

    answers = counted(await asyncio.gather(*(accept(client, made, one) for one in people)))

    assert answers == {(200, ""): limit, (409, "max_uses"): CALLERS - limit}
    assert await joined(execute) == (limit, limit, limit, limit)


async def test_one_who_accepts_many_times_joins_once(
    team: Team, client: AsyncClient, execute: Execute, people: list[User]
) -> None:
    links = [await team.invite(max_uses=20) for _ in range(2)]

    answers = counted(
        await asyncio.gather(
            *(accept(client, links[number % 2], people[0]) for number in range(CALLERS))
        )
    )

    assert answers == {(200, ""): CALLERS}
    assert await joined(execute) == (1, 1, 1, 1)


async def test_an_address_is_invited_once_however_many_ask(team: Team, execute: Execute) -> None:
    answers = counted(
        await asyncio.gather(*(team.post(email="eve@example.org") for _ in range(CALLERS)))
    )

    assert answers == {(201, ""): 1, (409, "already_invited"): CALLERS - 1}
    assert await execute("SELECT count(*) FROM invitation") == [(1,)]


async def test_an_expired_invitation_is_replaced_by_one(team: Team, execute: Execute) -> None:
    await team.invite(email="eve@example.org")
    await execute("UPDATE invitation SET expires_at = now()")

    answers = counted(
        await asyncio.gather(*(team.post(email="eve@example.org") for _ in range(20)))
    )

    assert answers == {(201, ""): 1, (409, "already_invited"): 19}


async def test_of_many_who_resend_one_makes_the_link(
    team: Team, client: AsyncClient, execute: Execute
) -> None:
    made = await team.invite()
    await execute("UPDATE invitation SET sent_at = now() - interval '1 hour'")

    responses = await asyncio.gather(*(team.call(made, "resend") for _ in range(20)))

    assert counted(responses) == {(202, ""): 1, (429, "resent_just_now"): 19}
    (again,) = [each.json() for each in responses if each.status_code == 202]
    assert (await client.get(f"/v1/invitations/{again['token']}")).status_code == 200


async def test_every_toggle_counts(team: Team, execute: Execute) -> None:
    made = await team.invite()

    answers = counted(await asyncio.gather(*(team.call(made, "toggle") for _ in range(21))))

    assert answers == {(200, ""): 21}
    assert await execute("SELECT is_active FROM invitation") == [(False,)]


@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("end", ["toggle", "revoke", "delete"])
async def test_who_accepts_while_it_ends_is_in_or_out(
    team: Team,
    client: AsyncClient,
    execute: Execute,
    people: list[User],
    end: str,
    number: int,
) -> None:
    """Each 200 is a member, each 404 is none; nobody gets in after the end."""
    made = await team.invite(max_uses=CALLERS)

    async def finish() -> Response:
        await asyncio.sleep(0.004 * number)
        if end == "toggle":
            return await team.call(made, "toggle")
        if end == "revoke":
            return await team.revoke(made)
        return await client.request(
            "DELETE",
            f"/v1/teams/{team.id}",
            json={"confirm": "Birds"},
            headers=acting_as(team.owner),
        )

    finished, *responses = await asyncio.gather(
        finish(), *(accept(client, made, one) for one in people[:20])
    )

    assert finished.status_code in {200, 202, 204}
    answers = counted(responses)
    assert answers.keys() <= {(200, ""), (404, "invitation_not_found")}, answers
    inside = answers[200, ""]
    assert await joined(execute) == (inside, inside, inside, inside)
    late = await asyncio.gather(*(accept(client, made, one) for one in people[20:25]))
    assert counted(late) == {(404, "invitation_not_found"): 5}
    ((order,),) = await execute(
        "SELECT coalesce(bool_and(joins.id < ends.id), true)"
        "  FROM audit_event AS joins, audit_event AS ends"
        " WHERE joins.action = 'invitation.accepted'"
        "   AND ends.action IN ('invitation.changed', 'invitation.revoked', 'team.deleted')"
    )
    assert order


async def test_an_invitation_is_accepted_or_declined(
    team: Team, client: AsyncClient, execute: Execute, people: list[User]
) -> None:
    eve = people[0]
    await verify(execute, eve)
    made = await team.invite(email=eve.email)

    await asyncio.gather(
        *((accept if number % 2 else decline)(client, made, eve) for number in range(20))
    )

    state = await team.state_of(made)
    assert state in {"accepted", "declined"}
    assert (await joined(execute))[3] == (state == "accepted")


async def test_an_inviter_who_is_demoted_lets_nobody_in_from_then_on(
    team: Team, client: AsyncClient, conn: Connection, execute: Execute, people: list[User]
) -> None:
    inviter = people[-1]
    await accept(client, await team.invite(role="admin"), inviter)
    made = await team.invite(inviter, max_uses=CALLERS)

    async def demote() -> Response:
        return await client.patch(
            f"/v1/teams/{team.id}/members/{inviter.id}",
            json={"role": "viewer"},
            headers=acting_as(team.owner),
        )

    demoted, *responses = await asyncio.gather(
        demote(), *(accept(client, made, one) for one in people[:20])
    )

    assert demoted.status_code == 200
    answers = counted(responses)
    assert answers.keys() <= {(200, ""), (404, "invitation_not_found")}, answers
    assert (await joined(execute))[3] == answers[200, ""] + 1
    late = await accept(client, made, people[30])
    assert late.json()["code"] == "invitation_not_found"
