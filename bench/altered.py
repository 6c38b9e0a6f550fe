"""The service with routes beside its own: `python -m bench.altered serve` takes what `src` takes.

`BENCH_ROUTES` is how many there are that nobody calls, declared before all others; and one,
`GET /bench/slow`, has a statement that takes a second.
"""

import os
from typing import Any

from fastapi import APIRouter, FastAPI

from src import main as product
from src.__main__ import cli
from src.database import Connection, sql
from src.dependencies import Database
from src.routing import JsonRoute

SLOW_PATH = "/bench/slow"
ROUTES_SETTING = "BENCH_ROUTES"


@sql("SELECT 1 FROM (SELECT pg_sleep(1)) AS slept")
async def _sleep(conn: Connection) -> int: ...


async def slow(conn: Database) -> int:
    return await _sleep(conn)


def _add_routes(app: FastAPI) -> None:
    router = APIRouter(prefix="/v1", route_class=JsonRoute)
    for number in range(int(os.environ.get(ROUTES_SETTING, "0"))):
        # Half of them look like the ones that are measured, until their last segment.
        prefix = "/users" if number % 2 else "/teams/{team_id}"
        router.add_api_route(f"{prefix}/idle{number}", slow, methods=["GET"], name=f"idle{number}")
    before = len(app.router.routes)
    app.include_router(router)
    app.add_api_route(SLOW_PATH, slow, methods=["GET"])
    added = app.router.routes[before:]
    app.router.routes[:] = [*added, *app.router.routes[:before]]


def _create_app(*given: Any, **named: Any) -> FastAPI:
    app = _made(*given, **named)
    _add_routes(app)
    return app


if __name__ == "__main__":
    _made = product.create_app
    vars(product)["create_app"] = _create_app
    cli()
