"""What signing in needs done now and then."""

from procrastinate import Blueprint, JobContext

from src.auth import keys, service
from src.auth.captcha import service as captcha_service
from src.auth.lockout import service as lockout_service
from src.auth.onetime import service as onetime_service
from src.database import Pools
from src.jobs import service as jobs_service
from src.security import Sealer

blueprint = Blueprint()

_ROTATION_DAYS = 90
_DAY_SECONDS = 86_400


@jobs_service.periodic(blueprint, cron="17 3 * * *")
@blueprint.task(name="purge_sessions", queueing_lock="auth.purge_sessions", pass_context=True)
async def purge_sessions(context: JobContext, timestamp: int) -> None:
    """Forget sessions that ended long ago."""
    pools: Pools = context.additional_context["pools"]
    while True:
        async with pools.write.transaction() as conn:
            if await service.purge_sessions(conn) == 0:
                return


@jobs_service.periodic(blueprint, cron="27 3 * * *")
@blueprint.task(
    name="purge_one_time_tokens", queueing_lock="auth.purge_one_time_tokens", pass_context=True
)
async def purge_one_time_tokens(context: JobContext, timestamp: int) -> None:
    """Forget secrets of one use that expired long ago."""
    pools: Pools = context.additional_context["pools"]
    while await onetime_service.purge(pools.write.single):
        pass


@jobs_service.periodic(blueprint, cron="47 3 * * *")
@blueprint.task(
    name="purge_login_attempts", queueing_lock="auth.purge_login_attempts", pass_context=True
)
async def purge_login_attempts(context: JobContext, timestamp: int) -> None:
    """Forget attempts at passwords of long ago."""
    pools: Pools = context.additional_context["pools"]
    in_a_row = pools.counting.rates.login_failures_in_a_row
    while await lockout_service.purge(pools.write.single, in_a_row=in_a_row):
        pass
    await captcha_service.purge(pools.write.single)


@jobs_service.periodic(blueprint, cron="37 * * * *")
@blueprint.task(
    name="rotate_signing_keys", queueing_lock="auth.rotate_signing_keys", pass_context=True
)
async def rotate_signing_keys(context: JobContext, timestamp: int) -> None:
    """Announce the next signing key after 90 days, and sign with it a day later."""
    pools: Pools = context.additional_context["pools"]
    sealer: Sealer = context.additional_context["sealer"]
    new = keys.make_key(sealer)
    async with pools.write.transaction() as conn:
        if await service.retire_signing_key(conn, published_seconds=_DAY_SECONDS):
            await service.activate_signing_key(conn, published_seconds=_DAY_SECONDS)
        await service.announce_signing_key(
            conn,
            kid=new.kid,
            public_jwk=new.public_jwk,
            private_key=new.private_key,
            days=_ROTATION_DAYS,
        )
