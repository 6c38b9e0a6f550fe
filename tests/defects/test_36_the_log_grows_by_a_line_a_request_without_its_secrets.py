"""A log that is written anew for each request, with whole URLs: ours grows by one line each."""

import itertools
import logging
import os
from pathlib import Path

import pytest
from httpx2 import AsyncClient

from src import logs
from src.config import LogSettings
from src.constants import Environment
from tests.conftest import kept_handlers
from tests.http import bearer

ROUND = 50
SECRET = "core_inv_canary-that-nobody-may-read-in-a-log"
VERIFY = "core_once_canary-that-nobody-may-read-in-a-log"


async def test_the_log_grows_by_a_line_a_request_without_its_secrets(
    client: AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "core-api.log"
    sizes, inode, written_bytes = [0], None, 0
    write = os.write

    def counted(number: int, data: bytes) -> int:
        nonlocal written_bytes
        written = write(number, data)
        written_bytes += written if os.path.sameopenfile(number, log_number) else 0
        return written

    monkeypatch.setattr(os, "write", counted)
    with kept_handlers():
        logs.configure(LogSettings(file=path, level="DEBUG"), Environment.TEST)
        log_number = os.open(path, os.O_RDONLY)
        for _ in range(4):
            for _ in range(ROUND):
                await client.get(f"/v1/invitations/{SECRET}?token={VERIFY}")
                await client.get(f"/v1/auth/email/verify?token={VERIFY}")
                await client.get("/v1/users/me", headers=bearer(VERIFY))
            for handler in logging.getLogger().handlers:
                handler.flush()
            sizes.append(path.stat().st_size)
            # Nothing that was there has been written again.
            assert written_bytes == sizes[-1]
            inode = inode or path.stat().st_ino
            assert path.stat().st_ino == inode

    os.close(log_number)
    grown = [after - before for before, after in itertools.pairwise(sizes)]
    assert min(grown) > 0
    assert max(grown) < 1.1 * min(grown)
    written = path.read_text()
    assert written.count('"event": "request"') == 4 * ROUND * 3
    assert "canary" not in written
