"""What leaving, and taking one's data along, needs done."""

from uuid import UUID

from procrastinate import Blueprint, JobContext

from src import logs
from src.database import Pools
from src.jobs import service as jobs_service
from src.privacy import service
from src.privacy.schemas import ExportId
from src.security import Sealer
from src.users.schemas import UserId

blueprint = Blueprint()

log = logs.get_logger("core_api.privacy")


@jobs_service.periodic(blueprint, cron="22 * * * *")
@blueprint.task(name="erase_accounts", queueing_lock="privacy.erase_accounts", pass_context=True)
async def erase_accounts(context: JobContext, timestamp: int) -> None:
    """Erase the accounts whose days are over, one by one; what refuses does not stop the others."""
    pools: Pools = context.additional_context["pools"]
    days: int = context.additional_context["deletion_grace_days"]
    while await service.say_when(pools.write.single, days=days):
        pass
    refused: list[UserId] = []
    while True:
        try:
            erased = await service.erase_next(pools, but=refused)
        except service.NotErased as exc:
            refused.append(exc.user_id)
            log.exception("account not erased", user=str(exc.user_id))
            continue
        if erased is None:
            return
        log.info("account erased", user=str(erased))


@blueprint.task(name="export_account", retry=jobs_service.Persistent(), pass_context=True)
async def export_account(context: JobContext, export_id: str) -> None:
    """Write an export, and mail the link. One that is gone by now, or ready, is let be."""
    pools: Pools = context.additional_context["pools"]
    sealer: Sealer = context.additional_context["sealer"]
    key: bytes = context.additional_context["secret_key"]
    made = await service.make(pools, sealer, key, export_id=ExportId(UUID(export_id)))
    log.info("account exported" if made else "export let be", export=export_id)


@jobs_service.periodic(blueprint, cron="32 * * * *")
@blueprint.task(name="purge_exports", queueing_lock="privacy.purge_exports", pass_context=True)
async def purge_exports(context: JobContext, timestamp: int) -> None:
    """Forget exports whose day is over."""
    pools: Pools = context.additional_context["pools"]
    while await service.purge(pools.write.single):
        pass
