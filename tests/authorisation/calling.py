"""Requests straight into the application, without a client in between: there are many."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Scope


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """The code of a problem."""
        if self.headers.get("content-type") != "application/problem+json":
            return None
        return str(self.json()["code"])


async def call(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    query: str = "",
    headers: Mapping[str, str],
    body: bytes = b"",
) -> Answer:
    """Send one request, and wait for the whole answer."""
    sent = {"host": "test.local", **({"content-length": str(len(body))} if body else {}), **headers}
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query.encode(),
        "server": ("test.local", 80),
        "client": ("127.0.0.1", 1),
        "scheme": "http",
        "root_path": "",
    }
    begun: dict[str, Any] = {}
    chunks: list[bytes] = []
    is_sent = False

    async def receive() -> Message:
        nonlocal is_sent
        if is_sent:
            return {"type": "http.disconnect"}
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            begun.update(message)
        else:
            chunks.append(message.get("body", b""))

    await app(scope, receive, send)
    got = {name.decode(): value.decode("latin-1") for name, value in begun["headers"]}
    return Answer(begun["status"], got, b"".join(chunks))
