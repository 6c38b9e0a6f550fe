"""Traces: spans of requests and statements, sent over OTLP/HTTP when an endpoint is set.

Without an endpoint nothing is instrumented, and costs nothing; every request still has a trace id,
the caller's (`traceparent`) or a new one, on its log lines and in its problems.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import trace

from src.config import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI
    from opentelemetry.sdk.trace.export import SpanExporter

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_NO_TRACE = "0" * 32
SERVICE_NAME = "core-api"


def trace_id(traceparent: bytes | None) -> str:
    """The id of the current trace: the span's, else the caller's, else a new one."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        return trace.format_trace_id(context.trace_id)
    match = _TRACEPARENT.fullmatch(traceparent or b"")
    if match and match[1].decode() != _NO_TRACE:
        return match[1].decode()
    return secrets.token_hex(16)


@contextmanager
def instrumented(
    app: "FastAPI", settings: Settings, exporter: "SpanExporter | None" = None
) -> Iterator[None]:
    """Trace `app` and its statements for the length of the block, if an endpoint is set.

    What is collected by then is sent when the block ends.
    """
    endpoint = settings.otel_exporter_otlp_traces_endpoint
    if endpoint is None and exporter is None:
        yield
        return
    # Imported here: half a second that a service without traces need not spend.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor  # noqa: PLC0415
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415

    provider = TracerProvider(
        resource=Resource.create({"service.name": SERVICE_NAME}),
        sampler=ParentBased(TraceIdRatioBased(settings.otel_traces_sampler_arg)),
    )
    provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter(endpoint=endpoint)))
    statements = PsycopgInstrumentor()
    statements.instrument(tracer_provider=provider)
    FastAPIInstrumentor.instrument_app(
        app,
        tracer_provider=provider,
        excluded_urls="health/.*,metrics",
        exclude_spans=["receive", "send"],
    )
    try:
        yield
    finally:
        FastAPIInstrumentor.uninstrument_app(app)
        statements.uninstrument()
        provider.shutdown()
