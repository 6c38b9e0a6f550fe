"""What the outbox is read with."""

from typing import Annotated, cast

from fastapi import Depends, Request

from src.security import Sealer


async def process_sealer(request: Request) -> Sealer:
    return cast("Sealer", request.app.state.sealer)


ProcessSealer = Annotated[Sealer, Depends(process_sealer)]
