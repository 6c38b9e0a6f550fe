"""Invitations as tests make them: over HTTP, by somebody who may."""

from dataclasses import dataclass
from typing import Any

from httpx2 import AsyncClient, Response

from src.database import Connection
from src.teams.constants import Role
from tests import factories
from tests.conftest import Execute
from tests.factories import User
from tests.http import acting_as


@dataclass(frozen=True)
class Team:
    """A team with its owner, ready to invite."""

    client: AsyncClient
    id: str
    owner: User
    made: Any

    @property
    def path(self) -> str:
        return f"/v1/teams/{self.id}/invitations"

    async def post(self, by: User | None = None, **new: Any) -> Response:
        """Ask for an invitation: a link for one viewer unless said otherwise."""
        body = {"kind": "email" if "email" in new else "link", **new}
        return await self.client.post(self.path, json=body, headers=acting_as(by or self.owner))

    async def invite(self, by: User | None = None, **new: Any) -> dict[str, Any]:
        response = await self.post(by, **new)
        assert response.status_code == 201, response.text
        return dict(response.json())

    async def call(self, invitation: dict[str, Any], verb: str, by: User | None = None) -> Response:
        """`toggle` or `resend` an invitation."""
        path = f"{self.path}/{invitation['id']}/{verb}"
        return await self.client.post(path, headers=acting_as(by or self.owner))

    async def change(
        self, invitation: dict[str, Any], by: User | None = None, **change: Any
    ) -> Response:
        path = f"{self.path}/{invitation['id']}"
        return await self.client.patch(path, json=change, headers=acting_as(by or self.owner))

    async def revoke(self, invitation: dict[str, Any], by: User | None = None) -> Response:
        path = f"{self.path}/{invitation['id']}"
        return await self.client.delete(path, headers=acting_as(by or self.owner))

    async def listed(self, query: str = "", by: User | None = None) -> list[dict[str, Any]]:
        response = await self.client.get(self.path + query, headers=acting_as(by or self.owner))
        assert response.status_code == 200, response.text
        return list(response.json()["items"])

    async def state_of(self, invitation: dict[str, Any]) -> str:
        (found,) = [one for one in await self.listed() if one["id"] == invitation["id"]]
        return str(found["state"])

    async def member(self, conn: Connection, role: Role) -> User:
        return await factories.member(conn, team=self.made, role=role)


async def team_of(client: AsyncClient, conn: Connection, owner: User | None = None) -> Team:
    owner = owner or await factories.user(conn)
    made = await factories.team(conn, owner=owner, name="Birds")
    return Team(client=client, id=str(made.id), owner=owner, made=made)


async def accept(client: AsyncClient, invitation: dict[str, Any], user: User) -> Response:
    path = f"/v1/invitations/{invitation['token']}/accept"
    return await client.post(path, headers=acting_as(user))


async def decline(client: AsyncClient, invitation: dict[str, Any], user: User) -> Response:
    path = f"/v1/invitations/{invitation['token']}/decline"
    return await client.post(path, headers=acting_as(user))


async def verify(execute: Execute, user: User) -> None:
    """Let the user's email count as verified."""
    await execute("UPDATE account SET email_verified_at = now() WHERE id = %(id)s", id=user.id)
