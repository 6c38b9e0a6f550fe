"""Blocking mail inside async code, and a failure after the code was kept: neither happens here."""

import asyncio
import time
from contextlib import suppress

import pytest
from fastapi import FastAPI

from src import worker
from src.database import Pools
from tests import mail
from tests.conftest import MakeApp
from tests.http import client_of
from tests.invitations.inviting import team_of
from tests.notifications.sending import mailing

PATIENCE = 30.0
"""Seconds that the sender waits for a server that says nothing."""


@pytest.mark.committed
async def test_a_mail_server_that_hangs_holds_nobody_up(make_app: MakeApp, pools: Pools) -> None:
    silent = asyncio.Event()
    reached = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await silent.wait()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    app: FastAPI = make_app(mailing=mailing(port, timeout=PATIENCE))
    working = asyncio.create_task(worker.run(app.state.settings, pools))
    try:
        async with client_of(app) as client:
            team = await team_of(client, pools.write.single)
            seconds = []
            for number in range(20):
                began = time.monotonic()
                await team.invite(email=f"guest{number}@example.org")
                seconds.append(time.monotonic() - began)
                if number == 0:
                    async with asyncio.timeout(20):
                        await reached.wait()
    finally:
        working.cancel()
        silent.set()
        with suppress(asyncio.CancelledError):
            await working
        server.close()

    assert max(seconds) < PATIENCE / 3
    assert sorted(seconds)[len(seconds) // 4] < 0.1
    assert len(await mail.messages(pools.read.single)) == 20
