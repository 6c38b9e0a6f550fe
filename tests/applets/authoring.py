"""Drafts and versions over HTTP."""

import json
from collections.abc import Mapping
from typing import Any

from httpx2 import AsyncClient, Response

from tests import factories
from tests.http import acting_as

Json = dict[str, Any]


async def create(client: AsyncClient, user: factories.User, team_id: object, name: object) -> str:
    """Make an applet, and return its URL."""
    response = await client.post(
        f"/v1/teams/{team_id}/applets", json={"name": name}, headers=acting_as(user)
    )
    assert response.status_code == 201, response.text
    return str(response.headers["location"])


async def save(
    client: AsyncClient,
    user: factories.User,
    url: str,
    tree: object,
    *,
    if_match: str | None = "*",
) -> Response:
    """Replace the draft by whatever JSON can say."""
    headers = {**acting_as(user), "Content-Type": "application/json"}
    if if_match is not None:
        headers["If-Match"] = if_match
    return await client.put(f"{url}/draft", content=json.dumps(tree), headers=headers)


async def publish(client: AsyncClient, user: factories.User, url: str, **body: object) -> Response:
    return await client.post(f"{url}/versions", json=body, headers=acting_as(user))


async def content(
    client: AsyncClient,
    user: factories.User,
    url: str,
    *,
    version: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    return await client.get(
        f"{url}/content",
        params={} if version is None else {"version": version},
        headers={**acting_as(user), **(headers or {})},
    )


class Author:
    """An editor at work on one applet, for whom every step must succeed."""

    def __init__(self, client: AsyncClient, user: factories.User, url: str) -> None:
        self.client = client
        self.user = user
        self.url = url

    async def save(self, tree: object) -> Json:
        response = await save(self.client, self.user, self.url, tree)
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def publish(self, tree: object | None = None) -> Json:
        """Publish the draft, after replacing it by a tree if one is given."""
        if tree is not None:
            await self.save(tree)
        response = await publish(self.client, self.user, self.url)
        assert response.status_code == 201, response.text
        return dict(response.json())

    async def content(self, version: str | None = None) -> Json:
        response = await content(self.client, self.user, self.url, version=version)
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def draft(self) -> Json:
        response = await self.client.get(f"{self.url}/draft", headers=acting_as(self.user))
        assert response.status_code == 200, response.text
        return dict(response.json())
