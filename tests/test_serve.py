"""The service as a process: how it starts, what it refuses to start on, and how it stops."""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import psutil
import psycopg
import pytest
from typer.testing import CliRunner

from src.__main__ import cli
from src.config import setting_names
from src.constants import VERSION
from tests.conftest import kept_handlers
from tests.database import ROOT

START_SECONDS = 60.0


class Service:
    """`python -m src serve` on a data directory."""

    def __init__(self, data: Path, process: "subprocess.Popen[str]", output: IO[str]) -> None:
        self.data = data
        self.process = process
        self._output = output
        self.url = ""

    def said(self) -> str:
        self._output.seek(0)
        return self._output.read()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.url:
            if found := re.search(r"API: +(http://\S+)/v1", self.said()):
                self.url = found[1]
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)
        while True:
            try:
                assert self.get("/health/ready")["status"] == "ready"
            except OSError:
                assert time.monotonic() < deadline, self.said()
                time.sleep(0.05)
            else:
                return

    def get(self, path: str, body: object = None, token: str = "") -> Any:
        request = urllib.request.Request(  # noqa: S310
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
            if token
            else {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            return json.load(response)

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)

    def servers(self) -> list[psutil.Process]:
        return servers(self.data)


def servers(data: Path) -> list[psutil.Process]:
    """The PostgreSQL servers that run on the directory."""
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        command = process.info["cmdline"] or []
        if process.info["name"] == "postgres" and str(data.resolve() / "postgres") in command:
            found.append(process)
    return found


def environ(data: Path, **changes: str) -> dict[str, str]:
    ours = set(setting_names())
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "DATA_DIR": str(data), **changes}


