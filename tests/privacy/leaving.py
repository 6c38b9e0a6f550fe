"""People who leave, as their clients speak of it."""

from typing import cast

from httpx2 import AsyncClient, Response
from procrastinate import App, JobContext
from procrastinate.jobs import Job
from procrastinate.testing import InMemoryConnector

from src.database import Connection, Pools
from src.notifications.constants import Template
from src.privacy import tasks
from tests import factories, mail
from tests.conftest import Execute
from tests.http import acting_as

ME = "/v1/users/me"
UNDO = "/v1/auth/deletion/undo"


async def delete(client: AsyncClient, user: factories.User, confirm: str | None = None) -> Response:
    body = {"confirm": user.email if confirm is None else confirm}
    return await client.request("DELETE", ME, json=body, headers=acting_as(user))


async def leave(client: AsyncClient, user: factories.User) -> None:
    response = await delete(client, user)
    assert response.status_code == 202, response.text


async def undo_token(conn: Connection, user: factories.User) -> str:
    """Of the link in the mail."""
    told = await mail.last(conn, to=user.email, template=Template.ACCOUNT_DELETION)
    return told.params["link"].partition("token=")[2]


async def undo(client: AsyncClient, token: str) -> Response:
    return await client.post(UNDO, json={"token": token})


async def let_days_pass(execute: Execute) -> None:
    """Until everybody who is leaving is to be erased."""
    await execute("UPDATE account SET erase_at = now() WHERE erase_at IS NOT NULL")
    await execute("UPDATE one_time_token SET expires_at = now() WHERE purpose = 'undo_email'")


def context(pools: Pools) -> JobContext:
    """What the worker hands to a job."""
    return JobContext(
        app=App(connector=InMemoryConnector()),
        job=Job(
            id=1, queue="default", lock=None, queueing_lock=None, task_name="x", task_kwargs={}
        ),
        start_timestamp=0.0,
        abort_reason=lambda: None,
        additional_context={
            "pools": pools,
            "sealer": factories.SEALER,
            "deletion_grace_days": 14,
            "secret_key": factories.SECRET_KEY.encode(),
        },
    )


async def erase(pools: Pools) -> None:
    """What the worker does now and then."""
    await tasks.erase_accounts(context(pools), timestamp=0)


async def status_of(execute: Execute, user: factories.User) -> str:
    ((status,),) = await execute("SELECT status FROM account WHERE id = %(id)s", id=user.id)
    return cast("str", status)
