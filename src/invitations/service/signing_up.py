"""Signing up by an invitation: who does so is in the team once their address is verified.

Only one that names the address counts. A link is for whoever has it: a stranger could sign somebody
up with it, who would be in the stranger's team without a word.
"""

from uuid import UUID

from src.database import Connection, Transaction
from src.invitations import exceptions
from src.invitations.constants import State
from src.invitations.schemas import Found, InvitationId
from src.invitations.service import answering, core
from src.teams.schemas import TeamId
from src.users.schemas import UserId


class InvitedSignups:
    """What signing up makes of an invitation; `src.auth.joining` says it in full."""

    async def invited(self, conn: Connection, *, token: str, email: str) -> dict[str, str] | None:
        """What the token invites this address to; None if it does not hold for it."""
        try:
            found = await answering.find(conn, token=token)
            invitation = await core.get(conn, team_id=found.team_id, invitation_id=found.id)
        except exceptions.InvitationNotFound:
            return None
        names = invitation.email
        if invitation.state is not State.ACTIVE or names is None:
            return None
        if names.casefold() != email.casefold():
            return None
        return {"id": str(found.id), "team_id": str(found.team_id)}

    async def join(self, conn: Transaction, *, user_id: UserId, invited: dict[str, str]) -> None:
        """Accept the invitation, if it still holds; else nothing happens."""
        found = Found(
            id=InvitationId(UUID(invited["id"])), team_id=TeamId(UUID(invited["team_id"]))
        )
        try:
            async with conn.transaction():
                await answering.accept(conn, user_id=user_id, found=found)
        except (
            exceptions.InvitationNotFound,
            exceptions.InvitationForOtherEmail,
            exceptions.MaxUses,
        ):
            return
