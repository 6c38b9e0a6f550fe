"""What any router may ask for."""

from collections.abc import AsyncIterator
from typing import Annotated, cast

from fastapi import Depends, Query, Request

from src import database, pagination
from src.config import Settings
from src.constants import PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, SAFE_METHODS


def current_settings(request: Request) -> Settings:
    return cast("Settings", request.app.state.settings)


def current_pools(request: Request) -> database.Pools:
    return cast("database.Pools", request.app.state.pools)


async def request_pools(request: Request) -> database.Pools:
    return current_pools(request)


async def request_settings(request: Request) -> Settings:
    return current_settings(request)


async def request_connection(request: Request) -> AsyncIterator[database.Connection]:
    """One connection for the request.

    GET and HEAD read in autocommit, on a session that PostgreSQL keeps from writing. Every other
    method has one transaction, which ends before the answer is sent.
    """
    pools = current_pools(request)
    if request.method in SAFE_METHODS:
        async with pools.read.connection() as conn:
            yield conn
    else:
        async with pools.write.connection() as conn, database.transaction(conn):
            yield conn


Pools = Annotated[database.Pools, Depends(request_pools)]
ProcessSettings = Annotated[Settings, Depends(request_settings)]
Database = Annotated[database.Connection, Depends(request_connection, scope="function")]


async def deciding_connection(
    request: Request, conn: Database
) -> AsyncIterator[database.Connection]:
    """The connection for reads that decide on access: the primary, even where a replica reads."""
    pools = current_pools(request)
    if request.method in SAFE_METHODS and pools.deciding is not pools.read:
        async with pools.deciding.connection() as primary:
            yield primary
    else:
        yield conn


Deciding = Annotated[database.Connection, Depends(deciding_connection, scope="function")]


async def page_request(
    limit: Annotated[
        int, Query(ge=1, le=PAGE_LIMIT_MAX, description="Items of a page.")
    ] = PAGE_LIMIT_DEFAULT,
    cursor: Annotated[
        str | None, Query(max_length=500, description="`next_cursor` of the page before.")
    ] = None,
) -> pagination.PageRequest:
    return pagination.PageRequest(limit=limit, cursor=cursor)


PageRequest = Annotated[pagination.PageRequest, Depends(page_request)]
