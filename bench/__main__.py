"""`just bench`: the service beside its peers, on one PostgreSQL and one machine."""

import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from bench import (
    chart,
    contenders,
    contest,
    dataset,
    endpoints,
    extras,
    figures,
    limits,
    postgres,
    report,
    service,
    statements,
    strains,
)
from bench import growth as grown
from bench.contest import Pace
from bench.dataset import Ids, Size
from bench.endpoints import Callers, Endpoint
from bench.figures import OURS, Line, Sample
from bench.postgres import Server
from bench.processes import ROOT, BenchError
from bench.service import Api, Running

PLACE = ROOT / ".data" / "bench"
KEPT = ROOT / "docs" / "benchmarks"
DATABASE = "bench_run"
TITLES = {
    OURS: "Core API",
    "pgbench": "pgbench: the statements alone",
    "argon2": "Argon2id alone, all cores",
    "copy": "psql COPY",
    **{peer.name: peer.title for peer in contenders.PEERS.values()},
}

_EVERY = ",".join([*endpoints.NAMES, "export"])
_PEERS = ",".join(contenders.PEERS)

cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)

Small = Annotated[bool, typer.Option(help="10,000 rows of each kind instead of a million.")]
Keep = Annotated[bool, typer.Option(help="Copy the result to docs/benchmarks.")]
Rounds = Annotated[int, typer.Option(min=1, max=50, help="Rounds an endpoint.")]
Seconds = Annotated[float, typer.Option(min=0.1, max=60, help="Seconds a contender and round.")]
Connections = Annotated[int, typer.Option(min=1, max=1000, help="Connections of the generator.")]
Only = Annotated[str, typer.Option(help=f"Endpoints: {','.join(endpoints.NAMES)},export.")]
Tree = Annotated[
    Path | None,
    typer.Option("--service", help="A checkout whose service is measured instead of this one's."),
]
Peers = Annotated[str, typer.Option(help="Peers, or `none`.")]


@cli.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    small: Small = False,
    keep: Keep = False,
    rounds: Rounds = 5,
    seconds: Seconds = 4.0,
    connections: Connections = 64,
    only: Only = _EVERY,
    peers: Peers = _PEERS,
    tree: Tree = None,
) -> None:
    """Measure every endpoint and every contender, in rounds."""
    if context.invoked_subcommand is not None:
        return
    chosen = _listed(only, [*endpoints.NAMES, "export"])
    named = [] if peers == "none" else _listed(peers, list(contenders.PEERS))
    size = dataset.SMALL if small else dataset.FULL
    pace = Pace(rounds=rounds, seconds=seconds, warmup=min(1.0, seconds / 2))
    with _explained(), postgres.running(PLACE) as server:
        directory = new_directory()
        template, ids = dataset.seeded(server, size, directory / "seed.log", typer.echo, tree=tree)
        machine = report.facts(server.url)
        found: dict[str, list[Line]] = {}
        with (
            postgres.clone(server, template, DATABASE) as url,
            contenders.running(server, DATABASE, directory, named, typer.echo, tree=tree) as up,
            Api(up[OURS].port) as api,
        ):
            callers = Callers(api, url, size)
            run = _Run(server, url, directory, up, pace)
            for name in chosen:
                if name == "export":
                    title, samples = "export (rows/s)", run.export(callers, ids)
                else:
                    endpoint = endpoints.MAKERS[name](callers, ids, connections)
                    title, samples = endpoint.title, run.endpoint(endpoint)
                found[title] = figures.lines(samples)
                typer.echo("\n" + report.endpoint_table(title, found[title], TITLES))
        options = {"size": size.name, "rounds": rounds, "seconds": seconds}
        results = {title: report.plain(lines) for title, lines in found.items()}
        write(directory, "result.json", report.as_json(machine, options, results), keep=keep)
        write(directory, "result.svg", chart.svg(found, TITLES), keep=keep)


@dataclass(frozen=True, slots=True)
class _Run:
    """What every endpoint is measured with."""

    server: Server
    url: str
    directory: Path
    up: Mapping[str, Running]
    pace: Pace

    def endpoint(self, endpoint: Endpoint) -> dict[str, list[Sample]]:
        pid, limit = self.server.pid, limits.argon2
        if endpoint.name != "login":
            seen = statements.probes(endpoint, self.up[OURS].port, self.server, DATABASE)
            write_scripts = limits.write_turns if endpoint.tokens else limits.write_scripts
            scripts = write_scripts(seen, self.directory / "pgbench" / endpoint.name)
            limit = partial(limits.pgbench, scripts, self.url, pid)
        name = "argon2" if endpoint.name == "login" else "pgbench"
        return contest.contest(endpoint, self.up, {name: limit}, self.pace, pid, typer.echo)

    def export(self, callers: Callers, ids: Ids) -> dict[str, list[Sample]]:
        """One client downloads everything; beside it, psql."""
        token = callers.admins()[0].access_token
        rows = limits.exported_rows(self.url, ids.exported)
        path, pid = f"/v1/applets/{ids.exported}/data.csv", self.server.pid
        samples: dict[str, list[Sample]] = {OURS: [], "copy": []}
        for _ in range(self.pace.rounds):
            samples[OURS].append(limits.download(self.up[OURS], path, token, pid))
            samples["copy"].append(limits.copy(self.url, ids.exported, rows, pid))
        return samples


