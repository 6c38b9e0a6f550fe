"""One run of the benchmark: its server, its directory, and the results that it keeps."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import typer

from bench import dataset, postgres, report, service
from bench.dataset import Ids, Size
from bench.endpoints import Callers
from bench.figures import OURS
from bench.postgres import Server
from bench.processes import ROOT, BenchError
from bench.service import Api, Running

PLACE = ROOT / ".data" / "bench"
KEPT = ROOT / "docs" / "benchmarks"
DATABASE = "bench_run"


@dataclass(frozen=True, slots=True)
class Session:
    """A server, and a place for results."""

    server: Server
    directory: Path
    machine: dict[str, Any]

    def write(self, name: str, options: dict[str, Any], results: Any, *, keep: bool) -> None:
        """Write results as JSON, with the machine and how they were measured."""
        self.write_text(name, report.as_json(self.machine, options, results), keep=keep)

    def write_text(self, name: str, text: str, *, keep: bool) -> None:
        """Keep a result with the run, and with the documentation if that is wanted."""
        (self.directory / name).write_text(text)
        if keep:
            KEPT.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.directory / name, KEPT / name)


@dataclass(frozen=True, slots=True)
class Prepared(Session):
    """A session with a database of this run's alone."""

    url: str
    ids: Ids
    size: Size

    @contextmanager
    def serving(self) -> Iterator[tuple[Running, Callers]]:
        """The service as it is shipped, and its users."""
        with (
            service.serving(self.url, self.directory / f"{OURS}.log") as running,
            self.callers(running) as callers,
        ):
            yield running, callers

    @contextmanager
    def callers(self, running: Running) -> Iterator[Callers]:
        """Users of a service that is running on the database."""
        with Api(running.port) as api:
            yield Callers(api, self.url, self.size)


@contextmanager
def begun() -> Iterator[Session]:
    """A session. What is wrong is said in a line; SIGTERM and Ctrl-C stop what was started."""

    def stop(_: int, __: FrameType | None) -> NoReturn:
        raise SystemExit(130)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        with postgres.running(PLACE) as server:
            directory = PLACE / "results" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}"
            directory.mkdir(parents=True, exist_ok=True)
            yield Session(server, directory, report.facts(server.url))
    except BenchError as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(1) from exc


@contextmanager
def prepared(*, small: bool, tree: Path | None = None) -> Iterator[Prepared]:
    """A session with the data of a size; `tree` is the checkout whose service makes them."""
    size = dataset.SMALL if small else dataset.FULL
    with begun() as it:
        log = it.directory / "seed.log"
        template, ids = dataset.seeded(it.server, size, log, typer.echo, tree=tree)
        with postgres.clone(it.server, template, DATABASE) as url:
            yield Prepared(it.server, it.directory, it.machine, url, ids, size)
