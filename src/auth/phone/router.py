"""`/v1/users/me/phone`: the caller's phone number, proved by a code."""

from fastapi import APIRouter, status

from src.auth.dependencies import CurrentUser, ProcessAuthentication
from src.auth.exceptions import FreshLoginRequired, InvalidToken
from src.auth.onetime.exceptions import InvalidCode
from src.auth.phone import exceptions, schemas, service
from src.auth.phone.dependencies import AllowedNumber
from src.dependencies import Deciding, ProcessSettings, Transaction
from src.limits.exceptions import RateLimited
from src.openapi import payload_problems, private_problems
from src.routing import Route

router = APIRouter(prefix="/users/me/phone", tags=["users"], route_class=Route)


@router.get(
    "",
    summary="My phone number",
    responses=private_problems(InvalidToken, exceptions.PhoneNotFound),
)
async def get_phone(user: CurrentUser, conn: Deciding) -> schemas.Phone:
    """Show the caller's verified number."""
    return await service.get(conn, user_id=user.id)


@router.put(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Verify a phone number",
    responses=payload_problems(
        InvalidToken,
        FreshLoginRequired,
        exceptions.PhoneAlreadyVerified,
        exceptions.PhoneNotAllowed,
        RateLimited,
    ),
)
async def put_phone(
    number: AllowedNumber,
    user: CurrentUser,
    authentication: ProcessAuthentication,
    settings: ProcessSettings,
    conn: Transaction,
) -> schemas.PhoneCodeSent:
    """Send a code to a number. The number that was verified before stays until that is said.

    Again sends another code, and the one before is dead.
    """
    return await service.send_code(
        conn,
        authentication.issuer.sealer,
        settings.secret_key,
        user_id=user.id,
        number=number,
    )


@router.post(
    "/verify",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Prove a phone number",
    responses=payload_problems(InvalidToken, InvalidCode, exceptions.PhoneTaken),
)
async def verify_phone(
    sent: schemas.PhoneVerify,
    user: CurrentUser,
    authentication: ProcessAuthentication,
    settings: ProcessSettings,
    conn: Transaction,
) -> None:
    """Say the code that came; five tries, and ten minutes. Saying it again changes nothing.

    A number belongs to one account: to who proves it first.
    """
    await service.verify(
        conn,
        authentication.issuer.sealer,
        settings.secret_keys,
        user_id=user.id,
        code=sent.code,
    )


@router.delete(
    "",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Remove my phone number",
    responses=private_problems(InvalidToken, FreshLoginRequired),
)
async def remove_phone(
    user: CurrentUser, authentication: ProcessAuthentication, conn: Transaction
) -> None:
    """Forget the caller's number, and a code that is on its way to one."""
    await service.remove(conn, authentication.issuer.sealer, user_id=user.id)