@cli.command()
def growth(
    small: Annotated[bool, typer.Option(help="A thousand, ten and a hundred thousand.")] = False,
    keep: Keep = False,
    rounds: Rounds = 3,
    seconds: Seconds = 3.0,
    connections: Connections = 64,
    sizes: Annotated[str, typer.Option(help="Submissions and users at each step.")] = "",
) -> None:
    """Measure what the same requests cost as the tables grow."""
    preset = grown.SMALL_SIZES if small else grown.SIZES
    steps = sorted({int(size) for size in sizes.split(",")} if sizes else preset)
    pace = Pace(rounds=rounds, seconds=seconds, warmup=min(1.0, seconds / 2))
    with _explained(), postgres.running(PLACE) as server:
        directory = new_directory()
        machine = report.facts(server.url)
        with grown.levels(server, steps, directory, connections, typer.echo) as levels:
            costs = grown.costs(levels, pace, server.pid, typer.echo)
            plans = {
                f"{cost.endpoint} at {cost.size:,}": grown.explained(level, cost.endpoint, server)
                for cost in costs
                for level in levels
                if cost.is_steep and cost.size == level.size
            }
        typer.echo("\n" + report.growth_table(costs))
        for title, texts in plans.items():
            typer.echo("\n\n".join([f"\n{title} costs more than it should:", *texts]))
        options = {"sizes": steps, "rounds": rounds, "seconds": seconds}
        results = {"costs": [asdict(cost) for cost in costs], "plans": plans}
        write(directory, "growth.json", report.as_json(machine, options, results), keep=keep)


@cli.command()
def observability(
    small: Small = True,
    keep: Keep = False,
    rounds: Rounds = 5,
    seconds: Seconds = 3.0,
    connections: Connections = 64,
) -> None:
    """Measure what log lines and traces cost, on `read`."""
    pace = Pace(rounds=rounds, seconds=seconds, warmup=min(1.0, seconds / 2))
    with _prepared(small=small) as (server, url, directory, ids, size):
        machine = report.facts(server.url)
        with extras.watched(url, directory) as ways, Api(ways[extras.AS_SHIPPED].port) as api:
            endpoint = endpoints.read(Callers(api, url, size), ids, connections)
            samples = extras.watching(ways, endpoint, pace, server.pid, typer.echo)
        lines = figures.lines(samples, ours=extras.AS_SHIPPED)
        typer.echo("\n" + report.endpoint_table("read, watched", lines, {}))
        options = {"size": size.name, "rounds": rounds, "seconds": seconds}
        results = {"read": report.plain(lines)}
        write(directory, "observability.json", report.as_json(machine, options, results), keep=keep)


@cli.command()
def crowd(
    small: Small = True,
    keep: Keep = False,
    seconds: Seconds = 10.0,
    connections: Annotated[int, typer.Option(min=1, max=20_000)] = 2_000,
) -> None:
    """Measure `read` with very many connections."""
    with _prepared(small=small) as (server, url, directory, ids, size):
        machine = report.facts(server.url)
        extras.allow_files(2 * connections + 200)
        log = directory / f"{OURS}.log"
        with service.serving(url, log) as running, Api(running.port) as api:
            endpoint = endpoints.read(Callers(api, url, size), ids, connections)
            window, memory = extras.crowd(running, endpoint, connections, seconds, server.pid)
        found = {
            "connections": connections,
            "rate": round(window.rate, 1),
            "p50_ms": round(window.p50, 1),
            "p99_ms": round(window.p99, 1),
            "statuses": window.statuses,
            "memory_mb": round(memory, 1),
        }
        typer.echo("\n".join(f"{name:12} {value}" for name, value in found.items()))
        options = {"size": size.name, "seconds": seconds}
        write(directory, "crowd.json", report.as_json(machine, options, found), keep=keep)


