"""The only door to PostgreSQL, and the only importer of psycopg.

A statement is a module-level stub under `@sql`. Its text is the SQL, its keyword-only parameters
are the statement's parameters, and its return annotation says which row comes back and how many:

    @sql("SELECT id, name FROM team WHERE id = %(team_id)s", missing=TeamNotFound)
    async def get(conn: Connection, *, team_id: TeamId) -> Team: ...

    -> Row           exactly one row, else `missing`       -> int   rows affected
    -> Row | None    at most one row                       -> None  no result
    -> list[Row]     any number
    -> AsyncIterator[Row]   any number through a server-side cursor, at constant memory;
                            the stub is a plain `def`, the caller holds a transaction

A column of type `Json[T]` is JSON of the shape T that the statement has built: it is not read here,
and may go to the caller as it is.

Three statements have a form of their own:

    COPY (SELECT ...) TO STDOUT    a plain `def`    -> AsyncIterator[bytes]
    COPY table (columns) FROM STDIN    `*, rows: Iterable[Row]` alone    -> int
    LISTEN channel                 a plain `def`    -> AsyncIterator[Notification]

`constraints` names what PostgreSQL may refuse and the exception that says so to the caller.
A line that ends in `-- if name` is sent only when that parameter is not None, and one that ends in
`-- if name = value` only when it has that value: every text that can be sent is known at import.
"""

from src.database.built import Json
from src.database.connection import Connection, Notification, Transaction, closing, transaction
from src.database.conninfo import conninfo, conninfo_url
from src.database.pools import Pool, Pools, open_pools
from src.database.statement import NoRow, Statement, sql, statements

__all__ = [
    "Connection",
    "Json",
    "NoRow",
    "Notification",
    "Pool",
    "Pools",
    "Statement",
    "Transaction",
    "closing",
    "conninfo",
    "conninfo_url",
    "open_pools",
    "sql",
    "statements",
    "transaction",
]
