"""A place for each download: a user has few, so that nobody keeps the others from theirs."""

from collections.abc import AsyncIterator
from typing import cast

from fastapi import Request

from src.auth.dependencies import CurrentUser
from src.streaming import Downloads


async def download_place(request: Request, user: CurrentUser) -> AsyncIterator[None]:
    """A place for the caller until the answer has been sent, or cannot be."""
    with cast("Downloads", request.app.state.downloads).place(user.id):
        yield
