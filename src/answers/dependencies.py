"""What taking answers needs of the process."""

from typing import Annotated, cast

from fastapi import Depends, Request

from src.answers.forms import FormCache
from src.applets.schemas import Applet
from src.auth.schemas import Principal
from src.teams.constants import Role
from src.users.schemas import UserId


async def request_forms(request: Request) -> FormCache:
    return cast("FormCache", request.app.state.forms)


ProcessForms = Annotated[FormCache, Depends(request_forms)]


def readable_respondent(applet: Applet, user: Principal) -> UserId | None:
    """Whose submissions the caller may read: admins everybody's (None), others their own."""
    return None if applet.my_role.includes(Role.ADMIN) else user.id
