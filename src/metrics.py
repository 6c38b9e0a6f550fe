"""What the process counts, as Prometheus reads it at `/metrics`."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from src.database import Pools

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods counted by name: a caller who makes up methods must not make up counters."""
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The counters of one application; each application has its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._requests = Counter(
            "http_requests",
            "Requests answered.",
            ["method", "operation", "status"],
            registry=self.registry,
        )
        self._durations = Histogram(
            "http_request_duration_seconds",
            "Time from the first byte of a request to the last of its answer.",
            ["method", "operation"],
            buckets=_SECONDS,
            registry=self.registry,
        )

    def observe(self, *, method: str, operation: str, status: int, seconds: float) -> None:
        """Count one answered request; `operation` is the name of its route."""
        known = method if method in _METHODS else "OTHER"  # callers must not make up labels
        self._requests.labels(known, operation, str(status)).inc()
        self._durations.labels(known, operation).observe(seconds)

    def watch(self, pools: Pools) -> None:
        """Show the state of the pools at each reading."""
        self.registry.register(_PoolCollector(pools))

    def text(self) -> bytes:
        return generate_latest(self.registry)


class _PoolCollector(Collector):
    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    def collect(self) -> Iterator[GaugeMetricFamily]:
        sizes = GaugeMetricFamily("db_pool_connections", "Connections.", labels=["pool", "state"])
        waiting = GaugeMetricFamily("db_pool_requests_waiting", "Waiting callers.", labels=["pool"])
        for name, pool in self._pools.named().items():
            stats = pool.stats()
            idle, size = stats.get("pool_available", 0), stats.get("pool_size", 0)
            sizes.add_metric([name, "idle"], idle)
            sizes.add_metric([name, "used"], size - idle)
            waiting.add_metric([name], stats.get("requests_waiting", 0))
        yield from (sizes, waiting)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return ()
