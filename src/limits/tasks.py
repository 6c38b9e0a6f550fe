"""What counting needs done now and then."""

from procrastinate import Blueprint, JobContext

from src.database import Pools
from src.jobs import service as jobs_service
from src.limits import service

blueprint = Blueprint()


@jobs_service.periodic(blueprint, cron="*/10 * * * *")
@blueprint.task(name="purge_limits", queueing_lock="limits.purge_limits", pass_context=True)
async def purge_limits(context: JobContext, timestamp: int) -> None:
    """Forget those who have their whole quota again."""
    pools: Pools = context.additional_context["pools"]
    while await service.purge(pools.write.single):
        pass
