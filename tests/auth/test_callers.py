"""Requests that arrive together have their sessions read together."""

import asyncio
from collections.abc import Mapping
from typing import Any, LiteralString

import pytest
from httpx2 import AsyncClient
from typing_extensions import override

from src.auth.callers import Callers
from src.auth.schemas import SessionId
from src.database import Connection, Statement
from src.database.connection import Fetched, PooledConnection
from src.exceptions import Unavailable
from tests import factories
from tests.conftest import Execute, RawConnection
from tests.http import acting_as, problem

END = "UPDATE session SET revoked_at = now(), revoke_reason = 'logout' WHERE id = %(id)s"


class Counted(PooledConnection):
    """A connection that counts the statements that it runs, and may be away."""

    count = 0
    is_away = False

    @override
    async def fetch(
        self, statement: Statement, text: LiteralString, params: Mapping[str, Any]
    ) -> Fetched:
        self.count += 1
        if self.is_away:
            raise Unavailable()
        return await super().fetch(statement, text, params)


async def session_of(execute: Execute, user: factories.User) -> SessionId:
    ((session_id,),) = await execute("SELECT id FROM session WHERE account_id = %(id)s", id=user.id)
    return SessionId(session_id)


async def test_who_asks_together_shares_a_statement_and_gets_their_own_answer(
    conn: Connection, raw: RawConnection, execute: Execute
) -> None:
    users = [await factories.user(conn) for _ in range(3)]
    ids = [await session_of(execute, user) for user in users]
    await execute(END, id=ids[1])
    counted, callers = Counted(raw, deadline=10), Callers()

    found = await asyncio.gather(*(callers.principal_of(counted, one) for one in (*ids, *ids)))

    assert [one and one.id for one in found] == [users[0].id, None, users[2].id] * 2
    assert counted.count == 1


async def test_who_asks_later_is_told_what_holds_then(
    conn: Connection, raw: RawConnection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    session_id = await session_of(execute, ann)
    counted, callers = Counted(raw, deadline=10), Callers()

    first = await callers.principal_of(counted, session_id)
    await execute(END, id=session_id)

    assert first is not None
    assert await callers.principal_of(counted, session_id) is None
    assert counted.count == 2


async def test_a_reading_that_fails_fails_all_who_wait_and_nobody_after(
    conn: Connection, raw: RawConnection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    session_id = await session_of(execute, ann)
    counted, callers = Counted(raw, deadline=10), Callers()
    counted.is_away = True

    outcomes = await asyncio.gather(
        *(callers.principal_of(counted, session_id) for _ in range(3)), return_exceptions=True
    )
    counted.is_away = False

    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
    assert await callers.principal_of(counted, session_id) is not None


async def test_one_who_leaves_takes_nobody_along(
    conn: Connection, raw: RawConnection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    session_id = await session_of(execute, ann)
    counted, callers = Counted(raw, deadline=10), Callers()
    leaving, staying = (
        asyncio.ensure_future(callers.principal_of(counted, session_id)) for _ in range(2)
    )
    await asyncio.sleep(0)

    leaving.cancel()

    assert (found := await staying) is not None
    assert found.id == ann.id


@pytest.mark.committed
async def test_an_ended_session_is_refused_among_many_that_are_not(
    client: AsyncClient, conn: Connection
) -> None:
    users = [await factories.user(conn) for _ in range(20)]
    ended = users[7]
    assert (await client.post("/v1/auth/logout", headers=acting_as(ended))).status_code == 204

    responses = await asyncio.gather(
        *(client.get("/v1/users/me", headers=acting_as(user)) for user in users)
    )

    for user, response in zip(users, responses, strict=True):
        if user is ended:
            problem(response, 401, "invalid_token")
        else:
            assert response.json()["id"] == str(user.id)
