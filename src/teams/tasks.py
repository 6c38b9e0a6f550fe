"""What teams need done now and then."""

from procrastinate import Blueprint, JobContext

from src import logs
from src.database import Pools
from src.jobs import service as jobs_service
from src.teams import exceptions, service
from src.teams.schemas import DeletedTeam

blueprint = Blueprint()

log = logs.get_logger("core_api.teams")


@jobs_service.periodic(blueprint, cron="47 3 * * *")
@blueprint.task(name="purge_teams", queueing_lock="teams.purge_teams", pass_context=True)
async def purge_teams(context: JobContext, timestamp: int) -> None:
    """Forget teams that were deleted thirty days ago, one by one; those with applets stay."""
    pools: Pools = context.additional_context["pools"]
    conn = pools.write.single
    last: DeletedTeam | None = None
    while due := await service.list_due(conn, after=last):
        last = due[-1]
        for team in due:
            try:
                await service.purge(conn, team_id=team.id)
            except exceptions.TeamNotEmpty:
                log.info("team kept for its applets", team=str(team.id))
