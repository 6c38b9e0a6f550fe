"""Two smaller questions: what being watched costs, and what a crowd does to the service."""

import os
import resource
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from bench import contest, load, processes, service
from bench.contest import Pace, Say
from bench.endpoints import Endpoint
from bench.figures import Sample
from bench.load import Plan, Window
from bench.service import Running

AS_SHIPPED = "as shipped: access log, no traces"


@contextmanager
def watched(url: str, directory: Path) -> Iterator[dict[str, Running]]:
    """The service on a database in five ways: with and without its log lines, and with traces."""
    port = processes.free_port()
    sink = [sys.executable, "-m", "bench.sink", str(port)]
    traces = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"http://127.0.0.1:{port}/v1/traces"}
    ways: dict[str, Mapping[str, str]] = {
        AS_SHIPPED: {},
        "no access log": {"LOG__LEVEL": "WARNING"},
        **{
            f"traces of {share:.0%}": {**traces, "OTEL_TRACES_SAMPLER_ARG": str(share)}
            for share in (0.0, 0.01, 1.0)
        },
    }
    with ExitStack() as stack:
        stack.enter_context(
            processes.server(sink, port=port, environ=os.environ, log=directory / "sink.log")
        )
        yield {
            way: stack.enter_context(service.serving(url, directory / f"way{number}.log", settings))
            for number, (way, settings) in enumerate(ways.items())
        }


def watching(
    ways: Mapping[str, Running], endpoint: Endpoint, pace: Pace, postgres_pid: int, say: Say
) -> dict[str, list[Sample]]:
    """The samples of each way, one a round."""
    samples: dict[str, list[Sample]] = {way: [] for way in ways}
    names = list(ways)
    for number in range(pace.rounds):
        shift = number % len(names)
        for way in names[shift:] + names[:shift]:
            window = contest.measure(endpoint, ways[way], pace, postgres_pid)
            samples[way].append(contest.sample(window, endpoint.expected))
            say(f"  round {number + 1} {way}: {window.rate:,.0f}/s")
    return samples


def crowd(
    running: Running, endpoint: Endpoint, connections: int, seconds: float, postgres_pid: int
) -> tuple[Window, float]:
    """That many connections at once; returns what came of it, and the service's memory in MB."""
    allow_files(2 * connections + 200)
    window = load.run(
        Plan(
            port=running.port,
            requests=endpoint.requests,
            expected=endpoint.expected,
            connections=connections,
            seconds=seconds,
            warmup=2.0,
            api_pid=running.pid,
            postgres_pid=postgres_pid,
        )
    )
    return window, psutil.Process(running.pid).memory_info().rss / 2**20


def allow_files(count: int) -> None:
    """Let this process and those it starts have that many open files, if the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        most = count if hard == resource.RLIM_INFINITY else min(count, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
