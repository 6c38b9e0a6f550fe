"""Many at once: whatever comes out, every team has an owner, and nobody got more than allowed."""

import asyncio
from collections import Counter

import pytest
from httpx2 import AsyncClient, Response

from src.config import LimitSettings
from src.database import Connection, Pools
from src.teams import service
from src.teams.constants import Role
from src.teams.schemas import MyTeam
from tests import factories
from tests.conftest import Execute, MakeClient
from tests.http import acting_as

pytestmark = pytest.mark.committed

SIDES = 20


def told(response: Response) -> tuple[int, str]:
    body = response.json() if response.content else {}
    return response.status_code, str(body.get("code", ""))


async def owners(execute: Execute, team: MyTeam) -> int:
    ((count,),) = await execute(
        "SELECT count(*) FROM team_member WHERE team_id = %(id)s AND role = 'owner'", id=team.id
    )
    return int(count)


async def owned_by(conn: Connection, count: int) -> tuple[MyTeam, list[factories.User]]:
    """A team with so many owners."""
    first = await factories.user(conn)
    team = await factories.team(conn, owner=first)
    others = [await factories.member(conn, team=team, role=Role.OWNER) for _ in range(count - 1)]
    return team, [first, *others]


async def leave(client: AsyncClient, team: MyTeam, user: factories.User) -> tuple[int, str]:
    path = f"/v1/teams/{team.id}/members/{user.id}"
    return told(await client.delete(path, headers=acting_as(user)))


async def set_role(
    client: AsyncClient, team: MyTeam, actor: factories.User, user: factories.User, role: str
) -> tuple[int, str]:
    path = f"/v1/teams/{team.id}/members/{user.id}"
    return told(await client.patch(path, json={"role": role}, headers=acting_as(actor)))


