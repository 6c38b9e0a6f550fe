"""Workers killed in the middle of sending: each mail arrives, and a copy is known for one."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from typing_extensions import override

from src.database import Pools
from src.jobs import service as jobs_service
from src.notifications import service
from src.notifications.constants import Template
from tests import factories
from tests.conftest import Execute
from tests.faults.killing import workers
from tests.smtp import Mailbox, serving

MAILS = 400
KILLS = 50
TAKEN_BETWEEN = 2
"""Mails that a worker gets rid of before it is killed."""


class _SlowMailbox(Mailbox):
    """Takes a mail, and lets its sender wait for the answer: many die in between."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived = asyncio.Semaphore(0)

    @override
    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        self.arrived.release()
        await asyncio.sleep(0.03)
        return answer


async def wait_until_all_are_sent(execute: Execute) -> None:
    async with asyncio.timeout(120):
        while True:
            if await execute("SELECT 1 FROM message WHERE state <> 'sent'") == []:
                return
            await asyncio.sleep(0.2)


@pytest.mark.slow
@pytest.mark.committed
async def test_no_mail_is_lost_however_often_the_worker_is_killed(
    url: str, pools: Pools, execute: Execute, tmp_path: Path
) -> None:
    expected = {}
    for number in range(MAILS):
        address = f"user{number}@example.org"
        message_id = await service.send_mail(
            pools.write.single,
            factories.SEALER,
            template=Template.VERIFY_EMAIL,
            to=address,
            locale="en",
            params={"link": f"https://core.example.org/{number}", "code": f"{number:06d}"},
        )
        expected[address] = f"<{message_id}@localhost>"

    async with serving(_SlowMailbox()) as box, workers(url, tmp_path, mail_port=box.port) as killed:
        for number in range(KILLS):
            box.arrived = asyncio.Semaphore(0)
            await killed.start()
            async with asyncio.timeout(30):
                for _ in range(TAKEN_BETWEEN):
                    await box.arrived.acquire()
            await asyncio.sleep(0.02 * (number % 5))  # each time at another step
            killed.kill()
        assert await execute("SELECT 1 FROM message WHERE state <> 'sent'") != []
        # Half a minute passes, in which none of the dead was heard of.
        await execute(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'"
        )
        await killed.start()
        await jobs_service.defer(
            pools.write.single, task="jobs:retry_stalled", args={"timestamp": 0}
        )
        await wait_until_all_are_sent(execute)

        copies = Counter((str(one["To"]), str(one["Message-ID"])) for one in box.mails)
    assert copies.keys() == set(expected.items())
    assert copies.total() > MAILS  # some were killed before they could say so
    assert await execute("SELECT DISTINCT state FROM message") == [("sent",)]
