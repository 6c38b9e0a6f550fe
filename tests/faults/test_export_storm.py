"""Workers killed in the middle of an export: it is made in the end, once, and is whole."""

import asyncio
from pathlib import Path

import pytest
from httpx2 import AsyncClient

from src.database import Pools, Transaction
from src.notifications.constants import Template
from tests import mail
from tests.answers.sending import put_all, sheet
from tests.conftest import Execute
from tests.faults.killing import bury, workers
from tests.privacy.exporting import asked, files, link, verified

KILLS = 6
ROWS = 20_000


@pytest.mark.slow
@pytest.mark.committed
async def test_an_export_is_made_however_often_the_worker_is_killed(
    client: AsyncClient,
    conn: Transaction,
    pools: Pools,
    url: str,
    execute: Execute,
    tmp_path: Path,
) -> None:
    ann = await verified(conn, execute)
    diary = await sheet(conn, owner=ann)
    await put_all(client, ann, diary, None)
    await execute(
        "INSERT INTO submission (applet_id, id, applet_version_id, account_id, status, started_at,"
        "                        completed_at, received_at, zone)"
        " SELECT applet_id, gen_random_uuid(), applet_version_id, account_id, status, started_at,"
        "        completed_at, received_at + number * interval '1 ms',"
        "        md5(number::text) || md5((-number)::text)"
        "   FROM submission, generate_series(2, %(rows)s) AS number",
        rows=ROWS,
    )
    # Each piece takes a while, so that the worker dies in between.
    await execute(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END $$"
    )
    await execute(
        "CREATE TRIGGER dawdle AFTER INSERT ON account_export_piece"
        " FOR EACH ROW EXECUTE FUNCTION dawdle()"
    )
    await asked(client, ann)

    async with workers(url, tmp_path) as killed:
        for number in range(KILLS):
            before = await execute("SELECT DISTINCT run FROM account_export_piece")
            await killed.start()
            if number:
                await bury(execute, pools.write.single)
            async with asyncio.timeout(60):
                now = before  # until another run has begun
                while now in (before, []):
                    await asyncio.sleep(0.02)
                    now = await execute("SELECT DISTINCT run FROM account_export_piece")
            await asyncio.sleep(0.1 * (number % 3))  # each time at another step
            killed.kill()
            assert await execute("SELECT state FROM account_export") == [("running",)]
        await killed.start()
        await bury(execute, pools.write.single)
        async with asyncio.timeout(120):
            while await execute("SELECT state FROM account_export") != [("ready",)]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    assert len(await mail.messages(conn, template=Template.ACCOUNT_EXPORT_READY)) == 1
    fetched = await client.get(await link(conn, ann.email))
    assert len(files(fetched.content)["submissions"]) == ROWS
    # What the dead had written is gone.
    assert await execute("SELECT count(DISTINCT run) FROM account_export_piece") == [(1,)]