@contextmanager
def starting(data: Path, *options: str, **changes: str) -> Iterator[Service]:
    with ExitStack() as stack:
        output = stack.enter_context((data.parent / f"{data.name}.out").open("w+"))
        process = subprocess.Popen(
            [sys.executable, "-m", "src", "serve", "--port", "0", *options],
            cwd=ROOT,
            env=environ(data, **changes),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        service = Service(data, process, output)
        try:
            yield service
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            for server in servers(data):
                server.send_signal(signal.SIGQUIT)
                server.wait(10)


@contextmanager
def serving(data: Path, **changes: str) -> Iterator[Service]:
    with starting(data, **changes) as service:
        service.wait_until_ready()
        yield service


def refused(data: Path, *options: str, **changes: str) -> list[str]:
    """What the service says when it does not start: a clear line or two, and no traceback."""
    with starting(data, *options, **changes) as service:
        code = service.process.wait(30)
        assert not service.servers()
        return clear_lines(code, service.said())


def clear_lines(code: int, text: str) -> list[str]:
    assert code == 2, text
    assert "Traceback" not in text
    lines = text.strip().splitlines()
    assert 1 <= len(lines) <= 4, text
    return lines


Refused = Callable[..., list[str]]


@pytest.fixture
def refused_here(tmp_path: Path) -> Iterator[Refused]:
    """As `refused`, without the price of a process."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def refused(**changes: str) -> list[str]:
        given = environ(tmp_path / "data", **changes)
        unset = {name: None for name in os.environ if name not in given}
        result = CliRunner().invoke(cli, ["serve", "--port", "0"], env={**unset, **given})
        return clear_lines(result.exit_code, result.output)

    with kept_handlers():
        yield refused
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> tuple[Path, dict[str, Any]]:
    """A data directory that a service has made and left, with an account in it; one for a run."""
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent
    data, account = shared / "serve" / "data", shared / "serve" / "account.json"
    with (shared / "serve.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not account.exists():
            data.parent.mkdir()
            account.write_text(json.dumps(make(data)))
    return data, json.loads(account.read_text())


def make(data: Path) -> Any:
    with serving(data) as service:
        body = {"email": "ann@example.org", "password": "seven herons over cold water"}
        account = service.get("/v1/auth/signup", body)
        assert service.stop(signal.SIGTERM) == 0
        assert service.servers() == []
        assert "Traceback" not in service.said()
        assert not (data / "postgres" / "postmaster.pid").exists()
    return account


@pytest.fixture
def data(made: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    """A copy of that directory, owners and modes included."""
    copy = tmp_path / "data"
    subprocess.run(["cp", "-a", str(made[0]), str(copy)], check=True)
    return copy


@pytest.fixture
def token(made: tuple[Path, dict[str, Any]]) -> str:
    return str(made[1]["tokens"]["access_token"])


def test_a_service_stops_at_ctrl_c_and_starts_again_on_its_data(data: Path, token: str) -> None:
    with serving(data) as service:
        assert service.get("/v1/users/me", token=token)["email"] == "ann@example.org"
        assert len(service.servers()) == 1
        assert service.stop(signal.SIGINT) == 0
        assert service.servers() == []
        assert "Traceback" not in service.said()

    assert (data / "secret.key").stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in (data / "core-api.log").read_text().splitlines()]
    assert any(line["event"] == "request" for line in lines)
    assert not any(line["level"] == "error" for line in lines)


def test_two_services_do_not_share_a_directory(data: Path) -> None:
    with serving(data) as service:
        copy = data.parent / "other.out"
        done = subprocess.run(
            [sys.executable, "-m", "src", "serve", "--port", "0"],
            cwd=ROOT,
            env=environ(data),
            capture_output=True,
            text=True,
            check=False,
        )
        assert not copy.exists()
        assert done.returncode == 2, done.stderr
        assert "Another service runs" in done.stderr
        assert "DATA_DIR" in done.stderr
        assert service.get("/health/ready")["status"] == "ready"


@pytest.mark.slow
def test_killed_service_and_killed_database_leave_the_data_there(data: Path, token: str) -> None:
    with serving(data) as service:
        team = service.get("/v1/teams", {"name": "Herons"}, token=token)
        (server,) = service.servers()
        service.process.kill()
        service.process.wait()
        server.kill()
        server.wait(10)

    with serving(data) as service:
        assert service.get(f"/v1/teams/{team['id']}", token=token)["name"] == "Herons"
        assert service.stop(signal.SIGTERM) == 0
        assert service.servers() == []


@pytest.mark.slow
def test_a_killed_service_finds_its_database_still_running(data: Path, token: str) -> None:
    with serving(data) as service:
        service.process.kill()
        service.process.wait()
        (left,) = service.servers()
        with serving(data) as again:
            assert again.get("/v1/users/me", token=token)["email"] == "ann@example.org"
            assert again.stop(signal.SIGTERM) == 0
        # Where nobody reaps orphans, a zombie stays.
        assert not left.is_running() or left.status() == psutil.STATUS_ZOMBIE


def test_a_port_that_is_taken_is_named(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        lines = refused(data, "--port", port)

    assert f"127.0.0.1:{port}" in lines[0]
    assert "--port" in lines[1]


def test_an_address_that_is_none_of_ours_is_named(refused_here: Refused) -> None:
    assert "192.0.2.1" in refused_here(HOST="192.0.2.1")[0]


@pytest.mark.parametrize("place", ["", "below/it"])
def test_a_data_directory_that_cannot_be_made_is_named(
    refused_here: Refused, tmp_path: Path, place: str
) -> None:
    file = tmp_path / "file"
    file.write_text("in the place of a directory")

    assert str(file) in refused_here(DATA_DIR=str(file / place))[0]


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the place of a directory")

    assert str(file) in refused(tmp_path / "x", DATA_DIR=str(file))[0]


def test_a_database_that_is_away_is_named(tmp_path: Path) -> None:
    lines = refused(tmp_path / "data", DATABASE__URL="postgresql://x:heron-7@127.0.0.1:9/core")

    assert lines[0].startswith("The database cannot be used")
    assert "heron-7" not in str(lines)


def test_a_database_address_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    lines = refused(tmp_path / "data", DATABASE__URL="mysql://x:heron-7@db/core")

    assert "DATABASE__URL" in lines[1]
    assert "heron-7" not in str(lines)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://x:heron-7@127.0.0.1:9/core?bad=1",
        "postgresql://x:heron-7@nowhere.invalid/core",
        "postgresql://x:heron-7@host:port/core",
        "postgresql://x@/core?host=/nowhere",
        "postgresql://[::1/core",
    ],
)
def test_no_database_address_is_a_traceback(refused_here: Refused, url: str) -> None:
    (line,) = refused_here(DATABASE__URL=url)

    assert "DATABASE__URL" in line or line.startswith("The database cannot be used")
    assert "heron-7" not in line


def test_an_empty_secret_is_not_replaced(refused_here: Refused, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "secret.key").write_text("")

    (line,) = refused_here()

    assert str(data / "secret.key") in line
    assert (data / "secret.key").read_text() == ""


def test_settings_that_are_wrong_are_named(refused_here: Refused) -> None:
    lines = refused_here(LOG__LEVEL="LOUD", DATABASE__POOL_SIZE="0")

    assert lines[0] == "The settings are wrong."
    assert {line.split(":")[0] for line in lines[1:]} == {"LOG__LEVEL", "DATABASE__POOL_SIZE"}


def test_production_does_not_start_on_defaults(refused_here: Refused) -> None:
    lines = refused_here(ENVIRONMENT="production")
    assert "DATABASE__URL" in lines[1]

    lines = refused_here(ENVIRONMENT="production", DATABASE__URL="postgresql://x@db/core")
    assert "SECRETS__SECRET_KEY" in lines[1]


def test_a_setting_that_does_not_exist_is_named(refused_here: Refused) -> None:
    lines = refused_here(DATABASE__HOSTNAME="db")

    assert lines[0] == "The settings are wrong."
    assert lines[1].startswith("DATABASE__HOSTNAME: ")


def test_the_service_runs_on_a_database_that_is_given(
    tmp_path: Path, own_database_url: str
) -> None:
    with serving(tmp_path / "data", DATABASE__URL=own_database_url) as service:
        body = {"email": "ann@example.org", "password": "seven herons over cold water"}
        assert service.get("/v1/auth/signup", body)["user"]["email"] == "ann@example.org"
        assert service.servers() == []
        assert service.stop(signal.SIGTERM) == 0


def test_production_serves_without_migrating(tmp_path: Path, own_database_url: str) -> None:
    with starting(
        tmp_path / "data",
        ENVIRONMENT="production",
        DATABASE__URL=own_database_url,
        SECRETS__SECRET_KEY="q8Zt5vRk2LwYx9Bn4MdPf7HsGj3KcVae",
    ) as service:
        service.wait_until_ready()
        assert not (tmp_path / "data").exists()
        assert service.stop(signal.SIGTERM) == 0
        assert '"event": "request"' in service.said()


def test_the_worker_stops_when_it_is_told(tmp_path: Path, own_database_url: str) -> None:
    with (tmp_path / "worker.out").open("w+") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "src", "worker"],
            cwd=ROOT,
            env=environ(tmp_path / "data", DATABASE__URL=own_database_url),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_working(own_database_url)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()
        output.seek(0)
        assert "Traceback" not in output.read()


def wait_until_working(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    with psycopg.connect(url, autocommit=True) as conn:
        while conn.execute("SELECT 1 FROM procrastinate_workers").fetchone() is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_commands_that_need_nothing_answer() -> None:
    printed = CliRunner().invoke(cli, ["openapi"])
    assert json.loads(printed.output)["info"]["title"] == "Core API"
    assert CliRunner().invoke(cli, ["version"]).output.strip() == VERSION


def test_a_client_that_sends_far_too_much_still_reads_why(data: Path, token: str) -> None:
    with serving(data) as service:
        request = urllib.request.Request(  # noqa: S310  (our own service)
            f"{service.url}/v1/teams",
            data=b'"' + b"x" * 20_000_000 + b'"',
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=20)  # noqa: S310  (our own service)

        assert refused.value.code == 413
        assert json.load(refused.value)["code"] == "body_too_large"
