"""`/v1/devices` and `/v1/users/me/devices`: devices for themselves, and for who is signed in."""

from fastapi import APIRouter, Response, status

from src.auth.binding import DeviceSecret
from src.auth.dependencies import CurrentUser, ProcessAuthentication
from src.auth.exceptions import DeviceOwned, InvalidToken
from src.auth.schemas import DeviceId
from src.constants import API_PREFIX
from src.database import Json
from src.dependencies import Deciding, PageRequest, ProcessSettings, Transaction
from src.devices import exceptions, pushing, schemas, service
from src.devices.constants import Push
from src.devices.dependencies import BoundAddress, CountedTest, RegisteredAddress
from src.exceptions import Invalid, Unavailable
from src.limits.exceptions import RateLimited
from src.openapi import payload_problems, private_problems, problems
from src.pagination import InvalidCursor
from src.routing import Route
from src.schemas import Page

router = APIRouter(prefix="/devices", tags=["devices"], route_class=Route)
my_router = APIRouter(prefix="/users/me/devices", tags=["devices"], route_class=Route)
my_notifications_router = APIRouter(
    prefix="/users/me/notifications", tags=["devices"], route_class=Route
)


@router.put(
    "/{device_id}",
    status_code=status.HTTP_201_CREATED,
    summary="Register a device",
    responses={
        200: {"description": "The device was known.", "model": schemas.RegisteredDevice},
        **problems(DeviceOwned, Invalid, Unavailable),
    },
)
async def register_device(
    device_id: DeviceId,
    sent: schemas.DeviceRegister,
    address: RegisteredAddress,
    secret: DeviceSecret,
    authentication: ProcessAuthentication,
    conn: Transaction,
    response: Response,
) -> schemas.RegisteredDevice:
    """Make a device known, before anybody is signed in on it; or tell what has changed there.

    The first call answers with `device_secret`: every later one sends it as `X-Device-Secret`.
    """
    device, is_new = await service.register(
        conn,
        authentication.issuer.sealer,
        device_id=device_id,
        sent=sent,
        address=address,
        secret=secret,
    )
    response.headers["Cache-Control"] = "no-store"
    if not is_new:
        response.status_code = status.HTTP_200_OK
    return device


@my_router.get("", summary="My devices", responses=payload_problems(InvalidToken, InvalidCursor))
async def list_my_devices(
    user: CurrentUser, conn: Deciding, page: PageRequest
) -> Json[Page[schemas.Device]]:
    """List the devices that the caller has signed in on, newest first."""
    return await service.list_mine(conn, user_id=user.id, page=page)


@my_router.put(
    "/{device_id}",
    status_code=status.HTTP_201_CREATED,
    summary="Bind a device",
    responses={
        200: {"description": "The device was known.", "model": schemas.BoundDevice},
        **payload_problems(InvalidToken, DeviceOwned),
    },
)
async def bind_device(
    device_id: DeviceId,
    sent: schemas.DeviceBind,
    address: BoundAddress,
    secret: DeviceSecret,
    user: CurrentUser,
    authentication: ProcessAuthentication,
    conn: Transaction,
    response: Response,
) -> schemas.BoundDevice:
    """Make a device the caller's: their pushes go there. Or change what is known of it.

    One that is known and not the caller's needs its secret, as `X-Device-Secret`. A push token that
    another device had moves here.
    """
    device, is_new = await service.bind(
        conn,
        authentication.issuer.sealer,
        device_id=device_id,
        user_id=user.id,
        sent=sent,
        address=address,
        secret=secret,
    )
    if is_new:
        response.headers["Location"] = f"{API_PREFIX}/users/me/devices/{device_id}"
    else:
        response.status_code = status.HTTP_200_OK
    return device


@my_router.delete(
    "/{device_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Remove a device",
    responses=private_problems(InvalidToken, exceptions.DeviceNotFound, Invalid),
)
async def remove_device(device_id: DeviceId, user: CurrentUser, conn: Transaction) -> None:
    """Forget a device and where pushes reach it. Its sessions go on until they are ended."""
    await service.remove(conn, device_id=device_id, user_id=user.id)


@my_notifications_router.post(
    "/test",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Send a test notification",
    responses=private_problems(InvalidToken, RateLimited),
)
async def send_test_notification(
    user: CurrentUser, _: CountedTest, settings: ProcessSettings, conn: Transaction
) -> schemas.Targets:
    """Push a greeting to the caller's active devices; says to how many it will be sent."""
    targets = await pushing.push(
        conn, user_id=user.id, kind=Push.TEST, services=pushing.reachable(settings)
    )
    return schemas.Targets(targets=targets)
