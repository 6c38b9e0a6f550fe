"""`/v1/applets/{applet_id}/statistics`."""

from fastapi import APIRouter, Depends

from src.applets.dependencies import AppletOfRoute
from src.applets.exceptions import AppletNotFound
from src.auth.exceptions import InvalidToken
from src.dependencies import Pools
from src.exceptions import Invalid, TooManyRequests
from src.exports.dependencies import download_place
from src.openapi import private_problems
from src.routing import Route
from src.statistics import schemas, service
from src.streaming import reading
from src.teams.exceptions import RoleTooLow

router = APIRouter(prefix="/applets/{applet_id}/statistics", tags=["statistics"], route_class=Route)


@router.get(
    "",
    summary="Statistics",
    responses=private_problems(InvalidToken, AppletNotFound, RoleTooLow, Invalid, TooManyRequests),
    dependencies=[Depends(download_place)],
)
async def get_statistics(applet: AppletOfRoute, pools: Pools) -> schemas.Statistics:
    """Describe all answers: distribution, mean and deviation of items, scores with alpha."""
    async with reading(pools) as conn:
        return await service.get(conn, applet_id=applet.id)
