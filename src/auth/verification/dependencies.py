"""Whose address is to be verified."""

from typing import Annotated

from fastapi import Depends, Request

from src.auth import exceptions
from src.auth.dependencies import (
    ProcessAuthentication,
    RequestCaller,
    claims_of,
    may_write_to,
    sent_token,
)
from src.auth.verification.schemas import VerificationRequest
from src.dependencies import Pools, ProcessSettings
from src.exceptions import Unauthenticated
from src.users import service as users_service
from src.users.schemas import KnownUser


async def named(
    request: Request,
    settings: ProcessSettings,
    authentication: ProcessAuthentication,
    pools: Pools,
    body: VerificationRequest | None = None,
) -> KnownUser | None:
    """Who has the named address, or else who calls. None for an address that nobody has."""
    conn = pools.deciding.single
    if body is not None and body.email is not None:
        return await users_service.find_by_email(conn, email=body.email)
    sent = sent_token(request, settings)
    if sent is None:
        raise Unauthenticated()
    claims = await claims_of(sent, request, settings, authentication, pools)
    principal = await authentication.callers.principal_of(conn, claims.session_id)
    if principal is None or principal.id != claims.user_id:
        raise exceptions.InvalidToken()
    return await users_service.find(conn, user_id=principal.id)


async def addressee(
    user: Annotated[KnownUser | None, Depends(named)],
    caller: RequestCaller,
    settings: ProcessSettings,
    pools: Pools,
    body: VerificationRequest | None = None,
) -> KnownUser | None:
    """Who is written to: None where nobody waits for it, or nothing may be sent."""
    address = body.email if body is not None and body.email is not None else None
    if address is None:
        address = user.email if user is not None else ""
    may_write = await may_write_to(
        address, user_id=None, caller=caller, settings=settings, pools=pools
    )
    return user if user is not None and may_write and not user.is_verified else None


Addressee = Annotated[KnownUser | None, Depends(addressee)]
