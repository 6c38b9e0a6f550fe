"""What the process counts, as Prometheus reads it at `/metrics`."""

import itertools
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from src import lines
from src.database import Pools

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods counted by name: a caller who makes up methods must not make up counters."""
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds, each included, of the intervals in which durations are counted; one more has the
rest."""
_BOUNDS = [*map(str, SECONDS), "+Inf"]


class _Tally:
    """The requests of one method, operation and status."""

    __slots__ = ("counts", "created", "seconds")

    def __init__(self) -> None:
        self.created = time.time()
        self.seconds = 0.0
        self.counts = [0] * len(_BOUNDS)


_Tallies = dict[tuple[str, str, int], _Tally]
_GAUGES = {
    "messages_queued": "Mails and SMS that wait to be sent.",
    "messages_oldest_queued_seconds": "How long the oldest of them has waited.",
    "messages_dead": "Mails and SMS that were given up in the last thirty days.",
}


class Metrics:
    """The counters of one application; each application has its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._tallies: _Tallies = {}
        self.registry.register(_RequestCollector(self._tallies))
        self.registry.register(_LogCollector())

    def observe(self, *, method: str, operation: str, status: int, seconds: float) -> None:
        """Count one answered request; `operation` is the name of its route."""
        tally = self._tallies.get((method, operation, status))
        if tally is None:
            known = method if method in _METHODS else "OTHER"
            tally = self._tallies.setdefault((known, operation, status), _Tally())
        tally.seconds += seconds
        tally.counts[bisect_left(SECONDS, seconds)] += 1

    def watch(self, pools: Pools) -> None:
        """Show the state of the pools at each reading."""
        self.registry.register(_PoolCollector(pools))

    def text(self, gauges: Mapping[str, float] = MappingProxyType({})) -> bytes:
        """All of it, and values that were read for this scrape: each is named in `_GAUGES`."""
        of_scrape = CollectorRegistry()
        of_scrape.register(_GaugeCollector(gauges))
        return generate_latest(self.registry) + generate_latest(of_scrape)

    def show(self, name: str, text: str, label: str, counts: Mapping[str, int]) -> None:
        """Show counts that somebody else keeps, each under its label."""
        self.registry.register(_CountCollector(name, text, label, counts))


class _RequestCollector(Collector):
    """Adds up at a scrape what requests have only tallied, all in the event loop's thread."""

    def __init__(self, tallies: _Tallies) -> None:
        self._tallies = tallies

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "http_requests", "Requests answered.", labels=["method", "operation", "status"]
        )
        sums: dict[tuple[str, str], _Tally] = {}
        for (method, operation, status), tally in self._tallies.items():
            labels = [method, operation, str(status)]
            requests.add_metric(labels, sum(tally.counts), created=tally.created)
            total = sums.setdefault((method, operation), _Tally())
            total.created = min(total.created, tally.created)
            total.seconds += tally.seconds
            total.counts = [a + b for a, b in zip(total.counts, tally.counts, strict=True)]
        yield requests
        durations = HistogramMetricFamily(
            "http_request_duration_seconds",
            "Time from the first byte of a request to the last of its answer.",
            labels=["method", "operation"],
        )
        for (method, operation), total in sums.items():
            buckets = list(zip(_BOUNDS, itertools.accumulate(total.counts), strict=True))
            durations.add_metric([method, operation], buckets, total.seconds)
            durations.add_sample(
                "http_request_duration_seconds_created",
                {"method": method, "operation": operation},
                total.created,
            )
        yield durations

    def describe(self) -> Iterable[Metric]:
        return ()


class _GaugeCollector(Collector):
    def __init__(self, values: Mapping[str, float]) -> None:
        self._values = values

    def collect(self) -> Iterator[Metric]:
        for name, value in self._values.items():
            yield GaugeMetricFamily(name, _GAUGES[name], value=value)

    def describe(self) -> Iterable[Metric]:
        return ()


class _CountCollector(Collector):
    def __init__(self, name: str, text: str, label: str, counts: Mapping[str, int]) -> None:
        self._name, self._text, self._label, self._counts = name, text, label, counts

    def collect(self) -> Iterator[Metric]:
        shown = CounterMetricFamily(self._name, self._text, labels=[self._label])
        for value, count in self._counts.items():
            shown.add_metric([value], count)
        yield shown

    def describe(self) -> Iterable[Metric]:
        return ()


class _LogCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "log_lines_dropped",
            "Log lines that a stalled disk or pipe had no room for.",
            value=lines.dropped(),
        )

    def describe(self) -> Iterable[Metric]:
        return ()


_OF_PSYCOPG = ("pool_", "requests_", "connections_", "returns_", "usage_")
_COUNTERS = frozenset({"statements_shed"})


class _PoolCollector(Collector):
    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    def collect(self) -> Iterator[Metric]:
        sizes = GaugeMetricFamily("db_pool_connections", "Connections.", labels=["pool", "state"])
        waiting = GaugeMetricFamily("db_pool_requests_waiting", "Waiting callers.", labels=["pool"])
        others: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
        for name, pool in self._pools.named().items():
            stats = pool.stats()
            idle, size = stats.get("pool_available", 0), stats.get("pool_size", 0)
            sizes.add_metric([name, "idle"], idle)
            sizes.add_metric([name, "used"], size - idle)
            waiting.add_metric([name], stats.get("requests_waiting", 0))
            for key, value in stats.items():
                if not key.startswith(_OF_PSYCOPG):
                    others.setdefault(key, _family(key)).add_metric([name], value)
        yield from (sizes, waiting, *others.values())

    def describe(self) -> Iterable[Metric]:
        return ()


def _family(key: str) -> GaugeMetricFamily | CounterMetricFamily:
    """What a pool counts under names of its own: `statements_waiting`, ..."""
    kind = CounterMetricFamily if key in _COUNTERS else GaugeMetricFamily
    return kind(f"db_{key}", f"{key.replace('_', ' ').capitalize()}.", labels=["pool"])
