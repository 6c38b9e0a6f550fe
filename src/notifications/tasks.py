"""Sending messages, and looking after those that are left."""

from uuid import UUID

from procrastinate import Blueprint, JobContext

from src import logs
from src.database import Pools
from src.jobs import service as jobs_service
from src.notifications import service
from src.notifications.client import Clients
from src.notifications.constants import SEND_TASK
from src.notifications.schemas import MessageId
from src.security import Sealer

blueprint = Blueprint()

log = logs.get_logger("core_api.notifications")


@blueprint.task(
    name=SEND_TASK.partition(":")[2], pass_context=True, retry=jobs_service.Persistent()
)
async def send(context: JobContext, message_id: str, attempt: int) -> None:
    """Make one attempt at a message."""
    pools: Pools = context.additional_context["pools"]
    sealer: Sealer = context.additional_context["sealer"]
    clients: Clients = context.additional_context["clients"]
    await service.deliver(
        pools.write.single,
        sealer,
        clients,
        message_id=MessageId(UUID(message_id)),
        attempt=attempt,
    )


@jobs_service.periodic(blueprint, cron="*/10 * * * *")
@blueprint.task(name="queue_lost", queueing_lock="notifications.queue_lost", pass_context=True)
async def queue_lost(context: JobContext, timestamp: int) -> None:
    """Take up messages whose job is gone, whatever became of it."""
    pools: Pools = context.additional_context["pools"]
    if found := await service.queue_lost(pools.write.single):
        log.warning("messages queued again", messages=found)


@jobs_service.periodic(blueprint, cron="57 3 * * *")
@blueprint.task(
    name="purge_messages", queueing_lock="notifications.purge_messages", pass_context=True
)
async def purge_messages(context: JobContext, timestamp: int) -> None:
    """Forget messages that were sent or given up long ago."""
    pools: Pools = context.additional_context["pools"]
    while await service.purge(pools.write.single):
        pass
