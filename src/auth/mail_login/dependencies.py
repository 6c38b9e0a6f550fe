"""What signing in by mail takes before a transaction begins."""

from typing import Annotated

from fastapi import Depends

from src.auth.dependencies import RequestCaller
from src.auth.mail_login.exceptions import MethodDisabled
from src.dependencies import Pools, ProcessSettings
from src.limits import service as limits_service
from src.limits.constants import Rule


async def enabled_method(settings: ProcessSettings) -> None:
    """Raises MethodDisabled where people may not sign in by mail."""
    if not settings.authentication.mail_login:
        raise MethodDisabled()


Enabled = Annotated[None, Depends(enabled_method)]


async def counted_try(_: Enabled, caller: RequestCaller, pools: Pools) -> None:
    """Raises RateLimited for who tries too often."""
    await limits_service.demand(pools, Rule.LOGIN_IP, caller.ip)


Counted = Annotated[None, Depends(counted_try)]
