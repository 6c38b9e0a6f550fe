"""Traces: spans of requests and statements, sent over OTLP/HTTP when an endpoint is set.

A span of a request is made in `RequestContext`, one of a statement where `@sql` runs it. Whether a
request is traced is decided before anything else is done: the others, and all of them without an
endpoint, cost nothing; every request still has a trace id, the caller's (`traceparent`) or a new
one, on its log lines and in its problems.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from src import security
from src.config import Settings
from src.exceptions import CoreError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

SERVICE_NAME = "core-api"

_TRACEPARENT = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})"
)
_SAMPLED = 1
_RANDOM_BITS = 64
"""Of a trace id, those by which services agree on whom to sample."""
_METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
)
_SERVER_ERROR = 500


class Parent(NamedTuple):
    """The caller's span, in W3C's hexadecimal ids."""

    trace_id: str
    span_id: str
    is_sampled: bool


class Span:
    """Something under way in a trace that is exported; times are nanoseconds since 1970."""

    __slots__ = ("attributes", "error", "is_server", "name", "parent", "span_id", "start", "trace")

    def __init__(
        self, name: str, trace: int, parent: int | None, attributes: dict[str, Any]
    ) -> None:
        self.name = name
        self.trace = trace
        self.parent = parent
        self.span_id = secrets.randbits(64) or 1
        self.start = time.time_ns()
        self.is_server = False
        self.attributes = attributes
        self.error: str | None = None


current: ContextVar[Span | None] = ContextVar("current_span", default=None)
"""The span of the request under way, if it is traced."""


class _Export(NamedTuple):
    bound: int
    """Traces whose random bits are below it are sampled."""
    templates: Mapping[str, str]
    """The path of each operation, `/v1/teams/{team_id}`."""
    send: Callable[[Span], None]


_export: _Export | None = None


def parent(traceparent: bytes) -> Parent | None:
    """The caller's span, if that is what the header says."""
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None:
        return None
    trace_id, span_id, flags = match.groups()
    return Parent(trace_id.decode(), span_id.decode(), bool(int(flags, 16) & _SAMPLED))


def new_trace_id() -> str:
    return next(_trace_ids)


def _random_ids() -> Iterator[str]:
    """Trace ids; the system is asked for a thousand at a time."""
    while True:
        block = secrets.token_hex(16 * 1024)
        yield from (block[start : start + 32] for start in range(0, len(block), 32))


_trace_ids = _random_ids()


def begin_request(
    scope: Mapping[str, Any], method: str, trace_id: str, caller: Parent | None
) -> Span | None:
    """The span of a request, if it is traced: its caller's choice, else the sampler's.

    `method` is the one sent. The span ends with `end_request`.
    """
    if _export is None:
        return None
    if caller is not None:
        is_sampled = caller.is_sampled
    else:
        is_sampled = int(trace_id, 16) % (1 << _RANDOM_BITS) < _export.bound
    path: str = scope["path"]
    if not is_sampled or path.startswith("/health/") or path == "/metrics":
        return None
    span = Span(
        method if method in _METHODS else "HTTP",
        int(trace_id, 16),
        int(caller.span_id, 16) if caller else None,
        {
            "http.request.method": method if method in _METHODS else "_OTHER",
            "url.path": security.without_tokens(path),
            "url.scheme": scope.get("scheme", "http"),
        },
    )
    span.is_server = True
    return span


def end_request(span: Span, operation: str, status: int) -> None:
    """End a request's span; `operation` is the name of its route, if one was found."""
    if _export is None:
        return
    if template := _export.templates.get(operation):
        span.name = f"{span.name} {template}"
        span.attributes["http.route"] = template
    span.attributes["http.response.status_code"] = status
    if status >= _SERVER_ERROR and span.error is None:
        span.error = str(status)
    _export.send(span)


def fail_request(error: BaseException) -> None:
    """Note on the request's span, if there is one, what kind of defect it met."""
    if (span := current.get()) is not None:
        span.error = type(error).__qualname__


def begin(statement: str) -> Span | None:
    """The span of a statement, if the request under way is traced. It ends with `end`."""
    if (request := current.get()) is None:
        return None
    attributes = {"db.system.name": "postgresql", "db.query.summary": statement}
    return Span(statement, request.trace, request.span_id, attributes)


def end(span: Span, error: BaseException | None = None) -> None:
    """End a statement's span. Of an error only the kind is told, never the text.

    That there is no such row is an answer, not an error of the statement.
    """
    is_answer = isinstance(error, CoreError) and error.__cause__ is None
    if error is not None and not is_answer:
        span.error = type(error).__qualname__
        # What the database said is the cause of what we make of it.
        for exc in (error, error.__cause__):
            if isinstance(state := getattr(exc, "sqlstate", None), str):
                span.attributes["db.response.status_code"] = state
    if _export is not None:
        _export.send(span)


@contextmanager
def instrumented(
    templates: Callable[[], Mapping[str, str]],
    settings: Settings,
    exporter: "SpanExporter | None" = None,
) -> Iterator[None]:
    """Trace requests and statements for the length of the block, if an endpoint is set.

    `templates` tells the path of each operation. What is collected by then is sent when the block
    ends.
    """
    endpoint = settings.otel_exporter_otlp_traces_endpoint
    if endpoint is None and exporter is None:
        yield
        return
    # Imported here: half a second that a service without traces need not spend.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": SERVICE_NAME}))
    scope = InstrumentationScope(SERVICE_NAME)
    sampled = TraceFlags(TraceFlags.SAMPLED)
    unset, failed = Status(StatusCode.UNSET), Status(StatusCode.ERROR)
    processor = BatchSpanProcessor(exporter or OTLPSpanExporter(endpoint=endpoint))
    provider.add_span_processor(processor)

    def send(span: Span) -> None:
        if span.error is not None:
            span.attributes["error.type"] = span.error
        parent = None
        if span.parent is not None:
            parent = SpanContext(span.trace, span.parent, span.is_server, trace_flags=sampled)
        processor.on_end(
            ReadableSpan(
                span.name,
                SpanContext(span.trace, span.span_id, is_remote=False, trace_flags=sampled),
                parent,
                provider.resource,
                span.attributes,
                kind=SpanKind.SERVER if span.is_server else SpanKind.CLIENT,
                status=unset if span.error is None else failed,
                start_time=span.start,
                end_time=time.time_ns(),
                instrumentation_scope=scope,
            )
        )

    global _export  # noqa: PLW0603
    before = _export
    _export = _Export(
        bound=round(settings.otel_traces_sampler_arg * (1 << _RANDOM_BITS)),
        templates=templates(),
        send=send,
    )
    try:
        yield
    finally:
        _export = before
        provider.shutdown()
