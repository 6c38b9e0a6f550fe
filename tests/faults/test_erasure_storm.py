"""Workers killed in the middle of erasing: an account is whole or erased, and in the end erased."""

import asyncio
from pathlib import Path

import pytest

from src.database import Pools
from src.jobs import service as jobs_service
from tests import factories
from tests.conftest import Execute
from tests.faults.killing import bury, workers

PEOPLE = 300
KILLS = 8
TASK = "privacy:erase_accounts"


async def erased(execute: Execute) -> int:
    ((count,),) = await execute("SELECT count(*) FROM account WHERE status = 'erased'")
    return int(count)


async def torn(execute: Execute) -> list[object]:
    """Accounts of which some is gone and some is left."""
    return list(
        await execute(
            "SELECT id, status FROM account"
            " WHERE (status = 'erased') IS DISTINCT FROM (email LIKE 'erased-%%')"
            "    OR (status = 'erased') = EXISTS"
            "       (SELECT FROM password WHERE account_id = account.id)"
            "    OR (status = 'erased') = EXISTS"
            "       (SELECT FROM session WHERE account_id = account.id)"
            "    OR (status = 'erased') IS DISTINCT FROM EXISTS (SELECT FROM audit_event"
            "        WHERE object_id = account.id AND action = 'user.erased')"
        )
    )


@pytest.mark.slow
@pytest.mark.committed
async def test_no_account_is_half_erased_however_often_the_worker_is_killed(
    pools: Pools, url: str, execute: Execute, tmp_path: Path
) -> None:
    async with pools.write.transaction() as conn:
        for _ in range(PEOPLE):
            await factories.user(conn)
    await execute("UPDATE account SET status = 'deleting', erase_at = now()")
    # Each takes a while, so that many die in between.
    await execute(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_sleep(0.02); RETURN NULL; END $$"
    )
    await execute(
        "CREATE TRIGGER dawdle AFTER DELETE ON session FOR EACH ROW EXECUTE FUNCTION dawdle()"
    )
    await jobs_service.defer(pools.write.single, task=TASK, args={"timestamp": 0})

    async with workers(url, tmp_path) as killed:
        for number in range(KILLS):
            before = await erased(execute)
            await killed.start()
            if number:
                await bury(execute, pools.write.single)
            async with asyncio.timeout(60):
                while await erased(execute) < before + 3:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.003 * number)  # each time at another step
            killed.kill()
            assert await torn(execute) == []
        assert 0 < await erased(execute) < PEOPLE
        await killed.start()
        await bury(execute, pools.write.single)
        async with asyncio.timeout(120):
            while await erased(execute) < PEOPLE:  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    assert await torn(execute) == []
    assert await execute(
        "SELECT count(*), count(DISTINCT object_id) FROM audit_event WHERE action = 'user.erased'"
    ) == [(PEOPLE, PEOPLE)]
