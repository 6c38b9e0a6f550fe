"""Many at once, each on a connection of its own: the database ends where one by one would."""

import asyncio
from collections import Counter

import pytest
from httpx2 import AsyncClient

from src.database import Pools, Transaction
from src.teams.constants import Role
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as
from tests.invitations.inviting import accept, team_of
from tests.privacy.leaving import delete, erase, leave, let_days_pass, status_of, undo, undo_token

pytestmark = pytest.mark.committed

CALLERS = 50
ROUNDS = 12


async def count(execute: Execute, action: str) -> int:
    ((found,),) = await execute(
        "SELECT count(*) FROM audit_event WHERE action = %(action)s", action=action
    )
    return int(found)


async def test_an_account_is_deleted_once(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)

    answers = await asyncio.gather(*(delete(client, ann) for _ in range(CALLERS)))

    assert Counter(one.status_code for one in answers) == {202: 1, 401: CALLERS - 1}
    assert await count(execute, "user.deletion_requested") == 1
    assert await execute("SELECT count(*) FROM message") == [(1,)]


async def test_of_two_owners_who_leave_at_once_one_stays(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    for _ in range(ROUNDS):
        ann = await factories.user(conn)
        team = await factories.team(conn, owner=ann)
        bob = await factories.member(conn, team=team, role=Role.OWNER)

        answers = await asyncio.gather(delete(client, ann), delete(client, bob))

        assert sorted(one.status_code for one in answers) == [202, 409]


async def test_no_team_goes_to_who_is_leaving_at_that_moment(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ends = Counter[tuple[int, int]]()
    for _ in range(ROUNDS):
        ann = await factories.user(conn)
        team = await factories.team(conn, owner=ann)
        bob = await factories.member(conn, team=team, role=Role.ADMIN)
        handing = client.post(
            f"/v1/teams/{team.id}/transfer-ownership",
            json={"user_id": str(bob.id)},
            headers=acting_as(ann),
        )

        answers = await asyncio.gather(handing, delete(client, bob))

        ends[answers[0].status_code, answers[1].status_code] += 1

    # Whichever comes first: then bob owns it and stays, or is leaving and gets nothing.
    assert ends.keys() <= {(200, 409), (409, 202)}


async def test_what_is_taken_back_is_not_erased_and_what_is_erased_not_taken_back(
    client: AsyncClient, conn: Transaction, execute: Execute, pools: Pools
) -> None:
    ends = Counter[tuple[int, str]]()
    for number in range(ROUNDS):
        ann = await factories.user(conn)
        await leave(client, ann)
        token = await undo_token(conn, ann)
        await let_days_pass(execute)

        async def later(seconds: float = 0.002 * (number % 4), token: str = token) -> int:
            await asyncio.sleep(seconds)  # one or the other comes first
            return (await undo(client, token)).status_code

        status, _ = await asyncio.gather(later(), erase(pools))
        ends[status, await status_of(execute, ann)] += 1

    assert ends.keys() <= {(204, "active"), (400, "erased")}
    assert await count(execute, "user.erased") == ends[400, "erased"]


async def test_workers_share_the_work(conn: Transaction, execute: Execute, pools: Pools) -> None:
    for _ in range(40):
        await factories.user(conn)
    await execute("UPDATE account SET status = 'deleting', erase_at = now()")

    await asyncio.gather(*(erase(pools) for _ in range(4)))

    assert await execute("SELECT status, count(*) FROM account GROUP BY status") == [("erased", 40)]
    assert await count(execute, "user.erased") == 40


async def test_whatever_is_begun_in_the_moment_of_leaving_ends_with_it(
    client: AsyncClient, conn: Transaction, execute: Execute, pools: Pools
) -> None:
    hosts = await team_of(client, conn)
    for _ in range(ROUNDS):
        ann = await factories.user(conn)
        me = acting_as(ann)
        invitation = await hosts.invite()

        deleted, *begun = await asyncio.gather(
            delete(client, ann),
            client.post("/v1/teams", json={"name": "Late"}, headers=me),
            accept(client, invitation, ann),
            client.patch("/v1/users/me", json={"given_name": "Late"}, headers=me),
        )

        assert deleted.status_code in {202, 409}
        assert {one.status_code for one in begun} <= {200, 201, 401}
        assert deleted.status_code == 202 or begun[0].status_code == 201
    await let_days_pass(execute)

    await erase(pools)

    assert await execute("SELECT 1 FROM account WHERE status = 'deleting'") == []
    assert (
        await execute(
            "SELECT 1 FROM team_member JOIN account ON account.id = account_id"
            " WHERE account.status = 'erased'"
        )
        == []
    )
    assert (
        await execute(
            "SELECT 1 FROM team WHERE deleted_at IS NULL AND NOT EXISTS"
            " (SELECT FROM team_member WHERE team_id = team.id AND role = 'owner')"
        )
        == []
    )
    assert await execute("SELECT 1 FROM account WHERE status = 'erased' AND given_name <> ''") == []
