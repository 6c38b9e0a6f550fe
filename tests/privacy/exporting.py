"""Exports of one's data, as their readers fetch them."""

import io
import json
import zipfile
from typing import Any

from httpx2 import AsyncClient, Response

from src.database import Connection, Pools
from src.notifications.constants import Template
from src.privacy import tasks
from tests import factories, mail
from tests.conftest import Execute
from tests.http import acting_as
from tests.privacy.leaving import context

EXPORT = "/v1/users/me/export"


async def ask(client: AsyncClient, user: factories.User) -> Response:
    return await client.post(EXPORT, headers=acting_as(user))


async def asked(client: AsyncClient, user: factories.User) -> str:
    """The id of a new export."""
    response = await ask(client, user)
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


async def make(pools: Pools, export_id: str) -> None:
    """What the worker does."""
    await tasks.export_account(context(pools), export_id=export_id)


async def link(conn: Connection, to: str) -> str:
    return (await mail.last(conn, to=to, template=Template.ACCOUNT_EXPORT_READY)).params["link"]


def files(content: bytes) -> dict[str, Any]:
    """What is in the file; each part of it is whole."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {
            name.removesuffix(".json"): json.loads(archive.read(name))
            for name in archive.namelist()
        }


async def exported(
    client: AsyncClient, conn: Connection, pools: Pools, user: factories.User, to: str | None = None
) -> dict[str, Any]:
    """Ask, wait for the mail, fetch."""
    await make(pools, await asked(client, user))
    response = await client.get(await link(conn, to or user.email))
    assert response.status_code == 200, response.text
    return files(response.content)


async def verified(conn: Connection, execute: Execute) -> factories.User:
    """Somebody whose address is known to be theirs."""
    user = await factories.user(conn)
    await execute("UPDATE account SET email_verified_at = now() WHERE id = %(id)s", id=user.id)
    return user
