"""A payload that names a team or a user beside the address is refused, and changes nobody."""

from httpx2 import AsyncClient

from src.database import Transaction
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as, mistakes


async def test_the_address_says_whom_a_change_is_for(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    owner = await factories.user(conn)
    team, other = [await factories.team(conn, owner=owner) for _ in range(2)]
    one, two = [await factories.member(conn, team=team) for _ in range(2)]
    operator = await factories.operator(conn)

    response = await client.patch(
        f"/v1/teams/{team.id}/members/{one.id}",
        json={"role": "admin", "user_id": str(two.id), "team_id": str(other.id)},
        headers=acting_as(owner),
    )
    assert mistakes(response) == {("/user_id", "unknown_field"), ("/team_id", "unknown_field")}
    response = await client.patch(
        f"/v1/admin/users/{one.id}",
        json={"disabled": True, "reason": "spam", "user_id": str(two.id), "status": "deleting"},
        headers=acting_as(operator),
    )
    assert mistakes(response) == {("/user_id", "unknown_field"), ("/status", "unknown_field")}

    roles = await execute("SELECT DISTINCT role FROM team_member WHERE role <> 'owner'")
    assert roles == [("viewer",)]
    assert await execute("SELECT DISTINCT status FROM account") == [("active",)]
