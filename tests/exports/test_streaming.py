"""Downloads while they run: what they hold, and that they let it go."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from starlette.types import Message

from src.database import Pools, Transaction
from src.exceptions import TooManyRequests
from src.statistics import service as statistics_service
from src.streaming import DOWNLOADS_MAX, Downloads, StreamedResponse, reading
from src.teams.constants import Role
from tests import factories
from tests.answers.sending import Sheet, republish, results, sheet
from tests.applets.items.building import activity, draft, item
from tests.conftest import Execute
from tests.exports.reading import lines
from tests.http import acting_as, problem

pytestmark = pytest.mark.committed

ROWS = 1200
"""More than a batch of the cursor and a chunk of the download."""


@pytest.fixture
async def diary(client: AsyncClient, conn: Transaction, execute: Execute) -> Sheet:
    """A diary with ROWS answers: one was sent, the others are its copies."""
    diary = await sheet(conn)
    await results(client, diary.owner, diary, [diary.batch_part()])
    await execute(
        "INSERT INTO submission (applet_id, id, applet_version_id, account_id, status, started_at,"
        "                        completed_at, received_at, zone)"
        " SELECT applet_id, gen_random_uuid(), applet_version_id, account_id, status, started_at,"
        "        completed_at, received_at + number * interval '1 ms', zone"
        "   FROM submission, generate_series(2, %(rows)s) AS number",
        rows=ROWS,
    )
    await execute(
        "INSERT INTO answer (applet_id, id, submission_id, step, activity_id,"
        "                    activity_revision_id, payload, part_sha256, scores, warnings,"
        "                    started_at, ended_at)"
        " SELECT answer.applet_id, gen_random_uuid(), submission.id, step, activity_id,"
        "        activity_revision_id, payload, part_sha256, scores, warnings,"
        "        answer.started_at, answer.ended_at"
        "   FROM answer, submission WHERE submission.id <> answer.submission_id"
    )
    return diary


async def streams(execute: Execute) -> list[tuple[str, str]]:
    """The connections of downloads that are at work: state, and the last statement."""
    rows = await execute(
        "SELECT state, query FROM pg_stat_activity"
        " WHERE application_name = 'core-api stream' AND datname = current_database()"
        "   AND state <> 'idle'"
    )
    return [(str(state), str(query)) for state, query in rows]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(5):
        while not await condition():  # noqa: ASYNC110  (PostgreSQL sends no event)
            await asyncio.sleep(0.01)


class Download:
    """A request for an export by a caller whom a test can make slow, or leave."""

    def __init__(self, app: FastAPI, diary: Sheet, path: str, *, spec_version: str) -> None:
        token = acting_as(diary.owner)["Authorization"].encode()
        self.scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": spec_version},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": f"{diary.url}/{path}",
            "raw_path": f"{diary.url}/{path}".encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"authorization", token), (b"host", b"test.local")],
            "client": ("127.0.0.1", 1),
            "server": ("test.local", 80),
            "state": {},
        }
        self._app = app
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._inbox.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        self._may_send = asyncio.Semaphore(0)
        self._is_gone = False
        self.received: list[Message] = []

    async def run(self) -> None:
        await self._app(self.scope, self._inbox.get, self._send)

    def take(self, messages: int = 1) -> None:
        """Let the service send some messages more."""
        for _ in range(messages):
            self._may_send.release()

    def leave(self) -> None:
        self._is_gone = True
        self._inbox.put_nowait({"type": "http.disconnect"})
        self._may_send.release()

    async def _send(self, message: Message) -> None:
        await self._may_send.acquire()
        if self._is_gone and self.scope["asgi"]["spec_version"] >= "2.4":
            raise OSError("the caller has left")
        self.received.append(message)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["asyncio.Task[None]"]:
        task = asyncio.create_task(self.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def all_returned(pools: Pools, execute: Execute) -> None:
    """Every connection for downloads is free, and none has anything open."""

    async def is_idle() -> bool:
        stats = pools.stream.stats()
        return stats["pool_available"] == stats["pool_size"] and not await streams(execute)

    await until(is_idle)


@pytest.mark.parametrize("path", ["data.csv", "data.ndjson"])
async def test_a_download_is_read_as_it_is_taken(
    app: FastAPI, diary: Sheet, pools: Pools, execute: Execute, path: str
) -> None:
    download = Download(app, diary, path, spec_version="2.3")
    async with download.running() as task:
        download.take(2)
        await until(lambda: _has(download, 2))

        # It waits for the caller, between two batches of a server-side cursor.
        await until(lambda: _waits(execute))
        ((_, query),) = await streams(execute)
        assert "FETCH FORWARD" in query
        download.take(1000)
        await task

    body = b"".join(message.get("body", b"") for message in download.received)
    assert body.count(b"\n") == ROWS + (path == "data.csv")
    assert len(download.received) > 4
    await all_returned(pools, execute)


async def _has(download: Download, messages: int) -> bool:
    return len(download.received) >= messages


async def _waits(execute: Execute) -> bool:
    return [state for state, _ in await streams(execute)] == ["idle in transaction"]


@pytest.mark.parametrize("path", ["data.csv", "data.ndjson"])
@pytest.mark.parametrize("spec_version", ["2.3", "2.4"])
@pytest.mark.parametrize("taken", [0, 1, 2, 3])
async def test_a_caller_who_leaves_leaves_nothing_behind(
    app: FastAPI,
    diary: Sheet,
    pools: Pools,
    execute: Execute,
    path: str,
    spec_version: str,
    taken: int,
) -> None:
    download = Download(app, diary, path, spec_version=spec_version)
    async with download.running() as task:
        download.take(taken)
        await until(lambda: _has(download, taken))
        await until(lambda: _is_reading(execute))
        download.leave()
        async with asyncio.timeout(5):
            await task
        await all_returned(pools, execute)


async def _is_reading(execute: Execute) -> bool:
    return bool(await streams(execute))


async def test_a_download_that_is_cut_off_is_let_go(
    app: FastAPI, diary: Sheet, pools: Pools, execute: Execute
) -> None:
    download = Download(app, diary, "data.csv", spec_version="2.3")
    async with download.running():
        download.take(2)
        await until(lambda: _has(download, 2))

    await all_returned(pools, execute)


async def test_more_downloads_than_connections_all_end(
    app: FastAPI, client: AsyncClient, diary: Sheet, pools: Pools, execute: Execute
) -> None:
    for _ in range(2):
        downloads = [Download(app, diary, "data.csv", spec_version="2.3") for _ in range(2)]
        async with AsyncExitStack() as stack:
            tasks = [await stack.enter_async_context(one.running()) for one in downloads]
            for one in downloads:
                one.take(2)
                await until(lambda one=one: _has(one, 2))  # type: ignore[misc]
            for one in downloads:
                one.leave()
            await asyncio.gather(*tasks)

    found = await lines(client, diary)

    assert len({line["id"] for line in found}) == ROWS
    assert len(found) == ROWS
    await all_returned(pools, execute)


async def test_a_response_that_is_never_read_holds_nothing_once_it_is_called(
    diary: Sheet, pools: Pools, execute: Execute
) -> None:
    ended: list[str] = []

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b"first"
            yield b"second"
        finally:
            ended.append("chunks")

    async def begun() -> StreamedResponse:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(reading(pools))
            return await StreamedResponse.begun(
                chunks(), stack, media_type="text/plain", filename="x"
            )

    async def gone(_: Message) -> None:
        raise OSError("the caller has left")

    async def disconnected() -> Message:
        return {"type": "http.disconnect"}

    response = await begun()
    scope = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}}
    await asyncio.gather(response(scope, disconnected, gone), return_exceptions=True)

    assert ended == ["chunks"]
    await all_returned(pools, execute)


async def test_what_fails_at_once_is_a_problem_and_holds_nothing(
    client: AsyncClient, diary: Sheet, pools: Pools, execute: Execute
) -> None:
    await execute("ALTER TABLE answer RENAME TO away")
    try:
        for path in ("data.csv", "data.ndjson"):
            response = await client.get(f"{diary.url}/{path}", headers=acting_as(diary.owner))
            assert response.status_code == 500
            assert response.headers["content-type"] == "application/problem+json"
    finally:
        await execute("ALTER TABLE away RENAME TO answer")

    await all_returned(pools, execute)
    assert len(await lines(client, diary)) == ROWS


async def test_a_download_shows_one_moment(
    app: FastAPI, client: AsyncClient, diary: Sheet, execute: Execute
) -> None:
    download = Download(app, diary, "data.ndjson", spec_version="2.3")
    async with download.running() as task:
        download.take(2)
        await until(lambda: _has(download, 2))
        late = diary.batch_part(submission_id=str(uuid4()))
        await results(client, diary.owner, diary, [late])
        download.take(1000)
        await task

    body = b"".join(message.get("body", b"") for message in download.received)
    assert late["submission_id"].encode() not in body
    assert len(await lines(client, diary)) == ROWS + 1


async def test_a_long_read_sees_one_moment_through_all_its_statements(
    client: AsyncClient, conn: Transaction, pools: Pools
) -> None:
    diary = await sheet(conn)
    await results(client, diary.owner, diary, [diary.batch_part()])
    applet_id = diary.published.applet.id
    async with reading(pools) as long:
        before = await statistics_service.get(long, applet_id=applet_id)
        new = await republish(conn, diary, draft(activity(item("text", "dream"), name="sleep")))
        part = new.batch_part({"dream": {"value": "birds"}}, activity="sleep")
        await results(client, diary.owner, new, [part])

        assert await statistics_service.get(long, applet_id=applet_id) == before

    async with reading(pools) as long:
        assert (await statistics_service.get(long, applet_id=applet_id)).submissions == 2


async def test_a_user_has_two_downloads_at_a_time(
    app: FastAPI, client: AsyncClient, conn: Transaction, diary: Sheet
) -> None:
    admin = await factories.member(conn, team=diary.published.team, role=Role.ADMIN)
    paths = ["data.csv", "data.ndjson", "statistics"]
    first, second = (Download(app, diary, path, spec_version="2.3") for path in paths[:2])
    async with first.running() as ending, second.running():
        for download in (first, second):
            download.take(2)
            await until(lambda download=download: _has(download, 2))  # type: ignore[misc]

        for path in paths:
            refused = await client.get(f"{diary.url}/{path}", headers=acting_as(diary.owner))
            problem(refused, 429, "too_many_requests")
            assert int(refused.headers["retry-after"]) > 0
            other = await client.get(f"{diary.url}/{path}", headers=acting_as(admin))
            assert other.status_code == 200

        first.take(1000)
        await ending
        for path in paths:
            response = await client.get(f"{diary.url}/{path}", headers=acting_as(diary.owner))
            assert response.status_code == 200


@pytest.mark.parametrize("spec_version", ["2.3", "2.4"])
async def test_a_place_is_free_again_however_a_download_ended(
    app: FastAPI, client: AsyncClient, diary: Sheet, execute: Execute, spec_version: str
) -> None:
    for _ in range(DOWNLOADS_MAX):
        left = Download(app, diary, "data.csv", spec_version=spec_version)
        async with left.running() as task:
            left.take(2)
            await until(lambda left=left: _has(left, 2))  # type: ignore[misc]
            left.leave()
            await task
        cut = Download(app, diary, "data.csv", spec_version=spec_version)
        async with cut.running():
            cut.take(1)
            await until(lambda cut=cut: _has(cut, 1))  # type: ignore[misc]
        await execute("ALTER TABLE answer RENAME TO away")
        try:
            for path in ("data.csv", "statistics"):
                response = await client.get(f"{diary.url}/{path}", headers=acting_as(diary.owner))
                assert response.status_code == 500
        finally:
            await execute("ALTER TABLE away RENAME TO answer")

    assert len(await lines(client, diary)) == ROWS


def test_who_has_no_download_is_not_remembered() -> None:
    downloads, user = Downloads(), uuid4()
    for _ in range(3):
        with ExitStack() as stack:
            for _ in range(DOWNLOADS_MAX):
                stack.enter_context(downloads.place(user))
            with pytest.raises(TooManyRequests), downloads.place(user):
                pass
            with downloads.place(uuid4()):
                pass

    assert not downloads._running
