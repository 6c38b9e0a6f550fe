"""oidc-provider-mock as a server of its own on loopback, and a browser that signs in to it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

_STARTING = 30.0


def free_port() -> int:
    with socket.socket() as given:
        given.bind(("127.0.0.1", 0))
        port: int = given.getsockname()[1]
        return port


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until something answers there; raise if the process ends before."""
    ends = time.monotonic() + _STARTING
    while time.monotonic() < ends and process.poll() is None:
        try:
            httpx2.get(url, trust_env=False)
        except httpx2.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{process.args!r} does not answer")


@contextmanager
def serving() -> Iterator[str]:
    """The issuer of a provider that runs inside the block."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "NO_COLOR": "1"},
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/.well-known/openid-configuration", process)
        yield url
    finally:
        process.kill()
        process.wait()


async def authorize(address: str, *, sub: str) -> str:
    """Sign in at the address; returns where the provider sends the browser then."""
    async with httpx2.AsyncClient(trust_env=False) as browser:
        response = await browser.post(address, data={"sub": sub})
    assert response.status_code in {302, 303}, response.text
    return str(response.headers["location"])


async def register(url: str, sub: str, **claims: object) -> None:
    """Let somebody exist there, with these claims."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        response = await client.put(f"{url}/users/{sub}", json=claims)
    assert response.is_success, response.text
