"""The platform keeps an active admin, whoever does what at the same moment."""

import asyncio
from collections import Counter

import psycopg
import pytest
from httpx2 import AsyncClient, Response

from src.database import Connection
from tests import factories
from tests.conftest import Execute, RawConnection
from tests.http import acting_as

ADMINS = 8
ROUNDS = 4


async def act(client: AsyncClient, kind: str, who: factories.User, on: factories.User) -> Response:
    url, why = f"/v1/admin/users/{on.id}", {"reason": "going"}
    headers = acting_as(who)
    if kind == "disable":
        return await client.patch(url, json={"disabled": True, **why}, headers=headers)
    if kind == "delete":
        return await client.request("DELETE", url, json=why, headers=headers)
    return await client.put(f"{url}/roles", json={"roles": [], **why}, headers=headers)


@pytest.mark.committed
@pytest.mark.parametrize("kind", ["disable", "delete", "demote"])
async def test_of_admins_who_remove_each_other_at_once_one_stays(
    client: AsyncClient, conn: Connection, execute: Execute, kind: str
) -> None:
    for _ in range(ROUNDS):
        admins = [await factories.operator(conn) for _ in range(ADMINS)]
        # Those whom the round before has left are none any more.
        await execute(
            "DELETE FROM platform_role WHERE account_id <> ALL(%(ids)s)",
            ids=[each.id for each in admins],
        )

        answers = await asyncio.gather(
            *(act(client, kind, who, admins[place - 1]) for place, who in enumerate(admins))
        )

        left = await execute(
            "SELECT count(*) FROM platform_role JOIN account ON account.id = account_id"
            " WHERE role = 'admin' AND status = 'active'"
        )
        codes = Counter(
            answer.json()["code"] for answer in answers if not answer.is_success and answer.content
        )
        # Who was removed before they were asked after is told so; nobody meets anything else.
        assert codes.keys() <= {"last_admin", "platform_role_too_low", "invalid_token"}, codes
        assert left[0][0] == ADMINS - sum(answer.is_success for answer in answers)
        assert left[0][0] >= 1


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM platform_role WHERE account_id = %(id)s",
        "UPDATE platform_role SET role = 'support' WHERE account_id = %(id)s",
        "UPDATE account SET status = 'disabled' WHERE id = %(id)s",
        "DELETE FROM password WHERE account_id = %(id)s",
        "DELETE FROM account WHERE id = %(id)s",
    ],
)
async def test_the_database_itself_keeps_the_last_one(
    raw: RawConnection, conn: Connection, change: str
) -> None:
    one, other = await factories.operator(conn), await factories.operator(conn)

    async def run(user: factories.User) -> None:
        async with raw.transaction():
            await raw.execute(change.encode(), {"id": user.id})

    await run(one)
    if "password" in change:  # of no importance to it
        await run(other)
    else:
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            await run(other)
