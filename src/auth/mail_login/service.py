"""Signing in by what is mailed."""

from datetime import datetime

from uuid_utils.compat import uuid7

from src.auth.links import with_token
from src.auth.mail_login.constants import Kind
from src.auth.mail_login.schemas import Flow
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import LIFETIMES, Purpose
from src.auth.onetime.exceptions import InvalidOneTimeToken
from src.auth.onetime.schemas import FlowId, OneTimeToken
from src.auth.password import service as password_service
from src.database import Connection, Transaction, sql
from src.notifications import service as notifications_service
from src.notifications.constants import Template
from src.security import Sealer
from src.users import service as users_service
from src.users.schemas import UserId


async def mail_login(conn: Transaction, sealer: Sealer, key: bytes, *, flow_id: FlowId) -> None:
    """Send the link or the code that was asked for to whose address it is, if anybody's."""
    recipient = await onetime_service.find_recipient(conn, flow_id=flow_id)
    if recipient is None:
        return
    secret = await onetime_service.renew(
        conn, key, purpose=Purpose.MAGIC_LINK, flow_id=flow_id, user_id=recipient.user_id
    )
    if secret is None:
        return
    params = {"code": secret.code}
    template = Template.LOGIN_CODE
    if recipient.detail["kind"] == Kind.LINK:
        params["link"] = with_token(recipient.detail["page"], secret.token)
        template = Template.MAGIC_LINK
    await notifications_service.send_mail(
        conn,
        sealer,
        template=template,
        to=recipient.email,
        locale=recipient.locale,
        params=params,
        user_id=recipient.user_id,
    )


@sql("SELECT now() + interval '1 second' * %(seconds)s AS expires_at")
async def _later(conn: Connection, *, seconds: float) -> datetime: ...


async def make_up(conn: Connection) -> Flow:
    """What is answered to somebody whom no mail is sent: it looks like any other."""
    lifetime = LIFETIMES[Purpose.MAGIC_LINK].total_seconds()
    return Flow(flow_id=FlowId(uuid7()), expires_at=await _later(conn, seconds=lifetime))


async def enter(conn: Transaction, sealer: Sealer, spent: OneTimeToken) -> UserId:
    """Who has come by a link or a code, which proves that the mailbox is theirs.

    If nobody had proved that before, all ways in, second factors and sessions from before are taken
    away: they may be somebody else's. Raises InvalidOneTimeToken for an account that has another
    address now.
    """
    user_id = spent.user_id
    if user_id is None:
        raise InvalidOneTimeToken()
    was_proved = await users_service.prove_email(conn, user_id=user_id, email=spent.target)
    if was_proved is None:
        raise InvalidOneTimeToken()
    if not was_proved:
        await password_service.wipe_unproven(conn, sealer, user_id=user_id)
    return user_id
