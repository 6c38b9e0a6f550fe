import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from typing_extensions import override

from src.database import Connection
from src.main import create_app
from tests import factories
from tests.conftest import settings_for
from tests.http import acting_as, client_of, problem


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
    url: str, conn: Connection, collector: Collector
) -> None:
    ann = await factories.user(conn)
    settings = settings_for(url, otel_exporter_otlp_traces_endpoint=collector.url)
    app = create_app(settings)

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
    assert any("SELECT" in str(span) for span in statements)
    assert not any("health" in span.name for span in collector.spans())
    assert ann.access_token not in str(collector.spans())


@pytest.mark.committed
async def test_a_callers_trace_is_joined(url: str, collector: Collector) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    settings = settings_for(url, otel_exporter_otlp_traces_endpoint=collector.url)
    app = create_app(settings)

    async with app.router.lifespan_context(app), client_of(app) as client:
        headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        response = await client.get("/v1/nothing", headers=headers)

    assert response.json()["trace_id"] == trace
    (span,) = [span for span in collector.spans() if span.kind == Span.SPAN_KIND_SERVER]
    assert span.trace_id.hex() == trace
    assert span.parent_span_id.hex() == "00f067aa0ba902b7"


@pytest.mark.slow
@pytest.mark.committed
async def test_a_collector_that_is_away_does_no_harm(url: str) -> None:
    settings = settings_for(url, otel_exporter_otlp_traces_endpoint="http://127.0.0.1:9/v1/traces")
    app = create_app(settings)

    async with app.router.lifespan_context(app), client_of(app) as client:
        assert (await client.get("/v1/ping")).status_code == 200
