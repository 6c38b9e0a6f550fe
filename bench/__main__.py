"""`just bench`: the service beside its peers, on one PostgreSQL and one machine."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated

import typer

from bench import (
    chart,
    contenders,
    contest,
    endpoints,
    figures,
    limits,
    questions,
    report,
    session,
    statements,
)
from bench import growth as grown
from bench.contest import Pace
from bench.endpoints import Callers, Endpoint
from bench.figures import OURS, Line, Sample
from bench.options import (
    EVERY,
    Connections,
    Keep,
    Only,
    Peers,
    Rounds,
    Seconds,
    Small,
    Tree,
    listed,
    pace,
)
from bench.service import Running
from bench.session import DATABASE, Prepared

TITLES = {
    OURS: "Core API",
    "pgbench": "pgbench: the statements alone",
    "argon2": "Argon2id alone, all cores",
    "copy": "psql COPY",
    **{peer.name: peer.title for peer in contenders.PEERS.values()},
}

_EVERY, _PEERS = ",".join(EVERY), ",".join(contenders.PEERS)

cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)
cli.add_typer(questions.cli)


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
    chosen = listed(only, EVERY)
    named = [] if peers == "none" else listed(peers, list(contenders.PEERS))
    found: dict[str, list[Line]] = {}
    with session.prepared(small=small, tree=tree) as it:
        with (
            contenders.running(
                it.server, DATABASE, it.directory, named, typer.echo, tree=tree
            ) as up,
            it.callers(up[OURS]) as callers,
        ):
            contestants = _Contestants(it, callers, up, pace(rounds, seconds))
            for name in chosen:
                title, samples = contestants.measured(name, connections)
                found[title] = figures.lines(samples)
                typer.echo("\n" + report.endpoint_table(title, found[title], TITLES))
        options = {"size": it.size.name, "rounds": rounds, "seconds": seconds}
        results = {title: report.plain(lines) for title, lines in found.items()}
        it.write("result.json", options, results, keep=keep)
        it.write_text("result.svg", chart.svg(found, TITLES), keep=keep)


@dataclass(frozen=True, slots=True)
class _Contestants:
    """Who is measured at every endpoint, and with what."""

    it: Prepared
    callers: Callers
    up: Mapping[str, Running]
    pace: Pace

    def measured(self, name: str, connections: int) -> tuple[str, dict[str, list[Sample]]]:
        """The title of an endpoint, and the samples of everybody who has it."""
        if name == "export":
            return "export (rows/s)", self._export()
        endpoint = endpoints.MAKERS[name](self.callers, self.it.ids, connections)
        return endpoint.title, self._endpoint(endpoint)

    def _endpoint(self, endpoint: Endpoint) -> dict[str, list[Sample]]:
        server, limit = self.it.server, limits.argon2
        if endpoint.name != "login":
            seen = statements.probes(endpoint, self.up[OURS].port, server, DATABASE)
            write_scripts = limits.write_turns if endpoint.tokens else limits.write_scripts
            scripts = write_scripts(seen, self.it.directory / "pgbench" / endpoint.name)
            limit = partial(limits.pgbench, scripts, self.it.url, server.pid)
        name = "argon2" if endpoint.name == "login" else "pgbench"
        return contest.contest(endpoint, self.up, {name: limit}, self.pace, server.pid, typer.echo)

    def _export(self) -> dict[str, list[Sample]]:
        """One client downloads everything; beside it, psql."""
        token, applet = self.callers.admins()[0].access_token, self.it.ids.exported
        url, pid = self.it.url, self.it.server.pid
        rows = limits.exported_rows(url, applet)
        path = f"/v1/applets/{applet}/data.csv"
        samples: dict[str, list[Sample]] = {OURS: [], "copy": []}
        for _ in range(self.pace.rounds):
            samples[OURS].append(limits.download(self.up[OURS], path, token, pid))
            samples["copy"].append(limits.copy(url, applet, rows, pid))
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
    with session.begun() as it:
        with grown.levels(it.server, steps, it.directory, connections, typer.echo) as levels:
            costs = grown.costs(levels, pace(rounds, seconds), it.server.pid, typer.echo)
            plans = {
                f"{cost.endpoint} at {cost.size:,}": grown.explained(
                    level, cost.endpoint, it.server
                )
                for cost in costs
                for level in levels
                if cost.is_steep and cost.size == level.size
            }
        typer.echo("\n" + report.growth_table(costs))
        for title, texts in plans.items():
            typer.echo("\n\n".join([f"\n{title} costs more than it should:", *texts]))
        options = {"sizes": steps, "rounds": rounds, "seconds": seconds}
        results = {"costs": [asdict(cost) for cost in costs], "plans": plans}
        it.write("growth.json", options, results, keep=keep)


if __name__ == "__main__":
    cli()
