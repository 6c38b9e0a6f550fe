"""What links are made of."""

from typing import Annotated

from fastapi import Depends, Path, Request

from src.auth.dependencies import CurrentUser, RequestCaller, own_origin
from src.constants import API_PREFIX
from src.dependencies import Deciding, Pools, ProcessSettings
from src.invitations import schemas, service
from src.limits import service as limits_service
from src.teams.dependencies import TeamOfRoute

Token = Annotated[str, Path(description="The secret of the invitation, from its link.")]


async def link_base(request: Request, settings: ProcessSettings) -> str:
    """What a link begins with that is handed out: `PUBLIC_URL`, else where the request went."""
    return (settings.public_url or own_origin(request)) + API_PREFIX


LinkBase = Annotated[str, Depends(link_base)]


async def may_mail_new(
    new: schemas.InvitationCreate,
    team: TeamOfRoute,
    user: CurrentUser,
    caller: RequestCaller,
    pools: Pools,
) -> bool:
    """Whether an invitation may be mailed to the address that it names.

    Raises RateLimited for who has asked for too many mails. An address that has had too many gets
    none, which the answer does not tell: the link is in it.
    """
    return new.email is not None and await limits_service.demand_mail(
        pools, address=new.email, user_id=user.id, ip=caller.ip
    )


async def may_mail_again(
    invitation_id: schemas.InvitationId,
    team: TeamOfRoute,
    user: CurrentUser,
    caller: RequestCaller,
    conn: Deciding,
    pools: Pools,
) -> bool:
    """As `may_mail_new`, for one that there is. Raises InvitationNotFound."""
    known = await service.get(conn, team_id=team.id, invitation_id=invitation_id)
    return known.email is not None and await limits_service.demand_mail(
        pools, address=known.email, user_id=user.id, ip=caller.ip
    )


MayMailNew = Annotated[bool, Depends(may_mail_new)]
MayMailAgain = Annotated[bool, Depends(may_mail_again)]
