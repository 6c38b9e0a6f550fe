"""A team is for its members, and even they see of each other what a role may see."""

import re
from typing import Any

from httpx2 import AsyncClient

from src.database import Transaction
from src.teams.constants import Role
from tests import factories
from tests.http import acting_as, problem

_IP = re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b")


async def test_nobody_sees_the_email_or_the_address_of_others(
    client: AsyncClient, conn: Transaction
) -> None:
    owner, outsider = await factories.user(conn), await factories.user(conn)
    team = await factories.team(conn, owner=owner)
    viewer = await factories.member(conn, team=team)
    admin = await factories.member(conn, team=team, role=Role.ADMIN)

    async def get(path: str, by: factories.User) -> Any:
        return await client.get(f"/v1/teams/{team.id}{path}", headers=acting_as(by))

    for path in ("", "/members"):
        problem(await get(path, outsider), 404, "team_not_found")
        shown = await get(path, viewer)
        assert shown.status_code == 200
        for other in (owner, admin):
            assert other.email not in shown.text
        assert not _IP.search(shown.text)
        assert not {"ip", "last_login_ip", "ip_prefix", "user_agent"} & set(
            re.findall(r'"(\w+)":', shown.text)
        )
    # Admins may.
    assert owner.email in (await get("/members", admin)).text
