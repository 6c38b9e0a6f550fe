"""Mails about what has been done to an account: its owner may not have been the one who did it."""

from src.database import Connection
from src.notifications import service as notifications_service
from src.notifications.constants import SecurityEvent, Template
from src.security import Sealer
from src.users import service as users_service
from src.users.schemas import UserId


async def send(conn: Connection, sealer: Sealer, *, user_id: UserId, event: SecurityEvent) -> None:
    """Leave a mail that tells the account's owner; it goes with what the transaction does."""
    user = await users_service.get(conn, user_id=user_id)
    await notifications_service.send_mail(
        conn,
        sealer,
        template=Template.SECURITY_NOTICE,
        to=user.email,
        locale=user.locale,
        params={"event": event},
        user_id=user_id,
    )
