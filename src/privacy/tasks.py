"""What leaving needs done now and then."""

from procrastinate import Blueprint, JobContext

from src import logs
from src.database import Pools
from src.jobs import service as jobs_service
from src.privacy import service
from src.users.schemas import UserId

blueprint = Blueprint()

log = logs.get_logger("core_api.privacy")


@jobs_service.periodic(blueprint, cron="22 * * * *")
@blueprint.task(name="erase_accounts", queueing_lock="privacy.erase_accounts", pass_context=True)
async def erase_accounts(context: JobContext, timestamp: int) -> None:
    """Erase the accounts whose days are over, one by one; what refuses does not stop the others."""
    pools: Pools = context.additional_context["pools"]
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
