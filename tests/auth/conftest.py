"""What the worker does with what requests have left for it."""

from collections.abc import Awaitable, Callable

import pytest
from procrastinate import App, JobContext
from procrastinate.jobs import Job
from procrastinate.testing import InMemoryConnector

from src.auth.mail_login import tasks as mail_login_tasks
from src.auth.password import tasks as password_tasks
from src.database import Pools
from tests import factories
from tests.conftest import Execute

Work = Callable[[], Awaitable[int]]

TASKS = {
    "auth_password:mail_reset": password_tasks.mail_reset,
    "auth_mail_login:mail_login": mail_login_tasks.mail_login,
}


@pytest.fixture
def work(execute: Execute, pools: Pools) -> Work:
    """Do the jobs that mail secrets; returns how many there were."""
    job = Job(id=1, queue="default", lock=None, queueing_lock=None, task_name="x", task_kwargs={})
    context = JobContext(
        app=App(connector=InMemoryConnector()),
        job=job,
        start_timestamp=0.0,
        abort_reason=lambda: None,
        additional_context={
            "pools": pools,
            "sealer": factories.SEALER,
            "secret_key": factories.SECRET_KEY.encode(),
        },
    )

    async def run() -> int:
        jobs = await execute(
            "SELECT id, task_name, args FROM procrastinate_jobs"
            " WHERE task_name = ANY(%(names)s) ORDER BY id",
            names=list(TASKS),
        )
        for _, name, args in jobs:
            await TASKS[name](context, **args)
        await execute(
            "DELETE FROM procrastinate_jobs WHERE id = ANY(%(ids)s)", ids=[job[0] for job in jobs]
        )
        return len(jobs)

    return run
