"""What is settled about a number before a transaction begins."""

from typing import Annotated

from fastapi import Depends

from src.auth.dependencies import CurrentUser, RequestCaller
from src.auth.phone import exceptions, numbers, schemas, service
from src.dependencies import Pools, ProcessSettings
from src.limits import service as limits_service


async def allowed_number(
    sent: schemas.PhonePut,
    user: CurrentUser,
    caller: RequestCaller,
    settings: ProcessSettings,
    pools: Pools,
) -> schemas.Number:
    """The number that was sent, if a code may be sent there now.

    Raises Invalid, PhoneNotAllowed, PhoneAlreadyVerified and RateLimited.
    """
    number = numbers.read(sent, countries=settings.phone.countries)
    own = await service.find(pools.deciding.single, user_id=user.id)
    if own is not None and own.phone == number.e164:
        raise exceptions.PhoneAlreadyVerified()
    await limits_service.demand_sms(
        pools, number=number.e164, user_id=user.id, ip=caller.ip, country=number.country
    )
    return number


AllowedNumber = Annotated[schemas.Number, Depends(allowed_number)]
