"""An admin cannot make an owner: not by inviting, not by a change, not after losing the role."""

from httpx2 import AsyncClient

from src.database import Transaction
from src.teams.constants import Role
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as, problem


async def test_no_role_above_ones_own_is_given(client: AsyncClient, conn: Transaction) -> None:
    owner = await factories.user(conn)
    team = await factories.team(conn, owner=owner)
    admin = await factories.member(conn, team=team, role=Role.ADMIN)
    viewer = await factories.member(conn, team=team)
    url, headers = f"/v1/teams/{team.id}", acting_as(admin)
    invite = {"kind": "link", "role": "owner"}

    response = await client.post(f"{url}/invitations", json=invite, headers=headers)
    problem(response, 403, "role_above_own")
    made = await client.post(
        f"{url}/invitations", json={**invite, "role": "admin"}, headers=headers
    )
    assert made.status_code == 201
    response = await client.patch(
        f"{url}/invitations/{made.json()['id']}", json={"role": "owner"}, headers=headers
    )
    problem(response, 403, "role_above_own")
    response = await client.patch(
        f"{url}/members/{viewer.id}", json={"role": "owner"}, headers=headers
    )
    problem(response, 403, "role_above_own")


async def test_what_was_promised_before_a_demotion_is_not_given(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    owner, guest = await factories.user(conn), await factories.user(conn)
    team = await factories.team(conn, owner=owner)
    admin = await factories.member(conn, team=team, role=Role.ADMIN)
    url = f"/v1/teams/{team.id}"
    made = await client.post(
        f"{url}/invitations", json={"kind": "link", "role": "admin"}, headers=acting_as(admin)
    )

    demoted = await client.patch(
        f"{url}/members/{admin.id}", json={"role": "viewer"}, headers=acting_as(owner)
    )
    assert demoted.status_code == 200
    response = await client.post(
        f"/v1/invitations/{made.json()['token']}/accept", headers=acting_as(guest)
    )

    problem(response, 404, "invitation_not_found")
    rows = await execute(
        "SELECT FROM team_member WHERE account_id = %(id)s AND team_id = %(team)s",
        id=guest.id,
        team=team.id,
    )
    assert rows == []
