"""Lines on their way to a stream or a file: buffered by whoever logs, written by a thread.

Nobody waits for a disk or a pipe. While one stalls the buffer fills up, and what does not fit any
more is dropped and counted. Only an error waits, a moment, until it has been written.
"""

import io
import itertools
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, Protocol, TextIO, TypeVar

from typing_extensions import override

from src.constants import MIB

T = TypeVar("T")

_ROOM = 10_000
"""Lines that wait at a time; a second of full load is more."""
_BATCH = 200
"""Lines after which they are written at once: small enough to hold the interpreter for less than
a millisecond."""
_DELAY = 0.25
"""Seconds after which fewer are written too."""
_ERROR_PATIENCE = 0.5
"""Seconds that an error waits to be written."""
_CLOSE_PATIENCE = 1.0
_FILES = 3
"""Full files that are kept."""


class Sink(Protocol):
    """Where lines end up."""

    def write(self, data: bytes) -> None:
        """Write whole lines; it may block, and raise."""
        ...

    def close(self) -> None: ...


class LineHandler(logging.Handler, Generic[T]):
    """Has a thread write records, and the lines that `render` makes of what was `put`, to `sink`.

    It owns the sink.
    """

    def __init__(
        self, sink: Sink, formatter: logging.Formatter, render: Callable[[T], str]
    ) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._sink = sink
        self._render = render
        self._waiting: deque[str | T | threading.Event] = deque()
        """Finished lines, values to be rendered, and marks that somebody waits for."""
        self._some = threading.Event()
        self._enough = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closing = self._is_stalled = False
        self._refused = self._failed = 0  # each counted by one side, so that none is lost

    @property
    def dropped(self) -> int:
        """How many lines were not written."""
        return self._refused + self._failed

    def put(self, line: str | T) -> None:
        """Have a line written soon, or dropped if too many wait. It never blocks."""
        waiting = self._waiting
        if len(waiting) >= _ROOM:
            self._refused += 1
            return
        waiting.append(line)
        if self._is_closing:  # said at the very end: there is no thread any more
            if not self._is_stalled:
                self._drain()
        elif not self._some.is_set():
            self._wake()
        elif len(waiting) >= _BATCH and not self._enough.is_set():
            self._enough.set()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record) + "\n"
        except Exception:  # a line that cannot be made must not fail what it speaks of
            self.handleError(record)
            return
        if record.levelno < logging.ERROR:
            self.put(line)
            return
        if len(self._waiting) >= _ROOM:
            with suppress(IndexError):
                self._waiting.popleft()
                self._refused += 1
        self.put(line)
        if not self._is_stalled:
            self._is_stalled = not self.written(_ERROR_PATIENCE)

    def written(self, patience: float) -> bool:
        """Wait until all lines so far are written; False if that took longer."""
        if self._thread is None or not self._thread.is_alive():
            self._drain()
            return True
        done = threading.Event()
        self._waiting.append(done)
        self._enough.set()
        self._wake()
        return done.wait(patience)

    @override
    def flush(self) -> None:
        self.written(_CLOSE_PATIENCE)

    @override
    def close(self) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        if (thread := self._thread) is not None:
            self._enough.set()
            self._some.set()
            thread.join(_CLOSE_PATIENCE)
            self._is_stalled = thread.is_alive()
        if not self._is_stalled:
            self._drain()
            self._sink.close()
        super().close()

    def _wake(self) -> None:
        self._some.set()
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="log", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while not self._is_closing:
            self._some.wait()
            self._enough.wait(_DELAY)
            self._some.clear()  # first this, then look: what comes now wakes us again
            self._enough.clear()
            self._drain()

    def _drain(self) -> None:
        """Write what waits by now: what comes meanwhile makes a batch of its own."""
        left = len(self._waiting)
        while left > 0:
            lines: list[str] = []
            marks: list[threading.Event] = []
            with suppress(IndexError):  # an error may have taken a place
                for _ in range(min(left, _BATCH)):
                    self._take(self._waiting.popleft(), lines, marks)
            left -= _BATCH
            try:
                if lines:
                    self._sink.write("".join(lines).encode(errors="backslashreplace"))
            except Exception:  # there is no place left to say so
                self._failed += len(lines)
            self._is_stalled = False
            for mark in marks:
                mark.set()

    def _take(
        self, item: str | T | threading.Event, lines: list[str], marks: list[threading.Event]
    ) -> None:
        if isinstance(item, threading.Event):
            marks.append(item)
        elif isinstance(item, str):
            lines.append(item)
        else:
            try:
                lines.append(self._render(item))
            except Exception:
                self._failed += 1


def dropped() -> int:
    """How many lines of this process were not written."""
    handlers: list[Any] = logging.getLogger().handlers
    return sum(handler.dropped for handler in handlers if isinstance(handler, LineHandler))


class Stream:
    """A text stream, such as standard error; it is not ours to close."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        try:
            self._number: int | None = stream.fileno()
        except (AttributeError, io.UnsupportedOperation):
            self._number = None

    def write(self, data: bytes) -> None:
        if self._number is None:
            self._stream.write(data.decode())
            self._stream.flush()
        else:
            # Past the stream's own lock: a thread that stalls with it would keep us from exiting.
            _write_all(self._number, data)

    def close(self) -> None:
        """Leave the stream open."""


class File:
    """A file that nobody else can read. When it is full it becomes `.1`, that `.2`, and so on."""

    def __init__(self, path: Path, *, max_bytes: int = 50 * MIB) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._number: int | None = self._open()

    def write(self, data: bytes) -> None:
        if self._number is None:
            self._number = self._open()
        size = os.fstat(self._number).st_size
        if size and size + len(data) > self._max_bytes:
            self.close()
            self._put_aside()
            self._number = self._open()
        _write_all(self._number, data)

    def close(self) -> None:
        number, self._number = self._number, None
        if number is not None:
            os.close(number)

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def _put_aside(self) -> None:
        names = [self._path, *(Path(f"{self._path}.{n}") for n in range(1, _FILES + 1))]
        for source, target in reversed(list(itertools.pairwise(names))):
            with suppress(FileNotFoundError):
                source.replace(target)


def _write_all(number: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(number, rest) :]
        except BlockingIOError:  # a pipe that somebody else has made so
            time.sleep(0.01)
