"""Two more questions: what a slow statement does to the others, and what many routes cost."""

import http.client
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from bench import contest, service
from bench.altered import ROUTES_SETTING, SLOW_PATH
from bench.contest import Pace, Say
from bench.endpoints import Endpoint
from bench.figures import Sample
from bench.service import Running

MODULE = "bench.altered"
ALONE, BESIDE = "alone", "beside a statement of a second"


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


def p99_ratio(samples: Mapping[str, list[Sample]]) -> float:
    """How many times longer the slowest hundredth takes beside the slow statement: the median."""
    pairs = zip(samples[ALONE], samples[BESIDE], strict=True)
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
