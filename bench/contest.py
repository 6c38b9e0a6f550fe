"""The rounds: every contender once in each, in turn, one under load at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench import content, load
from bench.contenders import PEERS
from bench.endpoints import Endpoint
from bench.figures import OURS, Sample
from bench.load import Plan, Window
from bench.processes import BenchError
from bench.service import Running

Say = Callable[[str], None]
Limit = Callable[[float], Sample]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long it all takes, in seconds and rounds."""

    rounds: int
    seconds: float
    warmup: float


def contest(
    endpoint: Endpoint,
    up: Mapping[str, Running],
    limits: Mapping[str, Limit],
    pace: Pace,
    postgres_pid: int,
    say: Say,
) -> dict[str, list[Sample]]:
    """The samples of each contender, one a round. `limits` take part beside the servers.

    Raises BenchError where a peer's answer says something else than ours.
    """
    servers = [name for name in up if name == OURS or endpoint.name in PEERS[name].endpoints]
    names = [*servers, *limits]
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    for number in range(pace.rounds):
        shift = number % len(names)
        said: dict[str, object] = {}
        for name in names[shift:] + names[:shift]:
            if name in limits:
                samples[name].append(limits[name](pace.seconds))
                continue
            most = PEERS[name].connections if name != OURS else None
            window = measure(endpoint, up[name], pace, postgres_pid, most=most)
            samples[name].append(sample(window, endpoint.expected))
            say(_line(endpoint, name, number, window))
            said[name] = _said(endpoint, name, window)
        _compare(endpoint, said)
    return samples


def measure(
    endpoint: Endpoint,
    running: Running,
    pace: Pace,
    postgres_pid: int,
    *,
    most: int | None = None,
) -> Window:
    """One window on one server, over `most` connections at the most; tokens move on."""
    window = load.run(
        Plan(
            port=running.port,
            requests=endpoint.requests,
            expected=endpoint.expected,
            connections=min(endpoint.connections, most or endpoint.connections),
            seconds=pace.seconds,
            warmup=pace.warmup,
            tokens=endpoint.tokens,
            api_pid=running.pid,
            postgres_pid=postgres_pid,
        )
    )
    if endpoint.tokens:
        endpoint.tokens = window.tokens
    return window


def sample(window: Window, expected: int) -> Sample:
    each = 1e6 / window.answers if window.answers else None
    return Sample(
        rate=window.rate,
        p50=window.p50,
        p99=window.p99,
        api_us=each and each * window.api_cpu,
        postgres_us=each and each * window.postgres_cpu,
        errors=sum(n for status, n in window.statuses.items() if status != str(expected)),
    )


def _said(endpoint: Endpoint, name: str, window: Window) -> object:
    try:
        return content.normal(endpoint.name, window.first)
    except ValueError as exc:
        raise BenchError(
            f"{endpoint.name}, {name}: {window.statuses} {window.first[:500]!r}"
        ) from exc


def _compare(endpoint: Endpoint, said: Mapping[str, object]) -> None:
    for name, answer in said.items():
        if found := content.difference(said[OURS], answer):
            raise BenchError(f"{endpoint.name}: {name} answers otherwise at {found}")


def _line(endpoint: Endpoint, name: str, number: int, window: Window) -> str:
    busy = 100 * window.generator_cpu / window.seconds
    return (
        f"  {endpoint.name} round {number + 1} {name}: {window.rate:,.0f}/s,"
        f" p99 {window.p99:.1f} ms, generator {busy:.0f} % busy"
    )
