"""What recovering passwords needs done outside of requests."""

from uuid import UUID

from procrastinate import Blueprint, JobContext

from src.auth.onetime.schemas import FlowId
from src.auth.password import service
from src.database import Pools
from src.security import Sealer

blueprint = Blueprint()


@blueprint.task(name="mail_reset", pass_context=True)
async def mail_reset(context: JobContext, flow_id: str) -> None:
    """Send a link for a new password to whoever has asked for one, if there is an account."""
    pools: Pools = context.additional_context["pools"]
    sealer: Sealer = context.additional_context["sealer"]
    key: bytes = context.additional_context["secret_key"]
    async with pools.write.transaction() as conn:
        await service.mail_reset(conn, sealer, key, flow_id=FlowId(UUID(flow_id)))
