import asyncio
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from typing_extensions import override

from src import tracing
from src.database import Connection
from tests import factories
from tests.conftest import app_for, settings_for
from tests.http import acting_as, client_of, problem

Traced = Callable[..., Awaitable[tuple[Response, list[Span]]]]


class Collector:
    """A receiver of traces over OTLP/HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.bodies: list[bytes] = []

    def spans(self) -> list[Span]:
        spans: list[Span] = []
        for body in self.bodies:
            request = ExportTraceServiceRequest.FromString(body)
            for resource in request.resource_spans:
                attributes = {
                    entry.key: entry.value.string_value for entry in resource.resource.attributes
                }
                assert attributes["service.name"] == "core-api"
                for scope in resource.scope_spans:
                    spans += scope.spans
        return spans


@pytest.fixture
def collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            made.bodies.append(self.rfile.read(length))
            self.send_response(200)
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Collector(f"http://127.0.0.1:{server.server_port}/v1/traces")
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.mark.committed
async def test_a_request_and_its_statements_are_one_trace(
    url: str, are_compiled: bool, conn: Connection, collector: Collector
) -> None:
    ann = await factories.user(conn)
    settings = settings_for(url, otel_exporter_otlp_traces_endpoint=collector.url)
    app = app_for(settings, compiled=are_compiled)

    async with app.router.lifespan_context(app), client_of(app) as client:
        response = await client.get(f"/v1/teams/{ann.id}", headers=acting_as(ann))
        await client.get("/health/live")

    body = problem(response, 404, "team_not_found")
    spans = [span for span in collector.spans() if span.trace_id.hex() == body["trace_id"]]
    kinds = {span.kind for span in spans}
    assert kinds == {Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT}
    (served,) = [span for span in spans if span.kind == Span.SPAN_KIND_SERVER]
    assert served.name == "GET /v1/teams/{team_id}"
    statements = [span for span in spans if span.kind == Span.SPAN_KIND_CLIENT]
    assert {span.parent_span_id for span in statements} == {served.span_id}
    (found,) = [span for span in statements if span.name.startswith("src.teams.service.")]
    assert attributes(found) == {
        "db.system.name": "postgresql",
        "db.query.summary": found.name,
    }
    assert found.status.code == Status.STATUS_CODE_UNSET
    assert not any("health" in span.name for span in collector.spans())
    assert ann.access_token not in str(collector.spans())


@pytest.mark.committed
async def test_a_callers_trace_is_joined(
    url: str, are_compiled: bool, collector: Collector
) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    settings = settings_for(url, otel_exporter_otlp_traces_endpoint=collector.url)
    app = app_for(settings, compiled=are_compiled)

    async with app.router.lifespan_context(app), client_of(app) as client:
        headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        response = await client.get("/v1/nothing", headers=headers)

    assert response.json()["trace_id"] == trace
    (span,) = [span for span in collector.spans() if span.kind == Span.SPAN_KIND_SERVER]
    assert span.trace_id.hex() == trace
    assert span.parent_span_id.hex() == "00f067aa0ba902b7"


@pytest.fixture
def traced(url: str, are_compiled: bool, collector: Collector) -> Traced:
    """Ask a traced service, sampling at a rate, and see the spans that it has sent."""

    async def ask(
        path: str, rate: float = 1, *, method: str = "GET", **headers: str
    ) -> tuple[Response, list[Span]]:
        settings = settings_for(
            url,
            otel_exporter_otlp_traces_endpoint=collector.url,
            otel_traces_sampler_arg=rate,
        )
        app = app_for(settings, compiled=are_compiled)
        app.add_api_route("/work/{kind}", work)
        async with app.router.lifespan_context(app), client_of(app) as client:
            response = await client.request(method, path, headers=headers)
        return response, collector.spans()

    return ask


async def work(kind: str) -> dict[str, str]:
    """Run two statements, as `@sql` does; `broken` fails in the second, `defect` after it."""
    await run("first")
    await run("second", fails=kind == "broken")
    if kind == "defect":
        raise RuntimeError("canary in a message")
    return {}


async def run(statement: str, *, fails: bool = False) -> None:
    if (span := tracing.begin(statement)) is None:
        return
    await asyncio.sleep(0)
    try:
        if fails:
            raise Refused("canary in a message")
    except Refused as exc:
        tracing.end(span, exc)
        raise
    tracing.end(span)


class Refused(Exception):
    sqlstate = "23505"


def attributes(span: Span) -> dict[str, Any]:
    return {
        entry.key: entry.value.int_value or entry.value.string_value for entry in span.attributes
    }


def served(spans: list[Span]) -> Span:
    (span,) = [span for span in spans if span.kind == Span.SPAN_KIND_SERVER]
    return span


@pytest.mark.committed
async def test_a_span_says_what_was_asked_and_answered(traced: Traced) -> None:
    _, spans = await traced("/work/well?email=ann@example.org", authorization="Bearer canary")

    assert served(spans).name == "GET /work/{kind}"
    assert attributes(served(spans)) == {
        "http.request.method": "GET",
        "url.path": "/work/well",
        "url.scheme": "http",
        "http.route": "/work/{kind}",
        "http.response.status_code": 200,
    }
    assert served(spans).status.code == Status.STATUS_CODE_UNSET
    first, second = (span for span in spans if span.kind == Span.SPAN_KIND_CLIENT)
    assert (first.name, second.name) == ("first", "second")
    for span in (first, second):
        assert span.parent_span_id == served(spans).span_id
        assert span.trace_id == served(spans).trace_id
    assert served(spans).start_time_unix_nano <= first.start_time_unix_nano
    assert first.end_time_unix_nano <= second.start_time_unix_nano
    assert second.end_time_unix_nano <= served(spans).end_time_unix_nano
    assert "canary" not in str(spans)
    assert "ann@" not in str(spans)


@pytest.mark.committed
async def test_a_failure_shows_its_kind_and_not_its_text(traced: Traced) -> None:
    _, spans = await traced("/work/broken")

    failed = next(span for span in spans if span.name == "second")
    assert attributes(failed)["error.type"] == "Refused"
    assert attributes(failed)["db.response.status_code"] == "23505"
    assert failed.status.code == Status.STATUS_CODE_ERROR
    assert "canary" not in str(spans)


@pytest.mark.committed
async def test_a_defect_shows_its_kind_and_not_its_text(traced: Traced) -> None:
    response, spans = await traced("/work/defect")

    assert response.status_code == 500
    assert attributes(served(spans))["error.type"] == "RuntimeError"
    assert served(spans).status.code == Status.STATUS_CODE_ERROR
    assert "canary" not in str(spans)


@pytest.mark.committed
@pytest.mark.parametrize(
    ("rate", "flags", "is_traced"),
    [(0, None, False), (1, None, True), (0, "01", True), (1, "00", False), (0, "03", True)],
)
async def test_the_caller_chooses_else_the_sampler(
    traced: Traced, rate: float, flags: str | None, is_traced: bool
) -> None:
    caller = f"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}"
    headers: dict[str, str] = {} if flags is None else {"traceparent": caller}

    _, spans = await traced("/work/well", rate, **headers)

    assert len(spans) == (3 if is_traced else 0)


@pytest.mark.committed
async def test_a_share_of_requests_is_traced(
    url: str, are_compiled: bool, collector: Collector
) -> None:
    app = app_for(
        settings_for(
            url,
            otel_exporter_otlp_traces_endpoint=collector.url,
            otel_traces_sampler_arg=0.25,
        ),
        compiled=are_compiled,
    )
    async with app.router.lifespan_context(app), client_of(app) as client:
        for _ in range(400):
            await client.get("/v1/ping")

    assert 50 < len(collector.spans()) < 150


@pytest.mark.committed
@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
async def test_watching_leaves_no_trace(traced: Traced, path: str) -> None:
    caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    _, spans = await traced(path, traceparent=caller)

    assert spans == []


@pytest.mark.committed
async def test_a_head_and_a_method_of_ones_own_are_named(traced: Traced) -> None:
    _, spans = await traced("/v1/ping", method="HEAD")
    assert attributes(served(spans))["http.request.method"] == "HEAD"

    _, spans = await traced("/v1/ping", method="BREW")
    assert [attributes(span)["http.request.method"] for span in spans] == ["HEAD", "_OTHER"]
    assert spans[1].name == "HTTP /v1/ping"


@pytest.mark.committed
async def test_requests_at_the_same_time_are_traces_of_their_own(
    url: str, are_compiled: bool, collector: Collector
) -> None:
    settings = settings_for(url, otel_exporter_otlp_traces_endpoint=collector.url)
    app = app_for(settings, compiled=are_compiled)
    app.add_api_route("/work/{kind}", work)
    async with app.router.lifespan_context(app), client_of(app) as client:
        await asyncio.gather(*(client.get("/work/well") for _ in range(10)))

    by_trace: dict[bytes, list[str]] = {}
    for span in collector.spans():
        by_trace.setdefault(span.trace_id, []).append(span.name)
    assert len(by_trace) == 10
    assert {tuple(sorted(names)) for names in by_trace.values()} == {
        ("GET /work/{kind}", "first", "second")
    }


def test_without_a_request_there_is_no_span() -> None:
    assert tracing.begin("src.teams.service.get") is None


def test_a_service_without_traces_does_not_load_what_sends_them() -> None:
    code = "import sys, src.main; print([name for name in sys.modules if '.sdk' in name])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "[]\n"


@pytest.mark.slow
@pytest.mark.committed
async def test_a_collector_that_is_away_does_no_harm(url: str, are_compiled: bool) -> None:
    settings = settings_for(url, otel_exporter_otlp_traces_endpoint="http://127.0.0.1:9/v1/traces")
    app = app_for(settings, compiled=are_compiled)

    async with app.router.lifespan_context(app), client_of(app) as client:
        assert (await client.get("/v1/ping")).status_code == 200
