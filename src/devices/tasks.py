"""What devices need done now and then."""

from procrastinate import Blueprint, JobContext

from src.database import Pools
from src.devices import service
from src.jobs import service as jobs_service

blueprint = Blueprint()


@jobs_service.periodic(blueprint, cron="57 3 * * *")
@blueprint.task(name="purge_devices", queueing_lock="devices.purge_devices", pass_context=True)
async def purge_devices(context: JobContext, timestamp: int) -> None:
    """Forget devices that nobody signed in on and that went silent."""
    pools: Pools = context.additional_context["pools"]
    while await service.purge(pools.write.single):
        pass
