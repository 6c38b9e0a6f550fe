"""A service of the demo's own, on a directory that goes away with it."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_START_SECONDS = 60.0


class StartError(Exception):
    """The service did not start; the message holds what it said."""


@contextmanager
def service() -> Iterator[str]:
    """Start a service, yield its URL, and stop it."""
    with tempfile.TemporaryDirectory(prefix="core-api-demo-") as directory:
        # Another user runs PostgreSQL where we are root, and must be able to pass through.
        Path(directory).chmod(0o755)
        port = _free_port()
        environ = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DATABASE__", "ENVIRONMENT", "DATA_DIR"))
        }
        environ["DATA_DIR"] = str(Path(directory) / "data")
        with (Path(directory) / "output").open("w+") as output:
            process = subprocess.Popen(  # noqa: S603  (our own service)
                [sys.executable, "-m", "src", "serve", "--port", str(port)],
                cwd=_ROOT,
                env=environ,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                url = f"http://127.0.0.1:{port}"
                _wait(process, url, output.name)
                yield url
            finally:
                process.terminate()
                process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: "subprocess.Popen[bytes]", url: str, output: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with opener.open(f"{url}/health/ready", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise StartError(f"The service did not start:\n{Path(output).read_text()}")
