"""Asking for a mail by naming an address."""

from typing import Annotated

from fastapi import Depends

from src.auth.dependencies import RequestCaller, may_write_to
from src.auth.onetime.schemas import MailRequest
from src.dependencies import Pools, ProcessSettings


async def may_send_mail(
    asked: MailRequest, caller: RequestCaller, settings: ProcessSettings, pools: Pools
) -> bool:
    """Whether a mail may go to the address, whoever has it. The answer does not tell."""
    return await may_write_to(
        asked.email, user_id=None, caller=caller, settings=settings, pools=pools
    )


MaySendMail = Annotated[bool, Depends(may_send_mail)]
