"""The pool, and who calls."""

from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from bench.peers import shared, statements

Scope = dict[str, Any]
pool = AsyncConnectionPool(
    shared.DATABASE_URL,
    max_size=shared.POOL_SIZE,
    kwargs={"row_factory": dict_row, "autocommit": True},
    open=False,
)


class Refused(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


async def one(conn: AsyncConnection[DictRow], statement: Any, *values: object) -> Any:
    return await (await conn.execute(statement, values, prepare=True)).fetchone()


async def caller(conn: AsyncConnection[DictRow], scope: Scope) -> Any:
    token = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    row = await one(conn, statements.CALLER, shared.session_of(token[7:].decode()))
    if row is None:
        raise Refused(401)
    return row
