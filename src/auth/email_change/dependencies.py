"""Who changes their email, and whose the new one is."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from src.auth.dependencies import CurrentUser, RequestCaller, may_write_to
from src.auth.email_change.schemas import EmailChange
from src.dependencies import Pools, ProcessSettings
from src.users import service as users_service
from src.users.exceptions import EmailTaken
from src.users.schemas import KnownUser


@dataclass(frozen=True, slots=True)
class ProposedChange:
    user: KnownUser
    email: str
    owner: KnownUser | None
    may_write: bool


async def proposed_change(
    change: EmailChange,
    user: CurrentUser,
    caller: RequestCaller,
    settings: ProcessSettings,
    pools: Pools,
) -> ProposedChange:
    """Only a service that is open tells of another account. Raises EmailTaken."""
    conn = pools.deciding.single
    known = await users_service.find(conn, user_id=user.id)
    owner = await users_service.find_by_email(conn, email=change.email)
    if owner is not None and owner.id != user.id and settings.signup_is_open:
        raise EmailTaken()
    may_write = await may_write_to(
        change.email, user_id=user.id, caller=caller, settings=settings, pools=pools
    )
    return ProposedChange(known, change.email, owner, may_write)


Proposed = Annotated[ProposedChange, Depends(proposed_change)]
