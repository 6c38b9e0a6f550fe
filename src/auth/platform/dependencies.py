"""Whether the caller of a route operates the platform."""

from typing import Annotated

from fastapi import Depends, Request

from src.auth.dependencies import CurrentUser
from src.auth.exceptions import InvalidToken
from src.auth.platform import exceptions, schemas, service
from src.dependencies import Deciding, ProcessSettings
from src.permissions import PlatformRole, enforces
from src.routing import permission_of

_MINUTE_SECONDS, _HOUR_SECONDS = 60, 3600

OPERATOR_PROBLEMS = (
    InvalidToken,
    exceptions.PlatformRoleTooLow,
    exceptions.SecondFactorRequired,
    exceptions.OperatorSessionExpired,
)
"""What a route that asks for `CurrentOperator` may answer."""


@enforces(is_platform=True)
async def current_operator(
    request: Request, user: CurrentUser, conn: Deciding, settings: ProcessSettings
) -> schemas.Operator:
    """The caller, with the platform role that the route demands, as the database says now.

    Raises PlatformRoleTooLow first: who has no role need not hear of second factors.
    """
    limits = settings.authentication.operator_session
    standing = await service.find_standing(
        conn,
        session_id=user.session_id,
        idle_seconds=limits.idle_minutes * _MINUTE_SECONDS,
        absolute_seconds=limits.absolute_hours * _HOUR_SECONDS,
    )
    demanded = permission_of(request).platform_role
    if standing is None or not standing.roles:
        raise exceptions.PlatformRoleTooLow()
    operator = schemas.Operator(id=user.id, roles=[PlatformRole(each) for each in standing.roles])
    if demanded is not None and not operator.has(demanded):
        raise exceptions.PlatformRoleTooLow()
    if settings.admins_need_mfa and not standing.has_second_factor:
        raise exceptions.SecondFactorRequired()
    if not standing.is_recent:
        raise exceptions.OperatorSessionExpired()
    return operator


CurrentOperator = Annotated[schemas.Operator, Depends(current_operator)]
