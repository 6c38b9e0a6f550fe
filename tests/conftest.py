"""The fixtures of every test: a database, a connection, an application, a client.

A test owns a transaction that is rolled back. The application works on the same connection: each
request has a savepoint, and one that only reads has PostgreSQL refuse its writes. A test marked
`committed` has a database of its own instead, and the application real pools.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from typing import Any, LiteralString

import psycopg
import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from psycopg.rows import TupleRow
from pydantic import SecretStr

from src import acting, logs
from src.auth import keys, sessions, tokens
from src.auth.dependencies import Authentication
from src.auth.sso.client import Providers
from src.config import (
    DatabaseSettings,
    LogSettings,
    SecretsSettings,
    Settings,
    SsoSettings,
    setting_names,
)
from src.constants import Environment
from src.database import Connection, Pool, Pools, Transaction, open_pools, transaction
from src.database.connection import PooledConnection
from src.database.pools import configure_session
from src.database.shared import SharedConnection
from src.limiter import Limiter
from src.main import create_app
from src.security import Sealer
from tests import database, documented, factories
from tests.fakes import facebook
from tests.http import client_of

pytest_plugins = ["tests.coverage_of_statements", "tests.authorisation.report"]
_ADDRESS = "CORE_API_TEST_DATABASE"
_DEADLINE = 10.0
_keeper = pytest.StashKey[database.Keeper]()
_clones = count(1)

RawConnection = psycopg.AsyncConnection[TupleRow]
Execute = Callable[..., Awaitable[list[TupleRow]]]
AppBy = Callable[..., FastAPI]
MakeApp = Callable[..., FastAPI]
MakeClient = Callable[..., Awaitable[AsyncClient]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--routes",
        choices=("compiled", "fastapi"),
        default="compiled",
        help="what serves the routes of every application: compiled handlers, or FastAPI itself",
    )


def pytest_configure(config: pytest.Config) -> None:
    for name in setting_names():
        os.environ.pop(name, None)
    if not hasattr(config, "workerinput"):
        config.stash[_keeper] = keeper = database.Keeper()
        os.environ[_ADDRESS] = keeper.address


def pytest_unconfigure(config: pytest.Config) -> None:
    if (keeper := config.stash.get(_keeper, None)) is not None:
        keeper.stop()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def _logging() -> None:
    """Let log lines reach pytest and nobody else."""
    root = logging.getLogger()
    handlers = root.handlers
    logs.configure(LogSettings(), Environment.TEST)
    root.handlers = handlers


@pytest.fixture(scope="session")
def server() -> database.Server:
    """The PostgreSQL of this run."""
    return database.ask(os.environ[_ADDRESS])


@pytest.fixture(scope="session")
def database_url(server: database.Server, worker_id: str) -> Iterator[str]:
    """The migrated database of this worker, empty between tests."""
    with database.clone(server, worker_id) as url:
        yield url


@pytest.fixture
def own_database_url(server: database.Server, worker_id: str) -> Iterator[str]:
    """A migrated database for one test."""
    with database.clone(server, f"{worker_id}_{next(_clones)}") as url:
        yield url


@pytest.fixture
def is_committed(request: pytest.FixtureRequest) -> bool:
    return request.node.get_closest_marker("committed") is not None


@pytest.fixture
def url(request: pytest.FixtureRequest, is_committed: bool) -> str:
    """The database of the test."""
    name = "own_database_url" if is_committed else "database_url"
    return str(request.getfixturevalue(name))


def settings_for(url: str, **changes: Any) -> Settings:
    """Settings of a test application. Neither the environment nor a `.env` has a part in them."""
    given: dict[str, Any] = {
        "environment": Environment.TEST,
        # Few lanes: an application of one test opens them all, and many tests run at once.
        "database": DatabaseSettings(url=SecretStr(url), read_lanes=2, write_lanes=4),
        "secrets": SecretsSettings(secret_key=SecretStr(factories.SECRET_KEY)),
        "sso": SsoSettings(providers=facebook.PROVIDERS, redirects=(facebook.PAGE,)),
        **changes,
    }
    return Settings(_env_file=None, **given)


def app_for(settings: Settings, *, compiled: bool, pools: Pools | None = None) -> FastAPI:
    """An application of these settings. Its operations are worked out once a process."""
    like = documented.application(settings.environment)
    return create_app(settings, pools=pools, compiled=compiled, like=like)


@pytest.fixture
def settings(url: str) -> Settings:
    return settings_for(url)


@pytest.fixture
async def raw(url: str, is_committed: bool) -> AsyncIterator[RawConnection]:
    """The test's own connection: in a transaction that is rolled back, or in autocommit."""
    conn = await psycopg.AsyncConnection.connect(url, autocommit=True)
    try:
        await configure_session(conn, statement=_DEADLINE, lock=2)
        if is_committed:
            yield conn
        else:
            async with conn.transaction(force_rollback=True):
                yield conn
    finally:
        await conn.close()


@pytest.fixture
def conn(raw: RawConnection) -> Transaction:
    """The test's connection, as domains see it."""
    return PooledConnection(raw, deadline=_DEADLINE)


@pytest.fixture
def execute(raw: RawConnection) -> Execute:
    """Run SQL that no service has: `await execute("SELECT ... %(name)s", name=...)`."""

    async def run(text: LiteralString, **params: object) -> list[TupleRow]:
        cursor = await raw.execute(text, params or None)
        return await cursor.fetchall() if cursor.description else []

    return run


