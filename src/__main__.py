"""`python -m src`: the commands that operators and recipes use. Each imports what it needs."""
# ruff: noqa: PLC0415  (the import of a command's parts is its price, not every command's)

import asyncio
import errno
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

from src.config import Settings, unknown_settings
from src.constants import API_PREFIX, VERSION

ROOT = Path(__file__).parent.parent

_GC_THRESHOLDS = (50_000, 20, 100)

cli = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
)

Host = Annotated[str | None, typer.Option(help="Address to listen on; the default is HOST.")]
Port = Annotated[
    int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one; default PORT.")
]


@cli.command()
def serve(host: Host = None, port: Port = None) -> None:
    """Run the API. In `local`, also the database, the migrations and a worker."""
    from src import embedded, logs

    settings = _settings(host=host, port=port)
    with (
        _listening(settings) as listener,
        _stopping_cleanly(),
        _explained(),
        embedded.provided(settings, is_owner=True) as provided,
    ):
        logs.configure(provided.log, provided.environment)
        if provided.environment.is_relaxed:
            _migrate(provided)
        _announce(provided, listener)
        _run_server(provided, listener)


@cli.command()
def worker() -> None:
    """Run the jobs: mail, rotation of keys, clearing up."""
    from src import embedded, logs
    from src import worker as work

    async def run(settings: Settings) -> None:
        stopping = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        await work.main(settings, stopping)

    with _explained(), embedded.provided(_settings()) as settings:
        logs.configure(settings.log, settings.environment)
        _check_server(settings)
        asyncio.run(run(settings))


@cli.command()
def migrate() -> None:
    """Bring the database to the schema of this release."""
    from src import embedded

    with _explained(), embedded.provided(_settings()) as settings:
        _migrate(settings)


@cli.command()
def remigrate() -> None:
    """Empty the database and migrate it afresh; in `local` and `test` only."""
    from src import embedded
    from src.database import conninfo
    from src.database.bootstrap import empty_database

    settings = _settings()
    if not settings.environment.is_relaxed:
        _fail(f"remigrate deletes all data: it does not run in {settings.environment}.")
    with _explained(), embedded.provided(settings) as provided:
        _check_server(provided)
        empty_database(conninfo(provided.database))
        _migrate(provided)
    typer.echo("The database is empty, and at the newest migration.")


@cli.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def alembic(context: typer.Context) -> None:
    """Run Alembic with these arguments on this database."""
    from src import embedded

    with _explained(), embedded.provided(_settings()) as settings:
        raise typer.Exit(_alembic(settings, *context.args))


@cli.command()
def create_admin(email: str) -> None:
    """Make the account of this email an admin of the platform, and one if there is none.

    The password of a new account is asked for; it is no argument, for others to read.
    """
    from src import embedded
    from src.auth import passwords
    from src.database import open_pools
    from src.management import service

    email = _email(email)

    def chosen(password: str) -> str:
        """What is wrong with it is said before it has to be typed again."""
        if errors := passwords.mistakes(password, context=[email.partition("@")[0]]):
            _fail(*(each.detail for each in errors))
        return password

    async def made(settings: Settings, password: str | None) -> bool:
        hashed = None
        if password is not None:
            hasher = passwords.Hasher(settings.authentication.password_hash)
            hashed = await hasher.hash(password)
            hasher.close()
        async with open_pools(settings.database) as pools, pools.write.transaction() as conn:
            return await service.make_admin(conn, email=email, hash=hashed)

    with _explained(), embedded.provided(_settings()) as settings:
        _check_server(settings)
        is_known = asyncio.run(made(settings, None))
        if not is_known:
            typer.echo(f"There is no account {email}: a new one is made.")
            password = typer.prompt(
                "Password", hide_input=True, confirmation_prompt=True, value_proc=chosen
            )
            asyncio.run(made(settings, password))
    typer.echo(f"{email} {'is' if is_known else 'was made, and is'} an admin of the platform.")


