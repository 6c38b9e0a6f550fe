"""A team is for its members, and even they see of each other what a role may see."""

import re

from httpx2 import AsyncClient, Response

from src.database import Transaction
from src.teams.constants import Role
from tests import factories
from tests.http import acting_as, problem

_IP = re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b")


def is_without_addresses(shown: Response, *others: factories.User) -> None:
    for other in others:
        assert other.email not in shown.text
    assert not _IP.search(shown.text)
    assert not {"ip", "last_login_ip", "ip_prefix", "user_agent", "last_seen_at"} & set(
        re.findall(r'"(\w+)":', shown.text)
    )


async def test_nobody_sees_the_email_or_the_address_of_others(
    client: AsyncClient, conn: Transaction
) -> None:
    owner, outsider = await factories.user(conn), await factories.user(conn)
    team = await factories.team(conn, owner=owner)
    viewer = await factories.member(conn, team=team)
    admin = await factories.member(conn, team=team, role=Role.ADMIN)

    async def get(path: str, by: factories.User) -> Response:
        return await client.get(f"/v1/teams/{team.id}{path}", headers=acting_as(by))

    for path in ("", "/members"):
        problem(await get(path, outsider), 404, "team_not_found")
        shown = await get(path, viewer)
        assert shown.status_code == 200
        is_without_addresses(shown, owner, admin)
    # Admins may.
    assert owner.email in (await get("/members", admin)).text


async def test_a_user_is_shown_without_them_to_who_shares_a_team_and_to_nobody_else(
    client: AsyncClient, conn: Transaction
) -> None:
    owner, outsider = await factories.user(conn), await factories.user(conn)
    team = await factories.team(conn, owner=owner)
    viewer = await factories.member(conn, team=team)
    url = f"/v1/users/{owner.id}"

    for stranger in (outsider, await factories.operator(conn)):
        problem(await client.get(url, headers=acting_as(stranger)), 404, "user_not_found")
    shown = await client.get(url, headers=acting_as(viewer))

    assert shown.status_code == 200
    assert shown.json().keys() <= {"id", "kind", "username", "display_name", "avatar_url"}
    is_without_addresses(shown, owner)
