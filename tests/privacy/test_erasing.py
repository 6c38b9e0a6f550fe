from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.database import Connection, Pools, Transaction
from src.privacy.service import erasing
from src.teams.constants import Role
from src.teams.schemas import MyTeam
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as, problem
from tests.privacy.knowing import NEEDLES, known, places
from tests.privacy.leaving import (
    delete,
    erase,
    leave,
    let_days_pass,
    status_of,
    undo,
    undo_token,
)

OLD = {"email": "old@example.org"}


async def test_nothing_in_any_column_of_any_table_tells_who_it_was(
    app: FastAPI, client: AsyncClient, conn: Transaction, execute: Execute, pools: Pools
) -> None:
    somebody = await known(app, conn, execute)
    user = somebody.user
    hidden = {name for name, needle in NEEDLES.items() if not await places(execute, needle)}
    assert hidden == set(), "what is nowhere cannot be missed"
    response = await delete(client, user, NEEDLES["email"])
    assert response.status_code == 202, response.text
    before = {name: await places(execute, needle) for name, needle in NEEDLES.items()}
    await let_days_pass(execute)

    await erase(pools)

    assert before["email"] >= {"account.email", "message.recipient", "invitation.email"}
    found = {name: await places(execute, needle) for name, needle in NEEDLES.items()}
    assert {name: where for name, where in found.items() if where} == {}
    # What others have of them is theirs, under an id.
    kept = await places(execute, str(user.id))
    assert kept == {
        "account.id",
        "account.email",
        "account.email_key",
        "applet.draft_updated_by",
        "applet_version.published_by",
        "audit_event.actor_id",
        "audit_event.detail",
        "audit_event.object_id",
        "invitation.invited_by",
        "submission.account_id",
    }


@pytest.mark.parametrize("window", ["open", "over", "used"])
async def test_while_an_old_address_may_take_the_email_back_nothing_is_erased(
    client: AsyncClient, conn: Transaction, execute: Execute, pools: Pools, window: str
) -> None:
    """Whoever has stolen an account, and changed its email, may not have it erased."""
    ann = await factories.user(conn)
    issued = await onetime_service.issue(
        conn, b"key", purpose=Purpose.UNDO_EMAIL, target="ann", user_id=ann.id, detail=OLD
    )
    await leave(client, ann)
    await execute("UPDATE account SET erase_at = now()")
    if window != "open":
        column = {"over": "expires_at", "used": "used_at"}[window]
        await execute(f"UPDATE one_time_token SET {column} = now() WHERE purpose = 'undo_email'")

    await erase(pools)

    if window != "open":
        assert await status_of(execute, ann) == "erased"
        return
    assert await status_of(execute, ann) == "deleting"
    undone = await client.post("/v1/auth/email/undo", json={"token": issued.token})
    assert undone.status_code == 204, undone.text
    assert await status_of(execute, ann) == "active"


async def test_what_a_team_has_collected_stays_under_an_id(
    app: FastAPI, client: AsyncClient, conn: Transaction, execute: Execute, pools: Pools
) -> None:
    somebody = await known(app, conn, execute)
    owner, on = somebody.sheet.owner, somebody.sheet
    answers = f"{on.url}/submissions"
    before = (await client.get(answers, headers=acting_as(owner))).json()
    assert len(before["items"]) == 1
    await delete(client, somebody.user, NEEDLES["email"])
    await let_days_pass(execute)

    await erase(pools)

    assert (await client.get(answers, headers=acting_as(owner))).json() == before
    members = await client.get(f"/v1/teams/{somebody.team.id}/members", headers=acting_as(owner))
    assert [one["user"]["id"] for one in members.json()["items"]] == [str(owner.id)]
    path = f"/v1/teams/{somebody.team.id}/invitations"
    invited = await client.get(path, headers=acting_as(owner))
    assert [one["email"] for one in invited.json()["items"]] == ["somebody.else@example.org"]


