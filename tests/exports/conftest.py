from collections.abc import AsyncIterator

import pytest

from src.config import Settings
from src.database import Connection, Pools, open_pools
from tests import factories


@pytest.fixture
async def pools(conn: Connection, settings: Settings, is_committed: bool) -> AsyncIterator[Pools]:
    """The test's connection as it is: a download begins inside its request and outlives it."""
    if is_committed:
        async with open_pools(settings.database) as opened:
            yield opened
    else:
        yield factories.lending(conn)
