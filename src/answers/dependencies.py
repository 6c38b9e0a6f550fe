"""What taking answers needs of the process, and whose answers a caller may read."""

from typing import Annotated

from fastapi import Depends, Request

from src.answers.forms import TransactionForms
from src.applets.schemas import Applet
from src.auth.schemas import Principal
from src.teams.constants import Role
from src.users.schemas import UserId


async def request_forms(request: Request) -> TransactionForms:
    return TransactionForms(request.app.state.forms)


RequestForms = Annotated[TransactionForms, Depends(request_forms)]


def readable_respondent(applet: Applet, user: Principal) -> UserId | None:
    """Whose submissions the caller may read: admins everybody's (None), others their own."""
    return None if applet.my_role.includes(Role.ADMIN) else user.id
