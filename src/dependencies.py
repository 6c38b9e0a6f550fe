"""What any router may ask for."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Query, Request

from src import database, pagination
from src.config import Settings
from src.constants import PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, SAFE_METHODS
from src.routing import at_once


def current_settings(request: Request) -> Settings:
    settings: Settings = request.scope["app"].state.settings
    return settings


def current_pools(request: Request) -> database.Pools:
    pools: database.Pools = request.scope["app"].state.pools
    return pools


request_pools = at_once(current_pools)
request_settings = at_once(current_settings)


@at_once
def request_connection(request: Request) -> database.Connection:
    """For statements that stand alone: nothing is borrowed.

    GET and HEAD read on sessions that PostgreSQL itself keeps from writing.
    """
    pools = current_pools(request)
    is_reading = request.scope["method"] in SAFE_METHODS
    return pools.read.single if is_reading else pools.write.single


async def request_transaction(request: Request) -> AsyncIterator[database.Transaction]:
    """For statements that are kept or lost together; it ends before the answer is sent."""
    pools = current_pools(request)
    pool = pools.read if request.method in SAFE_METHODS else pools.write
    async with pool.transaction() as conn:
        yield conn


@at_once
def deciding_connection(request: Request) -> database.Connection:
    """For reads that decide on access: on the primary, even where a replica serves the others."""
    return current_pools(request).deciding.single


Pools = Annotated[database.Pools, Depends(request_pools)]
ProcessSettings = Annotated[Settings, Depends(request_settings)]
Database = Annotated[database.Connection, Depends(request_connection)]
Transaction = Annotated[database.Transaction, Depends(request_transaction, scope="function")]
Deciding = Annotated[database.Connection, Depends(deciding_connection)]


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
