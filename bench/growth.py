"""`just bench-growth`: what the same requests cost as the tables grow.

One service a size, on one server, and rounds that visit every size: what disturbs the machine
disturbs them all.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from bench import contest, dataset, endpoints, postgres, service, statements
from bench.contest import Pace
from bench.dataset import Size
from bench.endpoints import Callers, Endpoint
from bench.figures import Sample
from bench.postgres import Server
from bench.processes import BenchError
from bench.service import Api, Running
from bench.statements import Probe, as_sql

ENDPOINTS = ("read", "read_team", "list", "create", "submit", "refresh")
SIZES = (10_000, 1_000_000, 5_000_000)
SMALL_SIZES = (1_000, 10_000, 100_000)
LIMIT = 1.3
_CLONED_MAX = 1_000_000
_BYTES = 5_000
"""Of disk a submission with its answers, its user and the user's session, at the most."""
_LOG_BYTES = 8_000_000_000
"""Of the write-ahead log."""
_ROOM = 1.3

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Cost:
    """What an endpoint costs at a size: CPU in µs a request of API and PostgreSQL together.

    The ratios are to the smallest size: medians over the rounds.
    """

    endpoint: str
    size: int
    rate: float
    p50: float
    cpu_us: float
    cpu_ratio: float
    p50_ratio: float

    @property
    def is_steep(self) -> bool:
        return self.cpu_ratio > LIMIT or self.p50_ratio > LIMIT


@dataclass(frozen=True, slots=True)
class Level:
    """A size with its database, a service on it, and the requests for it."""

    size: int
    database: str
    running: Running
    endpoints: dict[str, Endpoint]


def size_of(count: int) -> Size:
    """That many users and submissions, and a tenth of the teams."""
    return Size(f"grown{count}", max(count, 2_000), max(count // 10, 300), count)


def check_room(server: Server, sizes: Sequence[int]) -> None:
    """Raise BenchError where the disk could fill up."""
    with psycopg.connect(server.url) as conn:
        there = {name for (name,) in conn.execute("SELECT datname FROM pg_database")}
    new = sum(n for n in sizes if dataset.seed_name(size_of(n)) not in there)
    copied = sum(n for n in sizes if n <= _CLONED_MAX)
    need = _ROOM * ((new + copied) * _BYTES + _LOG_BYTES)
    free = shutil.disk_usage(server.directory).free
    if free < need:
        raise BenchError(
            f"these sizes need {need / 1e9:.0f} GB of disk, and there are {free / 1e9:.0f} GB:"
            " choose others with --sizes"
        )


@contextmanager
def levels(
    server: Server, sizes: Sequence[int], directory: Path, connections: int, say: Say
) -> Iterator[list[Level]]:
    """Every size up and running, with people signed in."""
    check_room(server, sizes)
    with ExitStack() as stack:
        found: list[Level] = []
        for count in sorted(sizes):
            size = size_of(count)
            template, ids = dataset.seeded(server, size, directory / "seed.log", say)
            name = f"bench_{size.name}" if count <= _CLONED_MAX else template
            if count <= _CLONED_MAX:
                stack.enter_context(postgres.clone(server, template, name))
            url = server.url_of(name)
            with psycopg.connect(url) as conn:
                conn.execute("DELETE FROM signing_key")  # of an earlier run, sealed by its secret
            log = directory / f"{size.name}.log"
            running = stack.enter_context(service.serving(url, log))
            with Api(running.port) as api:
                callers = Callers(api, url, size)
                made = {
                    each: endpoints.MAKERS[each](callers, ids, connections) for each in ENDPOINTS
                }
            found.append(Level(count, name, running, made))
        yield found


def costs(found: Sequence[Level], pace: Pace, postgres_pid: int, say: Say) -> list[Cost]:
    """The cost of every endpoint at every size."""
    result: list[Cost] = []
    for name in ENDPOINTS:
        samples: dict[int, list[Sample]] = {level.size: [] for level in found}
        for number in range(pace.rounds):
            shift = number % len(found)
            for level in [*found[shift:], *found[:shift]]:
                endpoint = level.endpoints[name]
                window = contest.measure(endpoint, level.running, pace, postgres_pid)
                samples[level.size].append(contest.sample(window, endpoint.expected))
                if samples[level.size][-1].errors:
                    raise BenchError(f"{name} at {level.size}: {window.statuses}")
                say(f"  {name} round {number + 1} at {level.size:,}: {window.rate:,.0f}/s")
        result += compared(name, samples)
    return result


def compared(endpoint: str, samples: dict[int, list[Sample]]) -> list[Cost]:
    """The costs of one endpoint, each round against the smallest size in the same round."""
    base = samples[min(samples)]
    return [
        Cost(
            endpoint=endpoint,
            size=size,
            rate=median(each.rate for each in own),
            p50=median(each.p50 or 0.0 for each in own),
            cpu_us=median(_cpu(each) for each in own),
            cpu_ratio=median(_cpu(o) / _cpu(b) for o, b in zip(own, base, strict=True)),
            p50_ratio=median(
                (o.p50 or 0.0) / (b.p50 or 1.0) for o, b in zip(own, base, strict=True)
            ),
        )
        for size, own in sorted(samples.items())
    ]


def _cpu(sample: Sample) -> float:
    return (sample.api_us or 0.0) + (sample.postgres_us or 0.0)


def explained(level: Level, endpoint: str, server: Server) -> list[str]:
    """The plans of an endpoint's statements, run on real values and rolled back."""
    probe = statements.probes(
        level.endpoints[endpoint], level.running.port, server, level.database
    )[0]
    plans: list[str] = []
    with psycopg.connect(server.url_of(level.database)) as conn:
        for text in _explainable(probe):
            cursor = conn.cursor()
            # A text of the service's own, with values that it has sent.
            query: Any = f"EXPLAIN (ANALYZE, BUFFERS) {text}"
            cursor.execute(query)
            plan = "\n".join(str(row[0]) for row in cursor.fetchall())
            plans.append(f"{text}\n{plan}")
        conn.rollback()
    return plans


def _explainable(probe: Probe) -> list[str]:
    made = "'01900000-0000-4000-8000-00000000000{number}'"
    texts = [as_sql(sent, probe.fresh, made) for sent in probe.statements]
    verbs = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")
    return [text for text in texts if text.lstrip().upper().startswith(verbs)]
