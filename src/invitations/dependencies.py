"""What links are made of."""

from typing import Annotated

from fastapi import Depends, Path, Request

from src.auth.dependencies import own_origin
from src.constants import API_PREFIX
from src.dependencies import ProcessSettings

Token = Annotated[str, Path(description="The secret of the invitation, from its link.")]


async def link_base(request: Request, settings: ProcessSettings) -> str:
    """What a link begins with that is handed out: `PUBLIC_URL`, else where the request went."""
    return (settings.public_url or own_origin(request)) + API_PREFIX


LinkBase = Annotated[str, Depends(link_base)]
