"""Who may have their data gathered, and who may fetch it."""

from typing import Annotated

from fastapi import Depends, Query

from src.auth.dependencies import CurrentUser
from src.auth.exceptions import EmailNotVerified
from src.auth.onetime.schemas import SentToken
from src.dependencies import Deciding, Pools
from src.limits import service as limits_service
from src.limits.constants import Rule
from src.privacy import service
from src.privacy.schemas import ExportFile


async def exporting(user: CurrentUser, pools: Pools) -> None:
    """The link goes to the account's address, which has to be proved to be theirs.

    Raises EmailNotVerified and RateLimited.
    """
    if not user.is_verified:
        raise EmailNotVerified()
    await limits_service.demand(pools, Rule.EXPORT_ACCOUNT, user.id)


MayExport = Annotated[None, Depends(exporting)]


async def file_of_link(token: Annotated[SentToken, Query()], conn: Deciding) -> ExportFile:
    """The file that the link is for. Raises InvalidOneTimeToken and ExpiredToken."""
    return await service.find_file(conn, token=token)


FileOfLink = Annotated[ExportFile, Depends(file_of_link)]
