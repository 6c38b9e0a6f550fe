"""A log that is written anew for each request, with whole URLs: ours grows by one line each."""

import itertools
import logging
from pathlib import Path

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
    client: AsyncClient, tmp_path: Path
) -> None:
    path = tmp_path / "core-api.log"
    sizes, inode = [0], None
    with kept_handlers():
        logs.configure(LogSettings(file=path, level="DEBUG"), Environment.TEST)
        for _ in range(4):
            for _ in range(ROUND):
                await client.get(f"/v1/invitations/{SECRET}?token={VERIFY}")
                await client.get(f"/v1/auth/email/verify?token={VERIFY}")
                await client.get("/v1/users/me", headers=bearer(VERIFY))
            for handler in logging.getLogger().handlers:
                handler.flush()
            sizes.append(path.stat().st_size)
            inode = inode or path.stat().st_ino
            assert path.stat().st_ino == inode

    grown = [after - before for before, after in itertools.pairwise(sizes)]
    assert min(grown) > 0
    assert max(grown) < 1.1 * min(grown)
    written = path.read_text()
    assert written.count('"event": "request"') == 4 * ROUND * 3
    assert "canary" not in written
