"""`/v1/invitations`: asking people into a team, and what they say to it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from src.auth.dependencies import CurrentUser
from src.auth.exceptions import InvalidToken
from src.constants import API_PREFIX
from src.database import Json
from src.dependencies import Deciding, PageRequest, Transaction
from src.exceptions import Invalid, Unavailable
from src.invitations import exceptions, schemas, service
from src.invitations.constants import State
from src.invitations.dependencies import LinkBase, MayMailAgain, MayMailNew, Token
from src.limits.exceptions import RateLimited
from src.notifications.dependencies import ProcessSealer
from src.openapi import payload_problems, private_problems, problems
from src.pagination import InvalidCursor
from src.routing import Route
from src.schemas import Page
from src.teams import exceptions as teams_exceptions
from src.teams.dependencies import TeamOfRoute

router = APIRouter(prefix="/invitations", tags=["invitations"], route_class=Route)
team_router = APIRouter(
    prefix="/teams/{team_id}/invitations", tags=["invitations"], route_class=Route
)
my_router = APIRouter(prefix="/users/me/invitations", tags=["invitations"], route_class=Route)

_MANAGED = (InvalidToken, teams_exceptions.TeamNotFound, teams_exceptions.RoleTooLow)
_CHANGED = (
    *_MANAGED,
    exceptions.InvitationNotFound,
    teams_exceptions.RoleAboveOwn,
    exceptions.Spent,
)
_USED = (InvalidToken, exceptions.InvitationNotFound)


@team_router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Invite",
    responses=payload_problems(
        *_MANAGED,
        teams_exceptions.RoleAboveOwn,
        exceptions.AlreadyMember,
        exceptions.AlreadyInvited,
        RateLimited,
    ),
)
async def create_invitation(
    team: TeamOfRoute,
    new: schemas.InvitationCreate,
    may_mail: MayMailNew,
    user: CurrentUser,
    conn: Transaction,
    base_url: LinkBase,
    sealer: ProcessSealer,
    response: Response,
) -> schemas.LinkedInvitation:
    """Invite one address, or whoever has the link.

    The answer has the link, this once. An address is sent it too, unless it has had too many mails
    lately; a link for whoever has it is yours to pass on.
    """
    invitation = await service.create(
        conn, sealer, team=team, user_id=user.id, new=new, base_url=base_url, may_mail=may_mail
    )
    response.headers["Location"] = f"{API_PREFIX}/teams/{team.id}/invitations/{invitation.id}"
    return invitation


@team_router.get(
    "",
    summary="A team's invitations",
    responses=payload_problems(*_MANAGED, InvalidCursor),
)
async def list_invitations(
    team: TeamOfRoute,
    conn: Deciding,
    page: PageRequest,
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
) -> Json[Page[schemas.Invitation]]:
    """List the invitations of a team, newest first, without their secrets."""
    return await service.list_for_team(conn, team_id=team.id, state=state, page=page)


@team_router.patch(
    "/{invitation_id}", summary="Change an invitation", responses=payload_problems(*_CHANGED)
)
async def update_invitation(
    team: TeamOfRoute,
    invitation_id: schemas.InvitationId,
    change: schemas.InvitationUpdate,
    user: CurrentUser,
    conn: Transaction,
) -> schemas.Invitation:
    """Switch it off or on, change the role it gives, or when it expires: from now."""
    return await service.update(
        conn, team=team, user_id=user.id, invitation_id=invitation_id, change=change
    )


@team_router.post(
    "/{invitation_id}/toggle",
    summary="Switch an invitation",
    responses=private_problems(*_CHANGED, Invalid),
)
async def toggle_invitation(
    team: TeamOfRoute, invitation_id: schemas.InvitationId, user: CurrentUser, conn: Transaction
) -> schemas.Invitation:
    """Switch it off if it is on, and on if it is off."""
    return await service.toggle(conn, team=team, user_id=user.id, invitation_id=invitation_id)


@team_router.post(
    "/{invitation_id}/resend",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Make a new link",
    responses=private_problems(*_CHANGED, exceptions.ResentJustNow, RateLimited, Invalid),
)
async def resend_invitation(
    team: TeamOfRoute,
    invitation_id: schemas.InvitationId,
    may_mail: MayMailAgain,
    user: CurrentUser,
    conn: Transaction,
    base_url: LinkBase,
    sealer: ProcessSealer,
) -> schemas.LinkedInvitation:
    """Give it a new link, good for a week at least; the old one is dead. Once a minute at most.

    It is in your name from then on, and switched on. An address is sent the new link.
    """
    return await service.resend(
        conn,
        sealer,
        team=team,
        user_id=user.id,
        invitation_id=invitation_id,
        base_url=base_url,
        may_mail=may_mail,
    )


@team_router.delete(
    "/{invitation_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Revoke an invitation",
    responses=private_problems(*_MANAGED, exceptions.InvitationNotFound, Invalid),
)
async def revoke_invitation(
    team: TeamOfRoute, invitation_id: schemas.InvitationId, user: CurrentUser, conn: Transaction
) -> None:
    """End it for good. It stays in the list; who has joined by it stays in the team."""
    await service.revoke(conn, team_id=team.id, user_id=user.id, invitation_id=invitation_id)


@my_router.get(
    "", summary="My invitations", responses=payload_problems(InvalidToken, InvalidCursor)
)
async def list_my_invitations(
    user: CurrentUser, conn: Deciding, page: PageRequest
) -> Json[Page[schemas.MyInvitation]]:
    """List the invitations to your email, if it is verified, newest first."""
    return await service.list_mine(conn, user_id=user.id, page=page)


@my_router.post(
    "/{invitation_id}/accept",
    summary="Accept an invitation to my email",
    responses=private_problems(*_USED, exceptions.MaxUses, Invalid),
)
async def accept_my_invitation(
    invitation_id: schemas.InvitationId, user: CurrentUser, conn: Transaction
) -> schemas.Membership:
    """Join the team, without the link: your verified email stands for it."""
    found = await service.find_mine(conn, user_id=user.id, invitation_id=invitation_id)
    return await service.accept(conn, user_id=user.id, found=found)


@my_router.post(
    "/{invitation_id}/decline",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Decline an invitation to my email",
    responses=private_problems(*_USED, Invalid),
)
async def decline_my_invitation(
    invitation_id: schemas.InvitationId, user: CurrentUser, conn: Transaction
) -> None:
    """Say no, without the link."""
    found = await service.find_mine(conn, user_id=user.id, invitation_id=invitation_id)
    await service.decline(conn, user_id=user.id, found=found)


@router.get(
    "/{token}",
    summary="What a link invites to",
    responses=problems(exceptions.InvitationNotFound, Unavailable),
)
async def preview_invitation(
    token: Token, conn: Deciding, response: Response
) -> Json[schemas.Preview]:
    """Show what accepting would do; nothing happens, and nobody need be signed in.

    A link that is unknown and one that does not hold any more get the same answer.
    """
    response.headers["Cache-Control"] = "no-store"
    return await service.preview(conn, token=token)


@router.post(
    "/{token}/accept",
    summary="Accept an invitation",
    responses=private_problems(*_USED, exceptions.InvitationForOtherEmail, exceptions.MaxUses),
)
async def accept_invitation(
    token: Token, user: CurrentUser, conn: Transaction
) -> schemas.Membership:
    """Join the team. Again, and for somebody who is a member, it changes nothing."""
    found = await service.find(conn, token=token)
    return await service.accept(conn, user_id=user.id, found=found)


@router.post(
    "/{token}/decline",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Decline an invitation",
    responses=private_problems(*_USED, exceptions.InvitationForOtherEmail),
)
async def decline_invitation(token: Token, user: CurrentUser, conn: Transaction) -> None:
    """Say no to an invitation that names your email; a link stays open for others."""
    found = await service.find(conn, token=token)
    await service.decline(conn, user_id=user.id, found=found)
