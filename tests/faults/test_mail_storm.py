"""Workers killed in the middle of sending: each mail arrives, and a copy is known for one."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from typing_extensions import override

from src.constants import Environment
from src.database import Pools
from src.jobs import service as jobs_service
from src.notifications import service
from src.notifications.constants import Template
from tests import factories
from tests.conftest import Execute
from tests.database import ROOT
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


class _Workers:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = 0

    async def start(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        self.pid = int(await self._process.stdout.readline())

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


@asynccontextmanager
async def workers(url: str, port: int, directory: Path) -> AsyncIterator[_Workers]:
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "ENVIRONMENT": Environment.TEST,
        "DATABASE__URL": url,
        "SECRETS__SECRET_KEY": factories.SECRET_KEY,
        "DATABASE__POOL_SIZE": "1",
        "DATABASE__STREAM_POOL_SIZE": "1",
        "DATABASE__READ_LANES": "0",
        "DATABASE__WRITE_LANES": "1",
        "MAILING__MAIL__SERVER": "127.0.0.1",
        "MAILING__MAIL__PORT": str(port),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.faults.forking",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=directory,
        env=environ,
    )
    made = _Workers(process)
    try:
        yield made
    finally:
        if made.pid:
            made.kill()
        process.kill()
        await process.wait()


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

    async with serving(_SlowMailbox()) as box, workers(url, box.port, tmp_path) as killed:
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
