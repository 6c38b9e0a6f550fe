"""A GET route that writes, three steps away: what the read rule must find."""

from typing import Annotated

from fastapi import APIRouter, Depends

from src.database import Connection, sql
from src.dependencies import Database

router = APIRouter()


@sql("DELETE FROM team WHERE false")
async def sweep(conn: Connection) -> int: ...


@sql("SELECT count(*) FROM team")
async def count_teams(conn: Connection) -> int: ...


class Sweeper:
    async def sweep_now(self, conn: Connection) -> None:
        await sweep(conn)


async def swept(conn: Database) -> int:
    await Sweeper().sweep_now(conn)
    return 0


Swept = Annotated[int, Depends(swept)]


@router.get("/count")
async def get_count(conn: Database) -> int:
    return await count_teams(conn)


@router.get("/sweep")
async def get_swept(conn: Database, swept: Swept) -> int:
    return swept + await count_teams(conn)
