"""A team has an owner: the database itself refuses every other end of a transaction."""

import asyncio

import psycopg
import pytest

from src.database import Connection, Pools, Transaction, sql
from src.teams import exceptions, service
from src.teams.constants import Role
from src.teams.schemas import TeamId
from tests import factories
from tests.conftest import Execute, RawConnection

pytestmark = pytest.mark.committed

REFUSED = "a team has an owner"


@sql("DELETE FROM team_member WHERE team_id = %(team_id)s AND role = 'owner'")
async def drop_owners(conn: Transaction, *, team_id: TeamId) -> int: ...


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM team_member",
        "DELETE FROM team_member WHERE role = 'owner'",
        "UPDATE team_member SET role = 'admin'",
        "UPDATE team_member SET role = 'viewer' WHERE role = 'owner'",
        "INSERT INTO team (name) VALUES ('Nobody')",
    ],
)
async def test_no_statement_takes_the_last_owner(
    conn: Connection, raw: RawConnection, execute: Execute, text: str
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    await factories.member(conn, team=team, role=Role.ADMIN)

    with pytest.raises(psycopg.IntegrityError, match=REFUSED) as refused:
        await raw.execute(text.encode())

    assert refused.value.diag.constraint_name == "team_has_owner"
    rows = await execute("SELECT role FROM team_member ORDER BY role")
    assert rows == [("admin",), ("owner",)]


async def test_owners_may_change_within_a_transaction(
    conn: Connection, raw: RawConnection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team)

    async with raw.transaction():
        await raw.execute("DELETE FROM team_member WHERE role = 'owner'")
        await raw.execute("UPDATE team_member SET role = 'owner'")

    assert await execute("SELECT account_id, role FROM team_member") == [(bob.id, "owner")]


async def test_a_team_that_nobody_owns_stays_deleted(conn: Connection, raw: RawConnection) -> None:
    ann = await factories.user(conn)
    await factories.team(conn, owner=ann)
    await raw.execute("UPDATE team SET deleted_at = now()")
    await raw.execute("DELETE FROM team_member")

    with pytest.raises(psycopg.IntegrityError, match=REFUSED):
        await raw.execute("UPDATE team SET deleted_at = NULL")


async def test_two_that_do_not_ask_cannot_both_take_an_owner(
    conn: Connection, raw: RawConnection, url: str, execute: Execute
) -> None:
    """Neither transaction sees what the other has not committed: the trigger has to wait."""
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team, role=Role.OWNER)
    async with await psycopg.AsyncConnection.connect(url) as other:
        await other.execute("DELETE FROM team_member WHERE account_id = %s", [ann.id])
        await other.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as its commit will
        await raw.execute("BEGIN")
        await raw.execute("DELETE FROM team_member WHERE account_id = %s", [bob.id])
        commit = asyncio.create_task(raw.execute("COMMIT"))
        done, _ = await asyncio.wait([commit], timeout=0.5)
        assert not done
        await other.commit()
        with pytest.raises(psycopg.IntegrityError, match=REFUSED):
            await commit

    assert await execute("SELECT account_id FROM team_member") == [(bob.id,)]


async def test_a_refusal_at_the_commit_has_a_name(pools: Pools, conn: Connection) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team, role=Role.OWNER)

    async def leave_and_take_the_other() -> None:
        async with pools.write.transaction() as own:
            await service.leave(own, team_id=team.id, user_id=bob.id)
            await drop_owners(own, team_id=team.id)

    with pytest.raises(exceptions.LastOwner):
        await leave_and_take_the_other()

    found = await service.get(conn, team_id=team.id, user_id=bob.id)
    assert found.my_role is Role.OWNER
