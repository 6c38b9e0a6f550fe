"""From the request to the device: jobs, services that fail, tokens that die."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from httpx2 import AsyncClient
from procrastinate import App, JobContext
from procrastinate.jobs import Job
from procrastinate.testing import InMemoryConnector
from starlette.responses import Response

from src.config import PushSettings, Settings
from src.constants import Environment
from src.database import Connection, Pools, conninfo
from src.devices import pushing, tasks
from src.devices.client import NotNowError, PushClient, RefusedError
from src.devices.constants import Push, Service
from src.jobs import service as jobs_service
from tests import factories
from tests.conftest import Execute, settings_for
from tests.devices import push_services
from tests.devices.push_services import CONTACT, PushServices, fcm_error
from tests.devices.registering import ENDPOINT, Browser, bind, browser, devices, new_id
from tests.http import acting_as, problem

URL = "/v1/users/me/notifications/test"
Work = Callable[[PushClient], Awaitable[None]]


@pytest.fixture
def work(pools: Pools, execute: Execute) -> Work:
    """Run the jobs that were left behind, once each."""

    async def worked(client: PushClient) -> None:
        for (args,) in await execute(
            "SELECT args FROM procrastinate_jobs WHERE task_name = 'devices:push' ORDER BY id"
        ):
            job = Job(id=1, queue="", lock=None, queueing_lock=None, task_name="", task_kwargs={})
            context = JobContext(
                app=App(connector=InMemoryConnector()),
                job=job,
                start_timestamp=0.0,
                abort_reason=lambda: None,
                additional_context={"pools": pools, "sealer": factories.SEALER, "push": client},
            )
            await tasks.push(context, **args)

    return worked


async def ask(client: AsyncClient, user: factories.User) -> int:
    """Ask for a greeting; returns to how many devices it goes."""
    response = await client.post(URL, headers=acting_as(user))
    assert response.status_code == 202, response.text
    return int(response.json()["targets"])


async def in_browser(client: AsyncClient, user: factories.User) -> Browser:
    made = browser()
    await bind(client, user, new_id(), type="web", push_token=made.subscription())
    return made


async def test_a_greeting_goes_to_an_app(client: AsyncClient, conn: Connection, work: Work) -> None:
    ann, services = await factories.user(conn), PushServices()
    await bind(client, ann, new_id(), push_token="registration-token")

    assert await ask(client, ann) == 1
    async with services.client() as push:
        await work(push)
        await work(push)

    assert services.apps[0] == {
        "token": "registration-token",
        "notification": {"title": "It works", "body": "This device gets your notifications."},
        "data": {"kind": "test"},
    }
    assert (len(services.apps), services.token_requests) == (2, 1)


async def test_a_greeting_goes_to_a_browser_that_alone_can_read_it(
    client: AsyncClient, conn: Connection, execute: Execute, work: Work
) -> None:
    ann, services = await factories.user(conn), PushServices()
    await execute("UPDATE account SET locale = 'el-GR'")
    read = await in_browser(client, ann)

    assert await ask(client, ann) == 1
    async with services.client() as push:
        await work(push)

    (posted,) = services.browsers
    title, body = pushing.WORDS[Push.TEST]["el"]
    assert posted.opened(read) == {"title": title, "body": body, "kind": "test"}
    assert title.encode() not in posted.content
    assert posted.url == ENDPOINT
    assert posted.headers["content-encoding"] == "aes128gcm"
    assert int(posted.headers["ttl"]) > 0
    claims = posted.signed()
    assert claims["aud"] == "https://updates.push.services.mozilla.com"
    assert claims["sub"] == f"mailto:{CONTACT}"


async def test_only_active_devices_of_ones_own_with_a_push_token_are_targets(
    client: AsyncClient, conn: Connection
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    await bind(client, ann, new_id(), push_token="one")
    await bind(client, ann, new_id(), push_token="two", active=False)
    await bind(client, ann, new_id())
    await bind(client, bob, new_id(), push_token="three")

    assert await ask(client, ann) == 1


async def test_jobs_name_no_token(client: AsyncClient, conn: Connection, execute: Execute) -> None:
    ann, device_id = await factories.user(conn), new_id()
    await bind(client, ann, device_id, push_token="registration-token")

    await ask(client, ann)

    rows = await execute("SELECT args FROM procrastinate_jobs")
    assert rows == [({"device_id": device_id, "user_id": str(ann.id), "kind": "test"},)]


async def test_what_was_meant_for_one_user_does_not_reach_the_next_on_the_device(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    device_id, services = new_id(), PushServices()
    bound = await bind(client, ann, device_id, push_token="one")
    await ask(client, ann)
    await bind(client, bob, device_id, secret=bound.json()["device_secret"])

    async with services.client() as push:
        await work(push)

    assert services.apps == []


async def test_a_device_that_was_silenced_meanwhile_gets_nothing(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann, device_id, services = await factories.user(conn), new_id(), PushServices()
    await bind(client, ann, device_id, push_token="one")
    await ask(client, ann)
    await client.post("/v1/auth/logout", json={"device_id": device_id}, headers=acting_as(ann))

    async with services.client() as push:
        await work(push)

    assert services.apps == []


@pytest.mark.parametrize(
    ("type_", "answer"),
    [
        ("ios", fcm_error(404, "UNREGISTERED")),
        ("web", Response(status_code=404)),
        ("web", Response(status_code=410)),
    ],
)
async def test_a_dead_token_is_dropped(
    client: AsyncClient, conn: Connection, work: Work, type_: str, answer: Response
) -> None:
    ann, services = await factories.user(conn), PushServices(answers=[answer])
    token = browser().subscription() if type_ == "web" else "one"
    await bind(client, ann, new_id(), type=type_, push_token=token)
    await ask(client, ann)

    async with services.client() as push:
        await work(push)

    assert len(services.apps) + len(services.browsers) == 1
    assert [device["has_push_token"] for device in await devices(client, ann)] == [False]
    assert await ask(client, ann) == 0


async def test_a_project_that_google_does_not_know_costs_no_token(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann, services = await factories.user(conn), PushServices(answers=[fcm_error(404, "")])
    await bind(client, ann, new_id(), push_token="one")
    await ask(client, ann)

    async with services.client() as push:
        with pytest.raises(RefusedError):
            await work(push)

    assert await ask(client, ann) == 1


async def test_a_token_that_was_replaced_meanwhile_outlives_the_dead_one(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann, device_id = await factories.user(conn), new_id()
    await bind(client, ann, device_id, push_token="old")
    ((old,),) = await execute("SELECT token_hash FROM push_token")
    await bind(client, ann, device_id, push_token="new")

    await pushing.drop_target(conn, token_hash=old)

    assert [device["has_push_token"] for device in await devices(client, ann)] == [True]


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (fcm_error(429, "QUOTA_EXCEEDED", retry_after="90"), 90),
        (fcm_error(503, "UNAVAILABLE"), None),
        (fcm_error(500, "INTERNAL", retry_after="soon"), None),
    ],
)
async def test_a_service_that_is_not_up_to_it_is_asked_again(
    client: AsyncClient, conn: Connection, work: Work, answer: Response, seconds: float | None
) -> None:
    ann, services = await factories.user(conn), PushServices(answers=[answer])
    await bind(client, ann, new_id(), push_token="one")
    await ask(client, ann)

    async with services.client() as push:
        with pytest.raises(NotNowError) as caught:
            await work(push)
        await work(push)

    assert caught.value.seconds == seconds
    assert len(services.apps) == 2


async def test_an_access_token_that_google_took_back_is_replaced(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann, services = await factories.user(conn), PushServices()
    await bind(client, ann, new_id(), push_token="one")
    await ask(client, ann)

    async with services.client() as push:
        await work(push)
        services.token_requests += 1  # the one that was handed out is not the last any more
        with pytest.raises(NotNowError):
            await work(push)
        await work(push)

    assert len(services.apps) == 2


async def test_a_service_that_cannot_be_reached_is_asked_again_and_its_address_is_not_told(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann = await factories.user(conn)
    await in_browser(client, ann)
    await ask(client, ann)

    async def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError(f"no route to {request.url}", request=request)

    async with PushClient(push_services.settings(), transport=httpx2.MockTransport(refuse)) as push:
        with pytest.raises(NotNowError) as caught:
            await work(push)

    assert str(caught.value) == "ConnectError"


async def test_an_address_that_the_settings_allow_no_longer_is_dropped(
    client: AsyncClient, conn: Connection, work: Work
) -> None:
    ann, services = await factories.user(conn), PushServices()
    await in_browser(client, ann)
    await ask(client, ann)
    given = push_services.settings()
    web = given.web.model_copy(update={"hosts": ("push.apple.com",)})

    async with services.client(given.model_copy(update={"web": web})) as push:
        await work(push)

    assert services.browsers == []
    assert [device["has_push_token"] for device in await devices(client, ann)] == [False]


async def test_without_settings_the_log_shows_what_would_be_sent(
    client: AsyncClient, conn: Connection, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    ann = await factories.user(conn)
    await bind(client, ann, new_id(), push_token="registration-token")
    await in_browser(client, ann)

    assert await ask(client, ann) == 2
    async with PushClient(PushSettings()) as push:
        await work(push)

    assert caplog.text.count("It works") == 2
    assert "registration-token" not in caplog.text


def test_outside_of_local_there_are_no_pushes_without_settings() -> None:
    def reachable(environment: Environment, push: PushSettings) -> list[Service]:
        changed = settings_for("postgresql://").model_copy(
            update={"environment": environment, "push": push}
        )
        return pushing.reachable(changed)

    assert reachable(Environment.LOCAL, PushSettings()) == [Service.FCM, Service.WEB]
    assert reachable(Environment.PRODUCTION, PushSettings()) == []
    assert reachable(Environment.PRODUCTION, push_services.settings()) == [Service.FCM, Service.WEB]


async def test_three_greetings_a_minute_are_enough(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    for _ in range(3):
        await ask(client, ann)

    response = await client.post(URL, headers=acting_as(ann))

    problem(response, 429, "rate_limited")
    assert 0 < int(response.headers["retry-after"]) <= 60


@pytest.mark.committed
async def test_the_worker_tries_again_when_the_service_says(
    client: AsyncClient,
    conn: Connection,
    pools: Pools,
    settings: Settings,
    execute: Execute,
) -> None:
    ann = await factories.user(conn)
    services = PushServices(answers=[fcm_error(429, "QUOTA_EXCEEDED", retry_after="90")])
    await bind(client, ann, new_id(), push_token="one")
    await ask(client, ann)
    queue = (
        "SELECT status::text, attempts, scheduled_at - now() FROM procrastinate_jobs"
        " WHERE task_name = 'devices:push'"
    )

    app = jobs_service.make_app(conninfo(settings.database), {"devices": tasks.blueprint})

    async def run(push: PushClient) -> None:
        await app.run_worker_async(
            wait=False,
            install_signal_handlers=False,
            additional_context={"pools": pools, "sealer": factories.SEALER, "push": push},
        )

    async with services.client() as push, app.open_async():
        await run(push)
        ((status, attempts, wait),) = await execute(queue)
        assert (status, attempts) == ("todo", 1)
        assert timedelta(seconds=60) < wait <= timedelta(seconds=90)
        await execute(
            "UPDATE procrastinate_jobs SET scheduled_at = now() WHERE task_name = 'devices:push'"
        )
        await run(push)

    assert len(services.apps) == 2
    assert [status for status, *_ in await execute(queue)] == ["succeeded"]


@pytest.mark.parametrize(
    ("exception", "attempts", "seconds"),
    [
        (NotNowError("busy"), 0, 4),
        (NotNowError("busy"), 2, 64),
        (NotNowError("busy", 1e6), 0, 3600),
        (NotNowError("busy"), 5, None),
        (RefusedError("no"), 0, None),
    ],
)
def test_the_wait_grows_and_ends(exception: Exception, attempts: int, seconds: int | None) -> None:
    job = Job(
        id=1,
        queue="",
        lock=None,
        queueing_lock=None,
        task_name="",
        task_kwargs={},
        attempts=attempts,
    )

    decision = tasks.BackOff().get_retry_decision(exception=exception, job=job)

    assert (decision is None) is (seconds is None)
    if decision is not None and decision.retry_at is not None and seconds is not None:
        left = decision.retry_at - datetime.now(UTC)
        assert timedelta(seconds=seconds - 2) < left <= timedelta(seconds=seconds)
