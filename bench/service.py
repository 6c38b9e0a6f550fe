"""The service as users run it, and a client for what must be prepared through its API."""

import json
import secrets
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2

from bench import processes
from bench.processes import BenchError

SECRET_KEY = secrets.token_urlsafe(48)
_LOGINS_AT_A_TIME = 4
_TOKEN_MINUTES = "60"  # noqa: S105  (a run takes longer than the ten minutes of the default)


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens."""

    port: int
    pid: int


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody with tokens."""

    email: str
    access_token: str
    refresh_token: str


_UNLIMITED = {
    f"LIMITS__RATES__{rule}": "0"
    for rule in ("LOGIN_IP", "LOGIN_IP_HOUR", "SIGNUP_IP", "REFRESH_SESSION")
}
"""All callers come from one address here, and sessions are refreshed without a pause."""


@contextmanager
def serving(
    url: str,
    log: Path,
    extra: Mapping[str, str] | None = None,
    *,
    tree: Path | None = None,
    module: str = "src",
) -> Iterator[Running]:
    """One worker in production settings on a database, its log lines as JSON in a file.

    `tree` is a checkout whose service runs instead of this one's, and `module` what is run in it.
    Raises BenchError.
    """
    port = processes.free_port()
    environ = {
        **processes.plain_environment(),
        "ENVIRONMENT": "production",
        "DATABASE__URL": url,
        "SECRETS__SECRET_KEY": SECRET_KEY,
        "AUTHENTICATION__ACCESS_TOKEN__EXPIRATION": _TOKEN_MINUTES,
        **_UNLIMITED,
        **(extra or {}),
    }
    command = [sys.executable, "-m", module, "serve", "--port", str(port)]
    where = tree or processes.ROOT
    with processes.server(command, port=port, environ=environ, log=log, cwd=where) as pid:
        with Api(port) as api:
            try:
                api.wait_until_ready()
            except httpx2.TransportError as exc:
                raise BenchError(f"the service did not start:\n{log.read_text()[-2000:]}") from exc
        yield Running(port=port, pid=pid)


class Api:
    """The service's API, as one user after the other."""

    def __init__(self, port: int) -> None:
        self._http = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)
        self.token: str | None = None

    def __enter__(self) -> "Api":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def wait_until_ready(self) -> None:
        if self._http.get("/health/ready").status_code != httpx2.codes.OK:
            raise BenchError("the service is not ready")

    def send(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """The answer. Raises BenchError for any that is no success."""
        sent = dict(headers or {})
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        response = self._http.request(method, path, json=body, headers=sent)
        if not response.is_success:
            raise BenchError(f"{method} {path}: {response.status_code} {response.text}")
        return response

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        return self.send(method, path, body, headers).json()

    def sign_in(self, email: str, password: str) -> SignedIn:
        body = {"identifier": email, "password": password}
        tokens = self.call("POST", "/v1/auth/login", body)["tokens"]
        return SignedIn(email, tokens["access_token"], tokens["refresh_token"])

    def sign_in_all(self, emails: list[str], password: str) -> list[SignedIn]:
        with ThreadPoolExecutor(_LOGINS_AT_A_TIME) as threads:
            return list(threads.map(partial(self.sign_in, password=password), emails))


def request(method: str, path: str, *, token: str | None = None, body: object = None) -> str:
    """A whole HTTP/1.1 request as text, ready to be sent again and again."""
    text = "" if body is None else json.dumps(body, separators=(",", ":"))
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json"]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(text.encode())}"]
    return "\r\n".join([*lines, "", text])
