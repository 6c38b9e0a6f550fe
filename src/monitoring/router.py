"""`/health`, `/metrics` and `/v1/ping`."""

import asyncio
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from src.auth.dependencies import ProcessAuthentication
from src.dependencies import Pools
from src.exceptions import Unavailable
from src.metrics import Metrics
from src.monitoring import exceptions, schemas, service
from src.notifications import service as notifications_service
from src.openapi import problems
from src.routing import Route

router = APIRouter(tags=["monitoring"], route_class=Route)
ping_router = APIRouter(tags=["monitoring"], route_class=Route)

_PATIENCE = 0.5
"""Seconds in which a ready database answers."""


async def request_metrics(request: Request) -> Metrics:
    return cast("Metrics", request.app.state.metrics)


async def outdated_revisions(request: Request) -> frozenset[str]:
    return cast("frozenset[str]", request.app.state.outdated_revisions)


@ping_router.get("/ping", summary="Ping")
async def ping() -> schemas.Ping:
    """Answers `pong!`, without touching the database."""
    return schemas.Ping(status="success", message="pong!")


@router.get("/health/live", summary="Liveness")
async def get_liveness() -> schemas.Liveness:
    """Whether the process runs. It does not look at the database."""
    return schemas.Liveness(status="live")


@router.get("/health/ready", summary="Readiness", responses=problems(exceptions.NotReady))
async def get_readiness(
    pools: Pools,
    outdated: Annotated[frozenset[str], Depends(outdated_revisions)],
    authentication: ProcessAuthentication,
) -> schemas.Readiness:
    """Whether the database answers within half a second and has this release's schema.

    A newer schema will do: each migration suits the release before it, which still runs.
    """
    try:
        async with asyncio.timeout(_PATIENCE), pools.deciding.connection() as conn:
            revision = await service.find_revision(conn)
    except TimeoutError as exc:
        raise exceptions.NotReady() from exc
    if revision is None or revision in outdated:
        raise exceptions.NotReady()
    try:
        await authentication.issuer.keys.ensure(pools)
        authentication.issuer.keys.signing_key()
    except Unavailable as exc:
        raise exceptions.NotReady() from exc
    return schemas.Readiness(status="ready", revision=revision)


@router.get("/metrics", summary="Metrics", response_class=Response)
async def get_metrics(
    metrics: Annotated[Metrics, Depends(request_metrics)], pools: Pools
) -> Response:
    """Counters of this process, as Prometheus reads them. Keep it from the public network.

    Messages that wait or were given up are counted in the database, for all processes; without it
    the rest is told.
    """
    try:
        async with asyncio.timeout(_PATIENCE), pools.deciding.connection() as conn:
            backlog = await notifications_service.count_unsent(conn)
    except (TimeoutError, Unavailable):
        gauges: dict[str, float] = {}
    else:
        gauges = {
            "messages_queued": float(backlog.queued),
            "messages_oldest_queued_seconds": backlog.oldest_seconds,
            "messages_dead": float(backlog.dead),
        }
    return Response(metrics.text(gauges), media_type=CONTENT_TYPE_LATEST)
