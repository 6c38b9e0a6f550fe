"""The load generator: HTTP/1.1 over keep-alive connections, in a process of its own.

`python -m bench.load FILE` takes a Plan as JSON on its standard input and writes a Window into the
file. It knows the little of HTTP that servers of JSON answer with (Content-Length or chunked, no
trailers), so that it costs less than what it measures; how busy it was is part of the result.
"""

import asyncio
import gc
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import partial
from os import urandom
from pathlib import Path
from typing import cast

import psutil
import uvloop
from typing_extensions import override

from bench.figures import percentile

UUID_MARK, TOKEN_MARK = "{uuid}", "{token}"
_MAX_GRACE = 15.0
"""Seconds in which answers that are still due may come after the window."""
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.I)
_TOKEN = re.compile(rb'"refresh_token" *: *"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send where, and for how long.

    `requests` are whole requests as text; each `{uuid}` in one is replaced by a fresh UUID. They
    are shared out among the connections, which send theirs in turn. Where `tokens` has a text for
    each connection, `{token}` is that text, and then the `refresh_token` of the answer before.
    """

    port: int
    requests: list[str]
    expected: int
    connections: int
    seconds: float
    warmup: float = 0.0
    tokens: list[str] = field(default_factory=list)
    api_pid: int | None = None
    postgres_pid: int | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """What came back. Times in milliseconds, CPU in seconds of all processes of a kind.

    `first` is the body of the answer to the first of `requests`; `tokens` are the last ones.
    `statuses` counts every answer of the window by its status, and `lost` connections.
    """

    answers: int
    seconds: float
    p50: float
    p99: float
    statuses: dict[str, int]
    first: str
    tokens: list[str]
    api_cpu: float
    postgres_cpu: float
    generator_cpu: float

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


def run(plan: Plan) -> Window:
    """Carry out the plan in a process of its own. Raises RuntimeError with what that said."""
    with tempfile.TemporaryDirectory(prefix="core-api-bench-") as directory:
        # A file, since an answer is larger than what a pipe takes at once.
        result = Path(directory) / "window.json"
        done = subprocess.run(  # noqa: S603  (ourselves)
            [sys.executable, "-m", "bench.load", str(result)],
            input=json.dumps(asdict(plan)),
            capture_output=True,
            text=True,
            check=False,
            timeout=plan.warmup + plan.seconds + 4 * _MAX_GRACE,
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        return Window(**json.loads(result.read_text()))


def cpu_seconds(pid: int | None) -> float:
    """CPU time that a process and its children have used so far, those that have ended too."""
    if pid is None:
        return 0.0
    root = psutil.Process(pid)
    total = sum(root.cpu_times()[:4])  # user, system, and both of children that have ended
    for child in root.children(recursive=True):
        try:
            total += sum(child.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total


def fresh_uuid() -> str:
    text = urandom(16).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"


def next_token(answer: bytes) -> str | None:
    """The refresh token that an answer brings, if any."""
    found = _TOKEN.search(answer)
    return found[1].decode() if found else None


class _Run:
    """What the connections share."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.expected = str(plan.expected).encode()
        self.is_measuring = False
        self.is_ending = False
        self.latencies = array("d")
        self.others: Counter[str] = Counter()
        self.first: bytes | None = None
        self.busy = 0
        self.all_idle = asyncio.Event()

    def idle(self) -> None:
        self.busy -= 1
        if not self.busy:
            self.all_idle.set()


class _Connection(asyncio.Protocol):
    """Sends one request, waits for its answer, sends the next."""

    transport: asyncio.Transport

    def __init__(self, run: _Run, requests: Iterable[str], token: str | None) -> None:
        self.run = run
        self.is_first = False
        self.token = token
        self.is_plain = token is None
        self.requests = [_pieces(request) for request in requests]
        self.number = 0
        self.buffer = b""
        self.sent_at = 0.0
        self.is_waiting = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is not registered as one

    def send(self) -> None:
        pieces = self.requests[self.number]
        self.number = (self.number + 1) % len(self.requests)
        if len(pieces) == 1:
            request = pieces[0]
        else:
            out = [pieces[0]]
            for piece in pieces[1:]:
                out += (fresh_uuid().encode(), piece)
            request = b"".join(out)
        if not self.is_plain:
            request = request.replace(TOKEN_MARK.encode(), (self.token or "").encode())
        self.is_waiting = True
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    @override
    def data_received(self, data: bytes) -> None:
        if self.buffer:
            data = self.buffer + data
        head = data.find(b"\r\n\r\n")
        if head >= 0:
            length = _LENGTH.search(data, 0, head)
            if length is not None:
                is_whole = len(data) >= head + 4 + int(length[1])
            elif _CHUNKED.search(data, 0, head):
                is_whole = data.endswith(b"\r\n0\r\n\r\n")
            else:
                is_whole = True
            if is_whole:
                self.buffer = b""
                self._answered(data, head)
                return
        self.buffer = data

    def _answered(self, data: bytes, head: int) -> None:
        run = self.run
        self.is_waiting = False
        if self.is_first:
            run.first = data[head + 4 :]
            self.is_first = False
        status = data[9:12]
        if run.is_measuring:
            run.latencies.append(time.perf_counter() - self.sent_at)
            if status != run.expected:
                run.others[status.decode()] += 1
        if not self.is_plain:
            self.token = next_token(data[head:]) or self.token
        if run.is_ending:
            run.idle()
        else:
            self.send()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self.is_waiting or not self.run.is_ending:
            self.run.others["lost"] += 1
            self.run.idle()


def _same(connection: _Connection) -> _Connection:
    return connection


def _pieces(request: str) -> list[bytes]:
    return [piece.encode() for piece in request.split(UUID_MARK)]


async def _generate(plan: Plan) -> Window:
    run = _Run(plan)
    loop = asyncio.get_running_loop()
    connections: list[_Connection] = []
    for number in range(plan.connections):
        own = plan.requests[number :: plan.connections] or [
            plan.requests[number % len(plan.requests)]
        ]
        token = plan.tokens[number] if plan.tokens else None
        connection = _Connection(run, own, token)
        connection.is_first = number == 0
        await loop.create_connection(partial(_same, connection), "127.0.0.1", plan.port)
        connections.append(connection)
    gc.collect()
    gc.disable()
    run.busy = len(connections)
    for connection in connections:
        connection.send()
    await asyncio.sleep(plan.warmup)
    before = [cpu_seconds(plan.api_pid), cpu_seconds(plan.postgres_pid), _own_cpu()]
    run.is_measuring = True
    started = time.perf_counter()
    await asyncio.sleep(plan.seconds)
    ended = time.perf_counter()
    run.is_measuring, run.is_ending = False, True
    after = [cpu_seconds(plan.api_pid), cpu_seconds(plan.postgres_pid), _own_cpu()]
    if run.busy > 0:
        try:
            await asyncio.wait_for(run.all_idle.wait(), _MAX_GRACE)
        except TimeoutError:
            run.others["unanswered"] += run.busy
    for connection in connections:
        connection.transport.abort()
    latencies = sorted(run.latencies)
    answers = len(latencies) - sum(n for name, n in run.others.items() if name.isdigit())
    api_cpu, postgres_cpu, generator_cpu = (b - a for a, b in zip(before, after, strict=True))
    return Window(
        answers=answers,
        seconds=ended - started,
        p50=1000 * percentile(latencies, 0.50),
        p99=1000 * percentile(latencies, 0.99),
        statuses={str(plan.expected): answers, **run.others},
        first=(run.first or b"").decode(errors="replace"),
        tokens=[connection.token or "" for connection in connections] if plan.tokens else [],
        api_cpu=api_cpu,
        postgres_cpu=postgres_cpu,
        generator_cpu=generator_cpu,
    )


def _own_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    window = uvloop.run(_generate(Plan(**json.load(sys.stdin))))
    Path(sys.argv[1]).write_text(json.dumps(asdict(window)))
