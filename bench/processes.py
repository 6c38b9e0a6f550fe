"""Processes of a run: started together, waited for, stopped at the end however it ends."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0


class BenchError(Exception):
    """The benchmark cannot go on; the message says why."""


@contextmanager
def server(
    command: Sequence[str], *, port: int, environ: Mapping[str, str], log: Path, cwd: Path = ROOT
) -> Iterator[int]:
    """A server on a loopback port for the length of the block; yields its pid once it listens."""
    with log.open("w") as output:
        process = subprocess.Popen(  # noqa: S603  (commands of our own)
            command,
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us, and we stop it
        )
        try:
            _wait(process, port, log)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def plain_environment() -> dict[str, str]:
    """Our environment without what would change the service's settings."""
    prefixes = (
        *("DATABASE__", "ENVIRONMENT", "DATA_DIR", "SECRETS__", "LIMITS__", "TRUSTED_PROXIES"),
        *("OTEL_", "LOG__", "PYTHON"),
    )
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def run(command: Sequence[str], *, environ: Mapping[str, str] | None = None) -> str:
    """Run a program to its end; returns what it printed. Raises BenchError where it fails."""
    if shutil.which(command[0]) is None:
        raise BenchError(f"{command[0]} is not installed")
    done = subprocess.run(  # noqa: S603  (commands of our own)
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"{' '.join(command[:4])} failed: {(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise BenchError(f"a server did not start:\n{log.read_text()[-2000:]}")
