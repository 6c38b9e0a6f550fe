"""The worker: runs the jobs of every domain."""

import asyncio
from contextlib import suppress
from dataclasses import replace

from procrastinate.jobs import DeleteJobCondition

from src.auth.mail_login.tasks import blueprint as mail_login_tasks
from src.auth.password.tasks import blueprint as password_tasks
from src.auth.sso.tasks import blueprint as sso_tasks
from src.auth.tasks import blueprint as auth_tasks
from src.config import Settings
from src.database import Pools, conninfo, open_pools
from src.devices.client import PushClient
from src.devices.tasks import blueprint as devices_tasks
from src.idempotency.tasks import blueprint as idempotency_tasks
from src.jobs import service as jobs_service
from src.limiter import Limiter
from src.limits.tasks import blueprint as limits_tasks
from src.notifications.client import open_clients
from src.notifications.tasks import blueprint as notifications_tasks
from src.privacy.tasks import blueprint as privacy_tasks
from src.security import Sealer
from src.teams.tasks import blueprint as teams_tasks

CONCURRENCY = 4


async def run(settings: Settings, pools: Pools) -> None:
    """Work until cancelled; the jobs under way are finished first."""
    app = jobs_service.make_app(
        conninfo(settings.database),
        {
            "auth": auth_tasks,
            "idempotency": idempotency_tasks,
            "auth_mail_login": mail_login_tasks,
            "auth_password": password_tasks,
            "limits": limits_tasks,
            "devices": devices_tasks,
            "notifications": notifications_tasks,
            "privacy": privacy_tasks,
            "sso": sso_tasks,
            "teams": teams_tasks,
        },
    )
    async with (
        app.open_async(),
        open_clients(settings) as clients,
        PushClient(settings.push) as push,
    ):
        await app.run_worker_async(
            concurrency=CONCURRENCY,
            install_signal_handlers=False,
            additional_context={
                "pools": replace(pools, limiter=Limiter(settings)),
                "clients": clients,
                "sealer": Sealer(settings.secret_key, settings.previous_keys),
                "push": push,
                "secret_key": settings.secret_key,
                "deletion_grace_days": settings.privacy.deletion_grace_days,
            },
            shutdown_graceful_timeout=10,
            delete_jobs=DeleteJobCondition.SUCCESSFUL,  # what failed stays to be looked at
        )


async def main(settings: Settings, stopping: asyncio.Event) -> None:
    """The worker as a process of its own."""
    async with open_pools(settings.database) as pools:
        working = asyncio.create_task(run(settings, pools))
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
