"""`/v1/local/outbox`: what would have been sent. It exists in `local` and `test` only."""

from fastapi import APIRouter

from src.dependencies import Database, PageRequest, ProcessSettings
from src.exceptions import Invalid, Unavailable
from src.notifications import service
from src.notifications.dependencies import ProcessSealer
from src.notifications.schemas import OutboxMessage
from src.openapi import problems
from src.pagination import InvalidCursor
from src.routing import Route
from src.schemas import Page

local_router = APIRouter(prefix="/local", tags=["local"], route_class=Route)


@local_router.get(
    "/outbox", summary="The outbox", responses=problems(Invalid, InvalidCursor, Unavailable)
)
async def list_outbox(
    conn: Database, sealer: ProcessSealer, settings: ProcessSettings, page: PageRequest
) -> Page[OutboxMessage]:
    """Mails and SMS as their readers would see them, newest first, with their links and codes.

    It is there where no mail has to be set up, in `local` and `test`; nowhere else. A message that
    has gone out for real has nothing left to show.
    """
    return await service.list_outbox(
        conn, sealer, page=page, service=settings.mailing.mail.from_name
    )