@cli.command()
def import_users(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            readable=True,
            help="Lines of JSON, or *.csv with a header.",
        ),
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Say which lines would not come in, and change nothing.")
    ] = False,
) -> None:
    """Bring accounts from another system, with the hashes of their passwords.

    Whose email is there already is left alone, so that it may be run again.
    """
    from src import embedded
    from src.auth import passwords
    from src.database import open_pools
    from src.exceptions import CoreError
    from src.management import lines, service

    def tell(each: object) -> None:
        typer.echo(str(each), err=True)

    async def run(settings: Settings) -> service.Tally:
        hashes = settings.authentication.password_hash
        hasher = passwords.Hasher(hashes)
        read = lines.read(file, is_peppered=hashes.imported_pepper is not None)
        try:
            async with open_pools(settings.database) as pools:
                return await service.import_users(pools, hasher, read, tell=tell, is_check=check)
        finally:
            hasher.close()

    with _explained(), embedded.provided(_settings()) as settings:
        _check_server(settings)
        try:
            tally = asyncio.run(run(settings))
        except CoreError as exc:
            _fail(f"{exc.detail} What came in so far stays; run it again.")
    would = "would be " if check else ""
    typer.echo(
        f"{tally.imported} {would}imported, {tally.known} already there, {tally.refused} refused"
    )
    if tally.refused:
        raise typer.Exit(1)


@cli.command()
def rotate_keys(
    emergency: Annotated[
        bool,
        typer.Option(
            "--emergency", help="Drop the signing keys at once: no access token counts any more."
        ),
    ] = False,
    overlap: Annotated[
        float | None,
        typer.Option(
            min=0, max=3600, help="Seconds that the next signing key is published before it signs."
        ),
    ] = None,
) -> None:
    """Sign with a new key, and seal anew what a previous SECRETS__SECRET_KEY has sealed."""
    from src import embedded
    from src.database import open_pools
    from src.management import service
    from src.security import Sealer

    async def run(settings: Settings) -> list[service.Resealed]:
        sealer = Sealer(settings.secret_key, settings.previous_keys)
        async with open_pools(settings.database) as pools:
            resealed = await service.reseal(pools, sealer)
            if emergency:
                kid = await service.drop_signing_keys(pools, sealer)
                typer.echo(f"All signing keys were dropped; {kid} signs now.")
            else:
                rotated = await service.rotate_signing_keys(
                    pools, sealer, overlap=service.OVERLAP_SECONDS if overlap is None else overlap
                )
                typer.echo(f"{rotated or 'No key yet: the first that is made'} signs now.")
            return resealed

    with _explained(), embedded.provided(_settings()) as settings:
        _check_server(settings)
        resealed = asyncio.run(run(settings))
    for each in resealed:
        typer.echo(f"{each.table}.{each.column}: {each.done} sealed anew")
    if lost := [each for each in resealed if each.lost]:
        _fail(
            *(
                f"{each.table}.{each.column}: {each.lost} were sealed by a key that is neither"
                " SECRETS__SECRET_KEY nor in SECRETS__PREVIOUS_KEYS."
                for each in lost
            )
        )


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    from src.main import create_app

    settings = Settings.model_construct()
    print(json.dumps(create_app(settings).openapi(), indent=1, ensure_ascii=False))  # noqa: T201


@cli.command()
def version() -> None:
    """Print the version."""
    typer.echo(VERSION)


