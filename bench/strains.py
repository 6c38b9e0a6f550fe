"""More questions: what a slow statement or many logins do to the others, and what routes cost."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from bench import contest, load, service
from bench.altered import ROUTES_SETTING, SLOW_PATH
from bench.contest import Pace, Say
from bench.endpoints import Endpoint
from bench.figures import Sample
from bench.load import Plan, Window
from bench.service import Running

MODULE = "bench.altered"
ALONE, BESIDE, AMID = "alone", "beside a statement of a second", "amid logins"
_BEFORE_SECONDS = 1.5
"""How long logins have come before anything is measured."""


@contextmanager
def slowed(running: Running) -> Iterator[Callable[[], int]]:
    """Run a statement of a second after the other; what is yielded tells how many have ended."""
    stopping, ended = threading.Event(), [0]

    def loop() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
        try:
            while not stopping.is_set():
                connection.request("GET", SLOW_PATH)
                answer = connection.getresponse()
                answer.read()
                ended[0] += answer.status == 200
        finally:
            connection.close()

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield lambda: ended[0]
    finally:
        stopping.set()
        thread.join()


def beside(
    running: Running, endpoint: Endpoint, pace: Pace, postgres_pid: int, say: Say
) -> dict[str, list[Sample]]:
    """The samples of an endpoint alone, and while a statement of a second runs in a loop."""
    samples: dict[str, list[Sample]] = {ALONE: [], BESIDE: []}

    def measured() -> Sample:
        window = contest.measure(endpoint, running, pace, postgres_pid)
        return contest.sample(window, endpoint.expected)

    for number in range(pace.rounds):
        samples[ALONE].append(measured())
        with slowed(running) as ended:
            samples[BESIDE].append(measured())
            slow = ended()
        say(
            f"  {endpoint.name} round {number + 1}: p99 {samples[ALONE][-1].p99:.1f} ms alone,"
            f" {samples[BESIDE][-1].p99:.1f} ms beside {slow} statements of a second"
        )
    return samples


def amid_logins(
    running: Running,
    endpoint: Endpoint,
    logins: Endpoint,
    pace: Pace,
    postgres_pid: int,
    say: Say,
) -> tuple[dict[str, list[Sample]], list[Window]]:
    """The samples of an endpoint while nothing else is asked, and amid logins; and those."""
    samples: dict[str, list[Sample]] = {ALONE: [], AMID: []}
    windows: list[Window] = []

    def measured() -> Sample:
        window = contest.measure(endpoint, running, pace, postgres_pid)
        return contest.sample(window, endpoint.expected)

    flood = Plan(
        port=running.port,
        requests=logins.requests,
        expected=logins.expected,
        connections=logins.connections,
        seconds=pace.warmup + pace.seconds,
        warmup=_BEFORE_SECONDS,
    )
    for number in range(pace.rounds):
        samples[ALONE].append(measured())
        with ThreadPoolExecutor(1) as thread:
            flooding = thread.submit(load.run, flood)
            time.sleep(_BEFORE_SECONDS)
            samples[AMID].append(measured())
            windows.append(flooding.result())
        say(
            f"  {endpoint.name} round {number + 1}: p99 {samples[ALONE][-1].p99:.1f} ms alone,"
            f" {samples[AMID][-1].p99:.1f} ms amid {logins.connections} logins at a time,"
            f" which were answered {windows[-1].statuses}"
        )
    return samples, windows


def p99_ratio(samples: Mapping[str, list[Sample]], beside: str = BESIDE) -> float:
    """How many times longer the slowest hundredth takes beside something: the median."""
    pairs = zip(samples[ALONE], samples[beside], strict=True)
    return median((b.p99 or 0) / (a.p99 or 1) for a, b in pairs)


@contextmanager
def with_routes(url: str, directory: Path, counts: list[int]) -> Iterator[dict[str, Running]]:
    """The service, each time with that many routes that nobody calls."""
    with ExitStack() as stack:
        yield {
            f"{count} routes more": stack.enter_context(
                service.serving(
                    url,
                    directory / f"routes{count}.log",
                    {ROUTES_SETTING: str(count)},
                    module=MODULE,
                )
            )
            for count in counts
        }