@cli.command()
def beside(
    small: Small = True,
    keep: Keep = False,
    rounds: Rounds = 5,
    seconds: Seconds = 4.0,
    connections: Connections = 64,
) -> None:
    """Measure endpoints beside a statement that takes a second, and without it."""
    pace = Pace(rounds=rounds, seconds=seconds, warmup=min(1.0, seconds / 2))
    with _prepared(small=small) as (server, url, directory, ids, size):
        machine = report.facts(server.url)
        found: dict[str, list[Line]] = {}
        ratios: dict[str, float] = {}
        with strains.with_routes(url, directory, [0]) as up:
            (running,) = up.values()
            with Api(running.port) as api:
                callers = Callers(api, url, size)
                for name in ("read", "create", "submit"):
                    endpoint = endpoints.MAKERS[name](callers, ids, connections)
                    samples = strains.beside(running, endpoint, pace, server.pid, typer.echo)
                    found[endpoint.title] = figures.lines(samples, ours=strains.ALONE)
                    ratios[endpoint.title] = round(strains.p99_ratio(samples), 2)
        for title, lines in found.items():
            typer.echo("\n" + report.endpoint_table(title, lines, {}))
            typer.echo(f"p99 beside it: x {ratios[title]}")
        options = {"size": size.name, "rounds": rounds, "seconds": seconds}
        results = {title: report.plain(lines) for title, lines in found.items()}
        results_and_ratios = {"endpoints": results, "p99_ratios": ratios}
        text = report.as_json(machine, options, results_and_ratios)
        write(directory, "beside.json", text, keep=keep)


@cli.command()
def logins(
    small: Small = True,
    keep: Keep = False,
    rounds: Rounds = 5,
    seconds: Seconds = 5.0,
    connections: Connections = 8,
    logins: Annotated[int, typer.Option(min=1, max=2_000)] = 200,
) -> None:
    """Measure `read` while nothing else is asked, and amid logins."""
    pace = Pace(rounds=rounds, seconds=seconds, warmup=1.0)
    with _prepared(small=small) as (server, url, directory, ids, size):
        machine = report.facts(server.url)
        log = directory / f"{OURS}.log"
        with service.serving(url, log) as running, Api(running.port) as api:
            callers = Callers(api, url, size)
            endpoint = endpoints.read(callers, ids, connections)
            flood = replace(endpoints.login(callers, ids, logins), connections=logins)
            samples, windows = strains.amid_logins(
                running, endpoint, flood, pace, server.pid, typer.echo
            )
        ratio = round(strains.p99_ratio(samples, strains.AMID), 2)
        lines = figures.lines(samples, ours=strains.ALONE)
        typer.echo("\n" + report.endpoint_table(endpoint.title, lines, {}))
        typer.echo(f"p99 amid {logins} logins at a time: x {ratio}")
        options = {"size": size.name, "rounds": rounds, "seconds": seconds, "logins": logins}
        found = {
            "read": report.plain(lines),
            "p99_ratio": ratio,
            "login_statuses": [window.statuses for window in windows],
        }
        write(directory, "logins.json", report.as_json(machine, options, found), keep=keep)


@cli.command()
def routes(
    small: Small = True,
    keep: Keep = False,
    rounds: Rounds = 7,
    seconds: Seconds = 4.0,
    connections: Connections = 64,
) -> None:
    """Measure `read` with 300 routes more than there are."""
    pace = Pace(rounds=rounds, seconds=seconds, warmup=min(1.0, seconds / 2))
    with _prepared(small=small) as (server, url, directory, ids, size):
        machine = report.facts(server.url)
        with strains.with_routes(url, directory, [0, 300]) as ways:
            first = next(iter(ways))
            with Api(ways[first].port) as api:
                endpoint = endpoints.read(Callers(api, url, size), ids, connections)
                samples = extras.watching(ways, endpoint, pace, server.pid, typer.echo)
        lines = figures.lines(samples, ours=first)
        typer.echo("\n" + report.endpoint_table("read, among many routes", lines, {}))
        options = {"size": size.name, "rounds": rounds, "seconds": seconds}
        results = {"read": report.plain(lines)}
        write(directory, "routes.json", report.as_json(machine, options, results), keep=keep)


@contextmanager
def _prepared(*, small: bool) -> Iterator[tuple[Server, str, Path, Ids, Size]]:
    """A server, a database of the size for this run alone, and a place for results."""
    size = dataset.SMALL if small else dataset.FULL
    with _explained(), postgres.running(PLACE) as server:
        directory = new_directory()
        template, ids = dataset.seeded(server, size, directory / "seed.log", typer.echo)
        with postgres.clone(server, template, DATABASE) as url:
            yield server, url, directory, ids, size


def _listed(text: str, known: list[str]) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in known]:
        raise typer.BadParameter(f"{', '.join(unknown)}: known are {', '.join(known)}")
    return names


def new_directory() -> Path:
    """A place for the results of this run."""
    directory = PLACE / "results" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def write(directory: Path, name: str, text: str, *, keep: bool) -> None:
    """Keep a result with the run, and with the documentation if that is wanted."""
    (directory / name).write_text(text)
    if keep:
        KEPT.mkdir(parents=True, exist_ok=True)
        shutil.copy(directory / name, KEPT / name)


@contextmanager
def _explained() -> Iterator[None]:
    """Say in a line what is wrong; let SIGTERM and Ctrl-C stop what was started."""

    def stop(_: int, __: FrameType | None) -> NoReturn:
        raise SystemExit(130)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        yield
    except BenchError as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(1) from exc


if __name__ == "__main__":
    cli()