async def test_of_two_last_owners_who_leave_at_once_one_stays(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    for _ in range(10):
        team, (ann, bob) = await owned_by(conn, 2)

        answers = await asyncio.gather(leave(client, team, ann), leave(client, team, bob))

        assert sorted(answers) == [(204, ""), (409, "last_owner")]
        assert await owners(execute, team) == 1


async def test_of_many_owners_who_leave_at_once_one_stays(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    team, everybody = await owned_by(conn, SIDES)

    answers = Counter(await asyncio.gather(*(leave(client, team, user) for user in everybody)))

    assert answers == {(204, ""): SIDES - 1, (409, "last_owner"): 1}
    assert await owners(execute, team) == 1


async def test_of_owners_who_demote_each_other_one_is_left_at_least(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    team, everybody = await owned_by(conn, SIDES)
    pairs = zip(everybody, [*everybody[1:], everybody[0]], strict=True)

    answers = Counter(
        await asyncio.gather(*(set_role(client, team, a, b, "viewer") for a, b in pairs))
    )

    assert answers.keys() <= {(200, ""), (403, "role_too_low")}, answers
    assert await owners(execute, team) == SIDES - answers[200, ""] >= 1


async def test_who_is_demoted_first_demotes_nobody(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    """Each owner demotes all others at once: the first to get their turn is the one who stays."""
    team, everybody = await owned_by(conn, 5)

    answers = Counter(
        await asyncio.gather(
            *(
                set_role(client, team, actor, user, "editor")
                for actor in everybody
                for user in everybody
                if user is not actor
            )
        )
    )

    assert answers.keys() <= {(200, ""), (403, "role_too_low")}, answers
    assert await owners(execute, team) >= 1


async def test_a_change_of_role_against_a_removal_is_one_after_the_other(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    for _ in range(10):
        bob = await factories.member(conn, team=team)
        path = f"/v1/teams/{team.id}/members/{bob.id}"

        changed, removed = await asyncio.gather(
            set_role(client, team, ann, bob, "admin"),
            client.delete(path, headers=acting_as(ann)),
        )

        assert removed.status_code == 204
        assert changed in {(200, ""), (404, "member_not_found")}
        events = await execute(
            "SELECT action FROM audit_event WHERE object_id = %(id)s ORDER BY id", id=bob.id
        )
        expected = [("team.role_changed",)] * (changed[0] == 200) + [("team.member_removed",)]
        assert events == expected
    assert await execute("SELECT count(*) FROM team_member") == [(1,)]


async def test_a_transfer_against_the_heir_who_leaves_keeps_an_owner(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    for _ in range(10):
        ann = await factories.user(conn)
        team = await factories.team(conn, owner=ann)
        bob = await factories.member(conn, team=team)
        given = client.post(
            f"/v1/teams/{team.id}/transfer-ownership",
            json={"user_id": str(bob.id)},
            headers=acting_as(ann),
        )

        transferred, left = await asyncio.gather(given, leave(client, team, bob))

        # Whoever comes second finds a member gone, or an owner who may not go.
        assert (told(transferred), left) in [
            ((200, ""), (409, "last_owner")),
            ((409, "not_a_member"), (204, "")),
        ]
        assert await owners(execute, team) == 1


async def test_an_owner_gives_the_team_away_once(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    heirs = [await factories.member(conn, team=team) for _ in range(10)]

    answers = Counter(
        told(answer)
        for answer in await asyncio.gather(
            *(
                client.post(
                    f"/v1/teams/{team.id}/transfer-ownership",
                    json={"user_id": str(heir.id)},
                    headers=acting_as(ann),
                )
                for heir in heirs
            )
        )
    )

    assert answers == {(200, ""): 1, (403, "role_too_low"): len(heirs) - 1}
    assert await owners(execute, team) == 1


async def test_of_many_that_want_one_slug_one_gets_it(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    people = [await factories.user(conn) for _ in range(SIDES)]
    teams = [await factories.team(conn, owner=user) for user in people]

    answers = Counter(
        told(answer)
        for answer in await asyncio.gather(
            *(
                client.patch(
                    f"/v1/teams/{team.id}", json={"slug": "Herons"}, headers=acting_as(user)
                )
                for user, team in zip(people, teams, strict=True)
            )
        )
    )

    assert answers == {(200, ""): 1, (409, "slug_taken"): SIDES - 1}
    assert await execute("SELECT count(*) FROM team WHERE slug = 'herons'") == [(1,)]


async def test_teams_of_one_name_made_at_once_get_a_slug_each(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    people = [await factories.user(conn) for _ in range(SIDES)]

    answers = await asyncio.gather(
        *(
            client.post("/v1/teams", json={"name": "Herons"}, headers=acting_as(user))
            for user in people
        )
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["slug"] for answer in answers}) == SIDES


async def test_nobody_owns_more_teams_than_allowed_however_fast(
    make_client: MakeClient, conn: Connection, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    client = await make_client(limits=LimitSettings(teams_per_user=7))

    answers = Counter(
        told(answer)
        for answer in await asyncio.gather(
            *(
                client.post("/v1/teams", json={"name": f"Team {n}"}, headers=acting_as(user))
                for n in range(SIDES)
                for user in (ann, bob)
            )
        )
    )

    assert answers == {(201, ""): 14, (403, "team_limit"): 2 * SIDES - 14}
    rows = await execute("SELECT count(*) FROM team_member GROUP BY account_id")
    assert rows == [(7,), (7,)]


async def test_who_counts_waits_for_who_has_counted_before(
    make_client: MakeClient, conn: Connection, pools: Pools
) -> None:
    ann = await factories.user(conn)
    client = await make_client(limits=LimitSettings(teams_per_user=1))
    post = client.post("/v1/teams", json={"name": "Fish"}, headers=acting_as(ann))

    async with pools.write.transaction() as first:
        await service.create(first, user_id=ann.id, limit=1, name="Birds")
        second = asyncio.create_task(post)
        done, _ = await asyncio.wait([second], timeout=0.5)
        assert not done

    assert told(await second) == (403, "team_limit")


async def test_of_changes_of_one_state_one_is_made(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)

    answers = Counter(
        told(answer)
        for answer in await asyncio.gather(
            *(
                client.patch(
                    f"/v1/teams/{team.id}",
                    json={"name": f"Name {n}"},
                    headers={**acting_as(ann), "If-Match": '"1"'},
                )
                for n in range(SIDES)
            )
        )
    )

    assert answers == {(200, ""): 1, (412, "stale_team"): SIDES - 1}
    assert await execute("SELECT version FROM team") == [(2,)]
