"""What keeping answers needs done now and then."""

from procrastinate import Blueprint, JobContext

from src.database import Pools
from src.idempotency import service
from src.jobs import service as jobs_service

blueprint = Blueprint()


@jobs_service.periodic(blueprint, cron="7 * * * *")
@blueprint.task(
    name="purge_idempotency", queueing_lock="idempotency.purge_idempotency", pass_context=True
)
async def purge_idempotency(context: JobContext, timestamp: int) -> None:
    """Forget answers of yesterday."""
    pools: Pools = context.additional_context["pools"]
    while await service.purge(pools.write.single):
        pass