class _Shared:
    """A pool that lends the test's connection, in a savepoint where it may only read."""

    def __init__(self, raw: RawConnection, *, read_only: bool) -> None:
        self._raw = raw
        self._read_only = read_only
        self.single: Connection = SharedConnection(self._alone, None, self.transaction)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[PooledConnection]:
        lent = PooledConnection(self._raw, deadline=_DEADLINE)
        if not self._read_only:
            yield lent
            return
        async with self._raw.transaction():
            await self._raw.execute("SET TRANSACTION READ ONLY")
            yield lent

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PooledConnection]:
        async with self.connection() as conn, transaction(conn):
            yield conn
        if acting.api_key.get() is not None:
            # What a transaction says of itself outlives a savepoint.
            await self._raw.execute("SET core.api_key = ''")

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[PooledConnection]:
        """What fails alone undoes nothing else of the test's transaction."""
        async with self.connection() as conn, conn.transaction():
            yield conn

    def stats(self) -> dict[str, int]:
        return {}


async def _lanes_open(pools: Pools) -> None:
    """Wait until statements can be sent: on a busy machine that takes longer than a request may."""
    async with asyncio.timeout(30):
        for pool in (pools.read, pools.write):
            while pool.stats().get("lanes_open") == 0:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@pytest.fixture
async def pools(raw: RawConnection, settings: Settings, is_committed: bool) -> AsyncIterator[Pools]:
    """Real pools for a test that commits, else the test's connection under each name."""
    if is_committed:
        async with open_pools(settings.database) as opened:
            await _lanes_open(opened)
            yield replace(opened, limiter=Limiter(settings))
    else:
        read, write = _Shared(raw, read_only=True), _Shared(raw, read_only=False)
        yield Pools(write, read, deciding=read, stream=read, limiter=Limiter(settings))


class _Current:
    """A pool that stands for the one of the running test."""

    target: Pool

    @property
    def single(self) -> Connection:
        return self.target.single

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        return self.target.connection()

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        return self.target.transaction()

    def stats(self) -> dict[str, int]:
        return dict(self.target.stats())


@dataclass(frozen=True)
class _Application:
    app: FastAPI
    write: _Current
    read: _Current
    stream: _Current


Applications = Callable[..., _Application]


@pytest.fixture(scope="session")
def are_compiled(request: pytest.FixtureRequest) -> bool:
    """Whether the applications of this run have compiled routes: `--routes`."""
    return bool(request.config.getoption("--routes") == "compiled")


@pytest.fixture(scope="session")
def _applications(database_url: str) -> Iterator[Applications]:
    """One application a worker and mode: making one takes longer than most tests."""

    @cache
    def made(*, is_compiled: bool) -> _Application:
        write, read, stream = _Current(), _Current(), _Current()
        pools = Pools(write=write, read=read, deciding=read, stream=stream)
        app = app_for(settings_for(database_url), pools=pools, compiled=is_compiled)
        closing.callback(app.state.authentication.hasher.close)
        return _Application(app, write, read, stream)

    with ExitStack() as closing:
        yield made


@pytest.fixture
def app_by(_applications: Applications, pools: Pools, settings: Settings) -> AppBy:
    """The application on the test's database, compiled or not: `app_by(is_compiled=True)`.

    Nothing is remembered from other tests.
    """

    def prepared(*, is_compiled: bool) -> FastAPI:
        made = _applications(is_compiled=is_compiled)
        made.write.target = pools.write
        made.read.target = pools.read
        made.stream.target = pools.stream
        app = made.app
        sealer = Sealer(settings.secret_key, settings.previous_keys)
        ring = keys.KeyRing(sealer)
        app.state.settings = settings
        app.state.pools = replace(app.state.pools, limiter=Limiter(settings))
        app.state.sso = Providers(settings, transport=ASGITransport(facebook.app))
        app.state.authentication = Authentication(
            hasher=app.state.authentication.hasher,
            issuer=sessions.Issuer(keys=ring, sealer=sealer, settings=settings.authentication),
            verifier=tokens.TokenVerifier(ring, settings.authentication),
        )
        return app

    return prepared


@pytest.fixture
def app(app_by: AppBy, are_compiled: bool) -> FastAPI:
    """The application on the test's database, served as this run's `--routes` says."""
    return app_by(is_compiled=are_compiled)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
def make_app(url: str, pools: Pools, are_compiled: bool) -> Iterator[MakeApp]:
    """Make an application of other settings on the test's database: `make_app(cors=...)`."""
    made: list[FastAPI] = []

    def make(**changes: Any) -> FastAPI:
        changed = settings_for(url, **changes)
        app = app_for(changed, pools=pools, compiled=are_compiled)
        made.append(app)
        return app

    yield make
    for app in made:
        app.state.authentication.hasher.close()


@pytest.fixture
async def make_client(make_app: MakeApp) -> AsyncIterator[MakeClient]:
    """Make a client of an application of other settings."""
    async with AsyncExitStack() as stack:

        async def make(*, base_url: str = "http://test.local", **changes: Any) -> AsyncClient:
            return await stack.enter_async_context(
                client_of(make_app(**changes), base_url=base_url)
            )

        yield make


@contextmanager
def kept_handlers() -> Iterator[None]:
    """Let the block configure logging, and undo it."""
    root = logging.getLogger()
    before, level = root.handlers, root.level
    try:
        yield
    finally:
        for handler in root.handlers:
            if handler not in before:
                handler.close()
        root.handlers, root.level = before, level