async def test_every_reference_to_an_account_is_decided_on(execute: Execute) -> None:
    """A new table with a foreign key to `account` has to say what becomes of its rows."""
    found = await execute(
        "SELECT conrelid::regclass || '.' || attname"
        "  FROM pg_constraint"
        "  JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY(conkey)"
        " WHERE contype = 'f' AND confrelid = 'account'::regclass"
    )

    assert {name for (name,) in found} == erasing.GONE | erasing.KEPT
    assert not erasing.GONE & erasing.KEPT


async def test_nobody_is_erased_before_their_days_are_over(
    client: AsyncClient, conn: Connection, execute: Execute, pools: Pools
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    await leave(client, ann)
    await execute(
        "UPDATE account SET erase_at = erase_at - interval '13 days 23 hours'"
        " WHERE erase_at IS NOT NULL"
    )

    await erase(pools)

    assert await status_of(execute, ann) == "deleting"
    assert await status_of(execute, bob) == "active"
    assert (await undo(client, await undo_token(conn, ann))).status_code == 204


async def test_what_is_erased_does_not_come_back(
    client: AsyncClient, conn: Connection, execute: Execute, pools: Pools
) -> None:
    ann, operator = await factories.user(conn), await factories.operator(conn)
    await leave(client, ann)
    token = await undo_token(conn, ann)
    await let_days_pass(execute)

    await erase(pools)
    await erase(pools)  # once more changes nothing

    assert await status_of(execute, ann) == "erased"
    problem(await undo(client, token), 400, "invalid_token")
    url, why = f"/v1/admin/users/{ann.id}", {"reason": "asked for it"}
    headers = acting_as(operator)
    shown = await client.get(url, headers=headers)
    assert (shown.json()["status"], shown.json()["email"]) == (
        "erased",
        f"erased-{ann.id}@erased.invalid",
    )
    for response in (
        await client.patch(url, json={"disabled": False, **why}, headers=headers),
        await client.request("DELETE", url, json=why, headers=headers),
        await client.put(f"{url}/roles", json={"roles": ["support"], **why}, headers=headers),
        await client.post(f"{url}/password-reset", json=why, headers=headers),
    ):
        problem(response, 409, "account_erased")
    assert await execute(
        "SELECT actor_id FROM audit_event WHERE action = 'user.erased' AND object_id = %(id)s",
        id=ann.id,
    ) == [(None,)]


async def test_who_is_erased_leaves_email_and_username_to_others(
    client: AsyncClient, conn: Connection, execute: Execute, pools: Pools
) -> None:
    ann = await factories.user(conn)
    await leave(client, ann)
    await let_days_pass(execute)
    await erase(pools)

    signup = {"email": ann.email, "username": ann.username, "password": factories.PASSWORD}
    response = await client.post("/v1/auth/signup", json=signup)

    assert response.status_code == 201, response.text
    assert response.json()["user"]["id"] != str(ann.id)


async def test_what_an_operator_deletes_is_erased_too(
    client: AsyncClient, conn: Connection, execute: Execute, pools: Pools
) -> None:
    ann, operator = await factories.user(conn), await factories.operator(conn)
    response = await client.request(
        "DELETE",
        f"/v1/admin/users/{ann.id}",
        json={"reason": "a report of abuse"},
        headers=acting_as(operator),
    )
    assert response.status_code == 202, response.text
    await let_days_pass(execute)

    await erase(pools)

    assert await status_of(execute, ann) == "erased"
    assert await places(execute, ann.email) == set()


async def test_a_deletion_without_a_day_gets_one(
    client: AsyncClient, conn: Connection, execute: Execute, pools: Pools
) -> None:
    """As code from before there were days leaves it, while a release goes out."""
    ann, operator = await factories.user(conn), await factories.operator(conn)
    await execute(
        "UPDATE account SET status = 'deleting', updated_at = now() - interval '1 year'"
        " WHERE id = %(id)s",
        id=ann.id,
    )

    await erase(pools)

    shown = await client.get(f"/v1/admin/users/{ann.id}", headers=acting_as(operator))
    assert shown.json()["status"] == "deleting"
    left = datetime.fromisoformat(shown.json()["erase_at"]) - datetime.now(UTC)
    assert timedelta(days=13, hours=23) < left <= timedelta(days=14)
    await let_days_pass(execute)
    await erase(pools)
    assert await status_of(execute, ann) == "erased"


async def _own(execute: Execute, team: MyTeam, user: factories.User) -> None:
    await execute(
        "INSERT INTO team_member (team_id, account_id, role) VALUES (%(team)s, %(id)s, 'owner')",
        team=team.id,
        id=user.id,
    )


@pytest.mark.parametrize("heir", [Role.ADMIN, Role.EDITOR])
async def test_a_team_that_would_have_no_owner_gets_one(
    client: AsyncClient, conn: Connection, execute: Execute, pools: Pools, heir: Role
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    team = await factories.team(conn, owner=bob)
    await leave(client, ann)
    # As if they had come to own it in the moment of leaving.
    await _own(execute, team, ann)
    await execute("DELETE FROM team_member WHERE account_id = %(id)s", id=bob.id)
    await factories.member(conn, team=team, role=Role.VIEWER)
    senior = await factories.member(conn, team=team, role=heir)
    await execute(
        "UPDATE team_member SET joined_at = now() + interval '1 day' WHERE account_id = %(id)s",
        id=senior.id,
    )
    await let_days_pass(execute)

    await erase(pools)

    assert await status_of(execute, ann) == "erased"
    assert await execute(
        "SELECT account_id FROM team_member WHERE team_id = %(id)s AND role = 'owner'", id=team.id
    ) == [(senior.id,)]
    assert await execute(
        "SELECT object_id FROM audit_event WHERE action = 'team.owner_succeeded'"
    ) == [(senior.id,)]


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.VIEWER, "active"),
        (Role.ADMIN, "disabled"),
        (Role.ADMIN, "pending"),
        (Role.EDITOR, "deleting"),
    ],
)
async def test_no_participant_and_nobody_out_of_use_inherits_a_team(
    client: AsyncClient,
    conn: Connection,
    execute: Execute,
    pools: Pools,
    role: Role,
    status: str,
) -> None:
    ann = await factories.user(conn)
    await leave(client, ann)
    team = await factories.team(conn, owner=ann)  # in the moment of leaving
    bob = await factories.member(conn, team=team, role=role)
    await let_days_pass(execute)
    await execute(
        "UPDATE account SET status = %(status)s,"
        "       erase_at = CASE %(status)s WHEN 'deleting' THEN now() + interval '1 day' END"
        " WHERE id = %(id)s",
        id=bob.id,
        status=status,
    )

    await erase(pools)

    assert await execute("SELECT deleted_at IS NULL FROM team WHERE id = %(id)s", id=team.id) == [
        (False,)
    ]
    assert await execute(
        "SELECT account_id, role FROM team_member WHERE team_id = %(id)s", id=team.id
    ) == [(bob.id, role)]
    assert await execute("SELECT 1 FROM audit_event WHERE action = 'team.owner_succeeded'") == []


