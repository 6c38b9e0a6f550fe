"""Codes and links reach their reader, and neither standard output nor the log."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from src import logs, worker
from src.config import LogSettings, MailingSettings
from src.constants import Environment
from src.database import Pools
from src.notifications import service
from src.notifications.constants import State, Template
from tests import factories, mail
from tests.conftest import kept_handlers, settings_for
from tests.notifications.sending import SMS, mailing
from tests.smtp import mailbox

CODE = "927461"
TOKEN = "core_once_kept-from-everybody"
PHONE, OTHER_PHONE = "+4915112345678", "+4915112345679"
DOWN = SMS.model_copy(update={"base_url": "http://127.0.0.1:1"})
"""A gateway that nobody reaches."""
PARAMS = {"link": f"https://core.example.org/verify?token={TOKEN}", "code": CODE}


@asynccontextmanager
async def working(url: str, pools: Pools, **changes: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(worker.run(settings_for(url, **changes), pools))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def write(pools: Pools, to: str) -> None:
    await service.send_mail(
        pools.write.single,
        factories.SEALER,
        template=Template.VERIFY_EMAIL,
        to=to,
        locale="en",
        params=PARAMS,
    )


async def write_sms(pools: Pools, to: str) -> None:
    await service.send_sms(
        pools.write.single,
        factories.SEALER,
        template=Template.PHONE_CODE,
        to=to,
        locale="en",
        params={"code": CODE},
    )


async def until(pools: Pools, to: str, state: State, attempts: int) -> None:
    async with asyncio.timeout(20):
        while True:
            found = await mail.last(pools.read.single, to=to)
            if found.state is state and found.attempts >= attempts:
                return
            await asyncio.sleep(0.05)


@pytest.mark.committed
async def test_no_code_is_printed_or_logged(
    url: str, pools: Pools, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "core-api.log"
    # The server of the test logs every line that it hears.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    with kept_handlers():
        logs.configure(LogSettings(file=path, level="DEBUG"), Environment.TEST)
        async with working(url, pools, mailing=MailingSettings()):
            await write(pools, "kept@example.org")
            await until(pools, "kept@example.org", State.SENT, 1)
            await write_sms(pools, PHONE)
            await until(pools, PHONE, State.SENT, 1)
        async with mailbox() as box, working(url, pools, mailing=mailing(box.port)):
            await write(pools, "sent@example.org")
            await until(pools, "sent@example.org", State.SENT, 1)
            box.to_content = f"451 4.7.1 I do not like {CODE} {TOKEN}"
            await write(pools, "late@example.org")
            await until(pools, "late@example.org", State.QUEUED, 1)
            box.to_content = f"554 5.7.1 I hate {CODE} {TOKEN}"
            await write(pools, "refused@example.org")
            await until(pools, "refused@example.org", State.DEAD, 1)
        async with working(url, pools, mailing=mailing(1), sms=DOWN):
            await write(pools, "down@example.org")
            await until(pools, "down@example.org", State.QUEUED, 1)
            await write_sms(pools, OTHER_PHONE)
            await until(pools, OTHER_PHONE, State.QUEUED, 1)
        for handler in logging.getLogger().handlers:
            handler.flush()

    printed = capfd.readouterr()
    written = path.read_text()
    for said in ("kept in the outbox", "message sent", "not sent yet", "message refused"):
        assert said in written
    for text in (printed.out, printed.err, written):
        assert CODE not in text
        assert "core_once_" not in text
        assert "@example.org" not in text
        assert PHONE not in text
        assert OTHER_PHONE not in text
    assert printed.out == ""
