"""Workers that are started to be killed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from src.constants import Environment
from src.database import Connection
from src.jobs import service as jobs_service
from tests import factories
from tests.conftest import Execute
from tests.database import ROOT


class Workers:
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
async def workers(
    url: str, directory: Path, *, mail_port: int | None = None
) -> AsyncIterator[Workers]:
    """Workers on a database, one at a time."""
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
    }
    if mail_port is not None:
        environ |= {"MAILING__MAIL__SERVER": "127.0.0.1", "MAILING__MAIL__PORT": str(mail_port)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.faults.forking",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=directory,
        env=environ,
    )
    made = Workers(process)
    try:
        yield made
    finally:
        if made.pid:
            made.kill()
        process.kill()
        await process.wait()


async def bury(execute: Execute, conn: Connection) -> None:
    """Let half a minute pass in which none of the dead was heard of, and their jobs be found."""
    await execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'")
    await jobs_service.defer(conn, task="jobs:retry_stalled", args={"timestamp": 0})