def _settings(**options: Any) -> Settings:
    """The settings, with what options say on top; exits with an explanation if they are wrong."""
    given = {name: value for name, value in options.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as exc:
        lines = []
        for error in exc.errors():
            name = "__".join(str(part).upper() for part in error["loc"])
            lines.append(f"{name}: {error['msg']}" if name else error["msg"])
        _fail("The settings are wrong.", *lines)
    for name in unknown_settings():
        typer.echo(f"warning: {name} is no setting of this service", err=True)
    return settings


def _email(given: str) -> str:
    """The email as signing up would read it; exits with an explanation if it is none."""
    from pydantic import TypeAdapter

    from src.users.schemas import Email

    adapter: TypeAdapter[str] = TypeAdapter(Email)
    try:
        return adapter.validate_python(given)
    except ValidationError as exc:
        _fail(f"{given!r} is no email: {exc.errors()[0]['msg']}")


def _fail(*lines: str) -> NoReturn:
    for line in lines:
        typer.echo(line.removeprefix("Value error, "), err=True)
    raise typer.Exit(2)


@contextmanager
def _explained() -> Iterator[None]:
    """Say in a line what is wrong with the data directory or the database."""
    from src.database.bootstrap import ServerError
    from src.embedded import DataDirError

    try:
        yield
    except (DataDirError, ServerError, ValueError) as exc:
        _fail(str(exc))


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """The socket to serve on, taken before anything else is started."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        try:
            listener.bind((settings.host, settings.port))
            listener.listen(2048)
        except OSError as exc:
            place = f"{settings.host}:{settings.port}"
            is_taken = exc.errno == errno.EADDRINUSE
            hint = "Stop what listens there, or choose another: just serve --port 8001"
            _fail(
                f"Cannot listen on {place}: {exc.strerror or exc}.", *([hint] if is_taken else [])
            )
        yield listener
    finally:
        listener.close()


@contextmanager
def _stopping_cleanly() -> Iterator[None]:
    """Let SIGTERM and Ctrl-C unwind the stack, so that what was started is stopped."""

    def stop(_: int, __: FrameType | None) -> NoReturn:
        raise SystemExit(0)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    yield


def _announce(settings: Settings, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    url = url.replace("//0.0.0.0", "//127.0.0.1")
    where = settings.database.url.get_secret_value() if settings.database.url else "DATABASE__HOST"
    lines = {
        "API": f"{url}{API_PREFIX}",
        "Documentation": f"{url}/docs",
        "Data": str(settings.data_dir.resolve()) if "host=/" in where else "DATABASE__URL",
        "Log": str(settings.log.file or "standard error"),
    }
    typer.echo(f"Core API {VERSION} ({settings.environment})")
    for name, value in lines.items():
        typer.echo(f"  {name + ':':15}{value}")
    typer.echo("  Ctrl-C stops it.")
    sys.stdout.flush()


def _run_server(settings: Settings, listener: socket.socket) -> None:
    import uvicorn

    from src import worker as work
    from src.main import create_app
    from src.serving import Protocol

    is_alone = settings.environment.is_relaxed
    app = create_app(settings, work=work.run if is_alone else None, started=_settle)
    config = uvicorn.Config(
        app,
        http=Protocol,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # what proxies say is for `src.forwarded` to judge
        timeout_graceful_shutdown=15,
        timeout_keep_alive=75,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _settle() -> None:
    """Take what stays for good out of the garbage collector's way, and let it look less often.

    It would walk through all of it while requests wait, to find next to nothing: what a request
    leaves behind is freed by counting.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


def _check_server(settings: Settings) -> None:
    """Raise ServerError unless the database can serve us."""
    from src.database import conninfo
    from src.database.bootstrap import ServerError, check_server

    try:
        check_server(conninfo(settings.database))
    except ServerError as exc:
        raise ServerError(f"The database cannot be used: {exc}.") from exc


def _migrate(settings: Settings) -> None:
    from src import migrations
    from src.database import conninfo
    from src.database.bootstrap import current_revision

    _check_server(settings)
    if current_revision(conninfo(settings.database)) != migrations.head():
        code = _alembic(settings, "upgrade", "head")
        if code:
            raise typer.Exit(code)


def _alembic(settings: Settings, *arguments: str) -> int:
    """Run Alembic as a process of its own: its imports have no place in the service."""
    from src.database import conninfo_url

    environ = {**os.environ, "DATABASE__URL": conninfo_url(settings.database)}
    command = [sys.executable, "-m", "alembic", *arguments]
    return subprocess.call(command, cwd=ROOT, env=environ)  # noqa: S603


if __name__ == "__main__":
    cli()
