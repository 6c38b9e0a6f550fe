"""The smaller questions, each a command of its own."""

from dataclasses import replace
from typing import Annotated

import typer

from bench import endpoints, extras, figures, report, session, strains
from bench.contest import Pace
from bench.figures import Line
from bench.options import Connections, Keep, Rounds, Seconds, Small, pace

cli = typer.Typer()


@cli.command()
def observability(
    small: Small = True,
    keep: Keep = False,
    rounds: Rounds = 5,
    seconds: Seconds = 3.0,
    connections: Connections = 64,
) -> None:
    """Measure what log lines and traces cost, on `read`."""
    with session.prepared(small=small) as it, extras.watched(it.url, it.directory) as ways:
        with it.callers(ways[extras.AS_SHIPPED]) as callers:
            endpoint = endpoints.read(callers, it.ids, connections)
            samples = extras.watching(
                ways, endpoint, pace(rounds, seconds), it.server.pid, typer.echo
            )
        lines = figures.lines(samples, ours=extras.AS_SHIPPED)
        typer.echo("\n" + report.endpoint_table("read, watched", lines, {}))
        options = {"size": it.size.name, "rounds": rounds, "seconds": seconds}
        it.write("observability.json", options, {"read": report.plain(lines)}, keep=keep)


@cli.command()
def crowd(
    small: Small = True,
    keep: Keep = False,
    seconds: Seconds = 10.0,
    connections: Annotated[int, typer.Option(min=1, max=20_000)] = 2_000,
) -> None:
    """Measure `read` with very many connections."""
    with session.prepared(small=small) as it:
        extras.allow_files(2 * connections + 200)
        with it.serving() as (running, callers):
            endpoint = endpoints.read(callers, it.ids, connections)
            window, memory = extras.crowd(running, endpoint, connections, seconds, it.server.pid)
        found = {
            "connections": connections,
            "rate": round(window.rate, 1),
            "p50_ms": round(window.p50, 1),
            "p99_ms": round(window.p99, 1),
            "statuses": window.statuses,
            "memory_mb": round(memory, 1),
        }
        typer.echo("\n".join(f"{name:12} {value}" for name, value in found.items()))
        it.write("crowd.json", {"size": it.size.name, "seconds": seconds}, found, keep=keep)


@cli.command()
def beside(
    small: Small = True,
    keep: Keep = False,
    rounds: Rounds = 5,
    seconds: Seconds = 4.0,
    connections: Connections = 64,
) -> None:
    """Measure endpoints beside a statement that takes a second, and without it."""
    found: dict[str, list[Line]] = {}
    ratios: dict[str, float] = {}
    with session.prepared(small=small) as it:
        with strains.with_routes(it.url, it.directory, [0]) as up:
            (running,) = up.values()
            with it.callers(running) as callers:
                for name in ("read", "create", "submit"):
                    endpoint = endpoints.MAKERS[name](callers, it.ids, connections)
                    samples = strains.beside(
                        running, endpoint, pace(rounds, seconds), it.server.pid, typer.echo
                    )
                    found[endpoint.title] = figures.lines(samples, ours=strains.ALONE)
                    ratios[endpoint.title] = round(strains.p99_ratio(samples), 2)
        for title, lines in found.items():
            typer.echo("\n" + report.endpoint_table(title, lines, {}))
            typer.echo(f"p99 beside it: x {ratios[title]}")
        options = {"size": it.size.name, "rounds": rounds, "seconds": seconds}
        results = {title: report.plain(lines) for title, lines in found.items()}
        it.write("beside.json", options, {"endpoints": results, "p99_ratios": ratios}, keep=keep)


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
    whole = Pace(rounds=rounds, seconds=seconds, warmup=1.0)
    with session.prepared(small=small) as it:
        with it.serving() as (running, callers):
            endpoint = endpoints.read(callers, it.ids, connections)
            flood = replace(endpoints.login(callers, it.ids, logins), connections=logins)
            samples, windows = strains.amid_logins(
                running, endpoint, flood, whole, it.server.pid, typer.echo
            )
        ratio = round(strains.p99_ratio(samples, strains.AMID), 2)
        lines = figures.lines(samples, ours=strains.ALONE)
        typer.echo("\n" + report.endpoint_table(endpoint.title, lines, {}))
        typer.echo(f"p99 amid {logins} logins at a time: x {ratio}")
        options = {"size": it.size.name, "rounds": rounds, "seconds": seconds, "logins": logins}
        found = {
            "read": report.plain(lines),
            "p99_ratio": ratio,
            "login_statuses": [window.statuses for window in windows],
        }
        it.write("logins.json", options, found, keep=keep)


@cli.command()
def routes(
    small: Small = True,
    keep: Keep = False,
    rounds: Rounds = 7,
    seconds: Seconds = 4.0,
    connections: Connections = 64,
) -> None:
    """Measure `read` with 300 routes more than there are."""
    with (
        session.prepared(small=small) as it,
        strains.with_routes(it.url, it.directory, [0, 300]) as ways,
    ):
        first = next(iter(ways))
        with it.callers(ways[first]) as callers:
            endpoint = endpoints.read(callers, it.ids, connections)
            samples = extras.watching(
                ways, endpoint, pace(rounds, seconds), it.server.pid, typer.echo
            )
        lines = figures.lines(samples, ours=first)
        typer.echo("\n" + report.endpoint_table("read, among many routes", lines, {}))
        options = {"size": it.size.name, "rounds": rounds, "seconds": seconds}
        it.write("routes.json", options, {"read": report.plain(lines)}, keep=keep)
