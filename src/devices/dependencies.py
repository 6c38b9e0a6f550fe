"""What a device sends, read before a connection is borrowed."""

from typing import Annotated

from fastapi import Depends

from src.auth.dependencies import CurrentUser
from src.dependencies import Pools, ProcessSettings
from src.devices import addresses, schemas
from src.limits import service as limits_service
from src.limits.constants import Rule


async def registered_address(
    sent: schemas.DeviceRegister, settings: ProcessSettings
) -> schemas.PushAddress | None:
    """Where pushes reach the device, if it says so. Raises Invalid."""
    return _address(sent, settings)


async def bound_address(
    sent: schemas.DeviceBind, settings: ProcessSettings
) -> schemas.PushAddress | None:
    """Where pushes reach the device, if the caller says so. Raises Invalid."""
    return _address(sent, settings)


def _address(
    sent: schemas.DeviceRegister | schemas.DeviceBind, settings: ProcessSettings
) -> schemas.PushAddress | None:
    if sent.push_token is None:
        return None
    return addresses.read(sent.push_token, type=sent.type, settings=settings)


RegisteredAddress = Annotated[schemas.PushAddress | None, Depends(registered_address)]
BoundAddress = Annotated[schemas.PushAddress | None, Depends(bound_address)]


async def counted_test(user: CurrentUser, pools: Pools) -> None:
    """Nobody tests all the time. Raises RateLimited."""
    await limits_service.demand(pools, Rule.TEST_NOTIFICATION, user.id)


CountedTest = Annotated[None, Depends(counted_test)]
