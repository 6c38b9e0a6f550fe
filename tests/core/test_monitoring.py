import itertools
import re
from typing import cast

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from src import migrations
from src.config import DatabaseSettings, Settings
from src.database import Connection, Pool, Pools
from src.metrics import SECONDS, Metrics
from src.notifications import service as notifications_service
from src.notifications.constants import Template
from tests import factories
from tests.conftest import Execute, MakeClient, app_for
from tests.http import acting_as, client_of, problem


async def samples(client: AsyncClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    response = await client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


async def test_ping_answers(client: AsyncClient) -> None:
    response = await client.get("/v1/ping")

    assert response.json() == {"status": "success", "message": "pong!"}


async def test_a_live_process_says_so(client: AsyncClient) -> None:
    assert (await client.get("/health/live")).json() == {"status": "live"}


async def test_a_ready_service_names_its_revision(client: AsyncClient) -> None:
    response = await client.get("/health/ready")

    assert response.json() == {"status": "ready", "revision": migrations.head()}


async def test_on_a_newer_schema_the_service_is_ready(
    client: AsyncClient, execute: Execute
) -> None:
    await execute("UPDATE alembic_version SET version_num = 'newer'")

    response = await client.get("/health/ready")

    assert response.json() == {"status": "ready", "revision": "newer"}


async def test_on_an_older_schema_the_service_is_not_ready(
    client: AsyncClient, execute: Execute
) -> None:
    (older, *_) = sorted(migrations.outdated())
    await execute("UPDATE alembic_version SET version_num = %(older)s", older=older)

    response = await client.get("/health/ready")

    problem(response, 503, "not_ready")
    assert response.headers["retry-after"] == "1"
    await execute("DELETE FROM alembic_version")
    problem(await client.get("/health/ready"), 503, "not_ready")


async def test_requests_are_counted_by_operation(make_client: MakeClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    client = await make_client()

    for _ in range(3):
        await client.get("/v1/ping")
    await client.get("/v1/nothing/at/all")
    await client.get(f"/v1/teams/{ann.id}", headers=acting_as(ann))

    counted = await samples(client)

    def total(operation: str, status: str) -> float:
        labels = {("method", "GET"), ("operation", operation), ("status", status)}
        return counted["http_requests_total", frozenset(labels)]

    assert total("ping", "200") == 3
    assert total("unknown", "404") == 1
    assert total("get_team", "404") == 1
    labels = frozenset({("method", "GET"), ("operation", "ping")})
    assert counted["http_request_duration_seconds_count", labels] == 3
    assert not any(str(ann.id) in str(key) for key in counted)


def test_counters_read_as_the_librarys_own() -> None:
    registry = CollectorRegistry()
    requests = Counter(
        "http_requests", "Requests answered.", ["method", "operation", "status"], registry=registry
    )
    durations = Histogram(
        "http_request_duration_seconds",
        "Time from the first byte of a request to the last of its answer.",
        ["method", "operation"],
        buckets=SECONDS,
        registry=registry,
    )
    metrics = Metrics()
    asked = itertools.product(("GET", "PUT"), ("get_me", "ping"), (200, 404, 503))
    for number, (method, operation, status) in enumerate(asked):
        for seconds in (0.0, 0.001, 0.0011, 0.25, 10.0, 11.5, number / 64):
            metrics.observe(method=method, operation=operation, status=status, seconds=seconds)
            requests.labels(method, operation, str(status)).inc()
            durations.labels(method, operation).observe(seconds)

    def read(text: bytes) -> list[str]:
        return [
            re.sub(r"(_created\{.*\}) .*", r"\1", line)
            for line in text.decode().splitlines()
            if "http_request" in line
        ]

    ours = read(metrics.text())
    assert sorted(ours) == sorted(read(generate_latest(registry)))
    assert len(ours) == 100


async def test_what_a_pool_counts_beside_connections_is_shown() -> None:
    class Laned:
        def stats(self) -> dict[str, int]:
            return {
                "pool_size": 3,
                "pool_available": 1,
                "requests_num": 9,
                "statements_waiting": 7,
                "statements_shed": 2,
            }

    pool = cast("Pool", Laned())
    metrics = Metrics()
    metrics.watch(Pools(write=pool, read=pool, deciding=pool, stream=pool))

    text = metrics.text().decode()
    assert 'db_statements_waiting{pool="read"} 7.0' in text
    assert 'db_statements_shed_total{pool="read"} 2.0' in text
    assert 'db_pool_connections{pool="read",state="used"} 2.0' in text
    assert "requests_num" not in text


@pytest.mark.committed
async def test_the_pools_are_counted(settings: Settings, are_compiled: bool) -> None:
    app = app_for(settings, compiled=are_compiled)
    async with app.router.lifespan_context(app), client_of(app) as client:
        await client.get("/health/ready")
        counted = await samples(client)

    pools = {
        dict(labels)["pool"]
        for name, labels in counted
        if name == "db_pool_connections" and ("state", "idle") in labels
    }
    assert pools == {"write", "read", "stream"}


async def test_a_method_of_ones_own_making_does_not_grow_the_metrics(
    make_client: MakeClient,
) -> None:
    client = await make_client()

    before = len(await samples(client))
    for number in range(20):
        await client.request(f"BREW{number}", "/v1/ping")

    assert len(await samples(client)) - before < 60


async def test_the_documentation_is_served_from_here_alone(
    client: AsyncClient,
) -> None:
    page = await client.get("/docs")

    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe-eval'" not in policy
    assert "script-src 'self';" in policy
    assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(assets) >= 3
    for asset in assets:
        assert asset.startswith("/docs/assets/")
        response = await client.get(asset)
        assert response.status_code == 200, asset
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["../main.py", "..%2fmain.py", "%2e%2e/%2e%2e/main.py", "//etc"])
async def test_the_documentation_serves_nothing_else(client: AsyncClient, path: str) -> None:
    response = await client.get(f"/docs/assets/{path}")

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


async def test_the_document_is_served(app: FastAPI, client: AsyncClient) -> None:
    response = await client.get("/openapi.json")

    assert response.json() == app.openapi()


@pytest.mark.parametrize("path", ["/env", "/v1/env", "/debug", "/redoc"])
async def test_there_is_no_window_into_the_process(client: AsyncClient, path: str) -> None:
    problem(await client.get(path), 404, "not_found")


async def test_messages_that_wait_and_those_given_up_are_counted(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    for address in ("ann", "bob", "cy"):
        await notifications_service.send_mail(
            conn,
            factories.SEALER,
            template=Template.LOGIN_CODE,
            to=f"{address}@example.org",
            locale="en",
            params={"code": "927461"},
        )
    await execute("UPDATE message SET created_at = now() - interval '90 seconds'")
    await execute("UPDATE message SET state = 'dead' WHERE recipient = 'cy@example.org'")

    counted = await samples(client)

    assert counted["messages_queued", frozenset()] == 2
    assert counted["messages_oldest_queued_seconds", frozenset()] == 90
    assert counted["messages_dead", frozenset()] == 1
    assert not any("example.org" in str(key) for key in counted)


@pytest.mark.committed
async def test_without_its_database_a_process_still_tells_its_own_counters(
    settings: Settings, are_compiled: bool
) -> None:
    lost = SecretStr("postgresql://nobody@127.0.0.1:1/none")
    away = settings.model_copy(update={"database": DatabaseSettings(url=lost)})
    app = app_for(away, compiled=are_compiled)
    async with app.router.lifespan_context(app), client_of(app) as client:
        counted = await samples(client)

    assert ("log_lines_dropped_total", frozenset()) in counted
    assert ("messages_dead", frozenset()) not in counted
