"""The options that the commands of the benchmark share."""

from pathlib import Path
from typing import Annotated

import typer

from bench import contenders, endpoints
from bench.contest import Pace

EVERY = [*endpoints.NAMES, "export"]

Small = Annotated[bool, typer.Option(help="10,000 rows of each kind instead of a million.")]
Keep = Annotated[bool, typer.Option(help="Copy the result to docs/benchmarks.")]
Rounds = Annotated[int, typer.Option(min=1, max=50, help="Rounds an endpoint.")]
Seconds = Annotated[float, typer.Option(min=0.1, max=60, help="Seconds a contender and round.")]
Connections = Annotated[int, typer.Option(min=1, max=1000, help="Connections of the generator.")]
Only = Annotated[str, typer.Option(help=f"Endpoints: {','.join(EVERY)}.")]
Tree = Annotated[
    Path | None,
    typer.Option("--service", help="A checkout whose service is measured instead of this one's."),
]
Peers = Annotated[str, typer.Option(help=f"Peers: {','.join(contenders.PEERS)}, or `none`.")]


def pace(rounds: int, seconds: float) -> Pace:
    """That many rounds, each after a second of warming up, or less where all is short."""
    return Pace(rounds=rounds, seconds=seconds, warmup=min(1.0, seconds / 2))


def listed(text: str, known: list[str]) -> list[str]:
    """The names in a list with commas. Raises BadParameter for one that nobody knows."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in known]:
        raise typer.BadParameter(f"{', '.join(unknown)}: known are {', '.join(known)}")
    return names
