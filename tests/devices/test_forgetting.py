"""Devices that nobody signed in on do not stay for ever."""

from httpx2 import AsyncClient

from src.database import Connection
from src.devices import service
from src.devices.constants import FORGOTTEN_DAYS
from tests import factories
from tests.conftest import Execute
from tests.devices.registering import bind, new_id, register


async def test_a_silent_device_of_nobodys_is_forgotten_and_somebodys_is_kept(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    silent, lively, owned = new_id(), new_id(), new_id()
    for device_id in (silent, lively):
        await register(client, device_id)
    await bind(client, ann, owned)
    await execute(
        "UPDATE device SET last_seen_at = now() - interval '1 day' * %(days)s - interval '1 hour'"
        " WHERE id::text = ANY(%(ids)s)",
        days=FORGOTTEN_DAYS,
        ids=[silent, owned],
    )

    assert await service.purge(conn) == 1
    assert await service.purge(conn) == 0

    left = {str(row[0]) for row in await execute("SELECT id FROM device")}
    assert left == {lively, owned}
