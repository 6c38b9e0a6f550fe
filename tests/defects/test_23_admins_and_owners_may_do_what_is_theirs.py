"""A higher role may do all that a lower one may: nobody is locked out for having more."""

import pytest
from httpx2 import AsyncClient

from src.database import Transaction
from src.teams.constants import Role
from tests import factories
from tests.http import acting_as, problem

LADDER: list[tuple[str, str, dict[str, str] | None, Role]] = [
    ("GET", "", None, Role.VIEWER),
    ("GET", "/members", None, Role.VIEWER),
    ("POST", "/applets", {"name": "Herons"}, Role.EDITOR),
    ("PATCH", "/settings", {"locale": "fr"}, Role.ADMIN),
    ("GET", "/invitations", None, Role.ADMIN),
    ("POST", "/transfer-ownership", {}, Role.OWNER),
]


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_may_do_what_is_for_it_and_for_those_below(
    client: AsyncClient, conn: Transaction, role: Role
) -> None:
    owner = await factories.user(conn)
    team = await factories.team(conn, owner=owner)
    heir = await factories.member(conn, team=team)
    caller = owner if role is Role.OWNER else await factories.member(conn, team=team, role=role)
    for method, rest, body, least in LADDER:
        sent = {"user_id": str(heir.id)} if body == {} else body
        response = await client.request(
            method, f"/v1/teams/{team.id}{rest}", json=sent, headers=acting_as(caller)
        )
        if role.includes(least):
            assert response.is_success, (role, rest, response.text)
        else:
            problem(response, 403, "role_too_low")
