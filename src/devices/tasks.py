"""What devices need done: pushes, and tidying up."""

from uuid import UUID

from procrastinate import BaseRetryStrategy, Blueprint, JobContext, RetryDecision
from procrastinate.jobs import Job
from typing_extensions import override

from src import logs
from src.auth.schemas import DeviceId
from src.database import Pools
from src.devices import pushing, service
from src.devices.client import DeadAddressError, NotNowError, PushClient
from src.devices.constants import Push
from src.jobs import service as jobs_service
from src.security import Sealer, Unsealable
from src.users.schemas import UserId

blueprint = Blueprint()

log = logs.get_logger("core_api.devices")

_ATTEMPTS = 6
_LONGEST_SECONDS = 3_600


class BackOff(BaseRetryStrategy):
    """Ask again when the push service says, else after 4 s, 16 s, 64 s and so on."""

    @override
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if not isinstance(exception, NotNowError) or job.attempts + 1 >= _ATTEMPTS:
            return None
        wait = exception.seconds or 4.0 ** (job.attempts + 1)
        return RetryDecision(retry_in={"seconds": int(min(wait, _LONGEST_SECONDS))})


@blueprint.task(name="push", retry=BackOff(), pass_context=True)
async def push(context: JobContext, device_id: str, user_id: str, kind: str) -> None:
    """Send a push to a device, if its user is still there. A token that is dead is forgotten."""
    pools: Pools = context.additional_context["pools"]
    sealer: Sealer = context.additional_context["sealer"]
    client: PushClient = context.additional_context["push"]
    device = DeviceId(UUID(device_id))
    target = await pushing.find_target(
        pools.deciding.single, device_id=device, user_id=UserId(UUID(user_id))
    )
    if target is None:
        return
    title, body = pushing.words(Push(kind), target.locale)
    try:
        token = sealer.unseal(target.token, place=service.place(device)).decode()
        await client.send(target.service, token, title=title, body=body, kind=kind)
    except (DeadAddressError, Unsealable) as exc:
        log.info("push token dropped", device=device_id, reason=type(exc).__name__)
        await pushing.drop_target(pools.write.single, token_hash=target.token_hash)


@jobs_service.periodic(blueprint, cron="57 3 * * *")
@blueprint.task(name="purge_devices", queueing_lock="devices.purge_devices", pass_context=True)
async def purge_devices(context: JobContext, timestamp: int) -> None:
    """Forget devices that nobody signed in on and that went silent."""
    pools: Pools = context.additional_context["pools"]
    while await service.purge(pools.write.single):
        pass