async def test_a_team_of_nobody_else_ends_with_its_owner(
    client: AsyncClient, conn: Connection, execute: Execute, pools: Pools
) -> None:
    ann = await factories.user(conn)
    await leave(client, ann)
    team = await factories.team(conn, owner=ann)  # in the moment of leaving
    await let_days_pass(execute)

    await erase(pools)

    assert await status_of(execute, ann) == "erased"
    assert await execute("SELECT deleted_at IS NULL FROM team WHERE id = %(id)s", id=team.id) == [
        (False,)
    ]
    assert await execute("SELECT 1 FROM team_member WHERE team_id = %(id)s", id=team.id) == []


async def test_one_that_refuses_does_not_keep_the_others(
    client: AsyncClient,
    conn: Connection,
    execute: Execute,
    pools: Pools,
) -> None:
    people = [await factories.user(conn) for _ in range(3)]
    for one in people:
        await leave(client, one)
    await let_days_pass(execute)
    stuck = people[1]
    await execute(
        "INSERT INTO account (email, status) VALUES (%(email)s, 'active')",
        email=f"erased-{stuck.id}@erased.invalid",
    )

    await erase(pools)

    assert [await status_of(execute, one) for one in people] == ["erased", "deleting", "erased"]
    # It is whole as before.
    assert await execute("SELECT 1 FROM password WHERE account_id = %(id)s", id=stuck.id) != []
