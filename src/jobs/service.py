"""Deferring jobs in the caller's transaction, and taking up those that a dead worker left.

Procrastinate keeps the queue, in our database; domains register handlers in their `tasks.py`.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, TypeVar, cast

from procrastinate import App, BaseRetryStrategy, Blueprint, JobContext, RetryDecision
from procrastinate.exceptions import ProcrastinateException
from procrastinate.jobs import Job
from procrastinate.psycopg_connector import PsycopgConnector
from typing_extensions import override

from src import logs
from src.database import Connection, sql

T = TypeVar("T")

log = logs.get_logger("core_api.jobs")

_STALLED_SECONDS = 30.0

sweeper = Blueprint()


class Persistent(BaseRetryStrategy):
    """For a job that must not be lost to an accident: it runs again, at last once in an hour.

    Failures that the job knows of are its own to deal with.
    """

    @override
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        return RetryDecision(retry_in={"seconds": min(3600, 2 ** min(job.attempts, 12))})


def periodic(blueprint: Blueprint, *, cron: str) -> Callable[[T], T]:
    """Run the task below at the times that `cron` says, once each, whatever the number of workers.

    The task takes the `timestamp` that it was due at, in seconds.
    """
    return cast("Callable[[T], T]", blueprint.periodic(cron=cron))


@sql(
    """
    SELECT (procrastinate_defer_jobs_v1(ARRAY[
               ROW('default', %(task)s::text, 0, NULL, NULL, %(args)s::jsonb,
                   now() + %(seconds)s * interval '1 second')
               ::procrastinate_job_to_defer_v1]))[1] AS job_id
    -- not null: job_id
    """
)
async def defer(conn: Connection, *, task: str, args: dict[str, Any], seconds: float = 0) -> int:
    """Leave a job behind that runs once the caller's transaction is kept; returns its number.

    `task` is `<domain>:<name>`. `args` are ids: whoever looks after the queue reads them. `seconds`
    is how long it waits at least.
    """
    ...


def make_app(conninfo: str, blueprints: dict[str, Blueprint]) -> App:
    """The queue's application, with the handlers of every domain under its name.

    The handlers are copied: adding them names them anew, and a worker that is started again in the
    same process would know none of the jobs that wait.
    """
    app = App(connector=PsycopgConnector(conninfo=conninfo, min_size=1, max_size=4))
    for name, blueprint in {"jobs": sweeper, **blueprints}.items():
        app.add_tasks_from(deepcopy(blueprint), namespace=name)
    return app


@periodic(sweeper, cron="* * * * *")
@sweeper.task(name="retry_stalled", queueing_lock="jobs.retry_stalled", pass_context=True)
async def retry_stalled(context: JobContext, timestamp: int) -> None:
    """Retry jobs whose worker died: a worker silent for half a minute does not come back."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_SECONDS):
        try:
            await manager.retry_job(job)
        except ProcrastinateException as exc:  # its like is queued again, say: the others go on
            log.warning("job not retried", job=job.id, task=job.task_name, error=str(exc))
        else:
            log.warning("job retried", job=job.id, task=job.task_name, at=timestamp)
