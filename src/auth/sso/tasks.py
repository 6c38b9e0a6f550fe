"""What signing in with providers needs done now and then."""

from procrastinate import Blueprint, JobContext

from src.auth.sso import service
from src.database import Pools
from src.jobs import service as jobs_service

blueprint = Blueprint()


@jobs_service.periodic(blueprint, cron="47 3 * * *")
@blueprint.task(name="purge_nonces", queueing_lock="sso.purge_nonces", pass_context=True)
async def purge_nonces(context: JobContext, timestamp: int) -> None:
    """Forget nonces whose tokens have long been dead."""
    pools: Pools = context.additional_context["pools"]
    while await service.purge(pools.write.single):
        pass
