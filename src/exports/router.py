"""`/v1/applets/{applet_id}/data.csv` and `data.ndjson`."""

from contextlib import AsyncExitStack

from fastapi import APIRouter, Depends

from src.applets import service as applets_service
from src.applets.dependencies import AppletOfRoute
from src.applets.exceptions import AppletNotFound
from src.auth.exceptions import InvalidToken
from src.dependencies import Pools
from src.exceptions import Invalid, TooManyRequests
from src.exports import service
from src.exports.dependencies import download_place
from src.exports.layout import columns
from src.openapi import private_problems
from src.routing import Route
from src.streaming import StreamedResponse, reading
from src.teams.exceptions import RoleTooLow

router = APIRouter(
    prefix="/applets/{applet_id}",
    tags=["exports"],
    dependencies=[Depends(download_place)],
    route_class=Route,
)

_PROBLEMS = private_problems(InvalidToken, AppletNotFound, RoleTooLow, Invalid, TooManyRequests)


@router.get(
    "/data.csv",
    summary="All answers as CSV",
    response_class=StreamedResponse,
    responses={
        200: {
            "description": "A line of titles, then one line a submission.",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        },
        **_PROBLEMS,
    },
)
async def get_csv(applet: AppletOfRoute, pools: Pools) -> StreamedResponse:
    """Download every submission: one line each, one column an item and a score.

    Texts that a spreadsheet would take for a formula begin with an apostrophe.
    """
    async with AsyncExitStack() as stack:
        conn = await stack.enter_async_context(reading(pools))
        layout = columns(await applets_service.list_measures(conn, applet_id=applet.id))
        chunks = service.csv_chunks(conn, applet_id=applet.id, layout=layout)
        return await StreamedResponse.begun(
            chunks, stack, media_type="text/csv; charset=utf-8", filename=f"{applet.id}.csv"
        )


@router.get(
    "/data.ndjson",
    summary="All answers as JSON lines",
    response_class=StreamedResponse,
    responses={
        200: {
            "description": "One JSON object a line, one line a submission.",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        },
        **_PROBLEMS,
    },
)
async def get_ndjson(applet: AppletOfRoute, pools: Pools) -> StreamedResponse:
    """Download every submission with its answers and scores."""
    async with AsyncExitStack() as stack:
        conn = await stack.enter_async_context(reading(pools))
        chunks = service.ndjson_chunks(conn, applet_id=applet.id)
        return await StreamedResponse.begun(
            chunks, stack, media_type="application/x-ndjson", filename=f"{applet.id}.ndjson"
        )
