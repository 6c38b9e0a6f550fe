"""The worker as it runs: it finds what a request has left, and sends it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from src import worker
from src.config import Settings
from src.database import Pools
from src.notifications import service
from src.notifications.constants import State, Template
from tests import factories, mail
from tests.conftest import Execute, settings_for
from tests.notifications.sending import mailing
from tests.smtp import mailbox

pytestmark = pytest.mark.committed


@asynccontextmanager
async def working(settings: Settings, pools: Pools) -> AsyncIterator[None]:
    task = asyncio.create_task(worker.run(settings, pools))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(pools: Pools, state: State) -> mail.Message:
    """The one message, once it stands there."""
    async with asyncio.timeout(20):
        while True:
            found = await mail.last(pools.read.single)
            if found.state is state:
                return found
            await asyncio.sleep(0.05)


async def test_the_worker_sends_what_was_left(pools: Pools, url: str, execute: Execute) -> None:
    async with mailbox() as box, working(settings_for(url, mailing=mailing(box.port)), pools):
        async with pools.write.transaction() as conn:
            await service.send_mail(
                conn,
                factories.SEALER,
                template=Template.LOGIN_CODE,
                to="ann@example.org",
                locale="en",
                params={"code": "927461"},
            )
        await until(pools, State.SENT)

        assert box.recipients == ["ann@example.org"]
    assert (
        await execute("SELECT id FROM procrastinate_jobs WHERE task_name LIKE 'notifications:send'")
        == []
    )


async def test_the_worker_tries_again_until_it_is_taken(pools: Pools, url: str) -> None:
    async with mailbox() as box, working(settings_for(url, mailing=mailing(box.port)), pools):
        box.to_recipient = "450 4.2.1 try later"
        await service.send_mail(
            pools.write.single,
            factories.SEALER,
            template=Template.LOGIN_CODE,
            to="ann@example.org",
            locale="en",
            params={"code": "927461"},
        )
        async with asyncio.timeout(20):
            await box.refused.wait()
        box.to_recipient = None
        await until(pools, State.SENT)

        assert box.recipients == ["ann@example.org"]


async def test_a_worker_that_is_started_again_knows_the_jobs_that_wait(
    pools: Pools, url: str
) -> None:
    async with mailbox() as box:
        settings = settings_for(url, mailing=mailing(box.port))
        for code in ("927461", "555123"):
            async with working(settings, pools):
                await service.send_mail(
                    pools.write.single,
                    factories.SEALER,
                    template=Template.LOGIN_CODE,
                    to="ann@example.org",
                    locale="en",
                    params={"code": code},
                )
                await until(pools, State.SENT)

        assert len(box.mails) == 2
