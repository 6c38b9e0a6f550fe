"""No framework: ASGI and a psycopg pool, JSON built by PostgreSQL where it is a list."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from psycopg import errors
from pydantic import ValidationError

from bench.peers import shared
from bench.peers.bare import answers, signing_in, teams
from bench.peers.bare.base import Refused, Scope, pool

Handler = Callable[..., Awaitable[tuple[int, bytes]]]
ROUTES: dict[tuple[str, ...], Handler] = {
    ("GET", "v1", "users", "me"): teams.get_me,
    ("GET", "v1", "teams", "*"): teams.get_team,
    ("POST", "v1", "teams"): teams.create_team,
    ("GET", "v1", "applets", "*", "submissions"): answers.list_submissions,
    ("PUT", "v1", "applets", "*", "submissions", "*", "answers", "*"): answers.put_answer,
    ("POST", "v1", "auth", "login"): signing_in.log_in,
    ("POST", "v1", "auth", "token", "refresh"): signing_in.refresh,
}
WORDS = {word for route in ROUTES for word in route}


async def app(scope: Scope, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await pool.open(wait=True)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await pool.close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    parts = [scope["method"], *scope["path"].split("/")[1:]]
    handler = ROUTES.get(tuple(part if part in WORDS else "*" for part in parts))
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    try:
        if handler is None:
            raise Refused(404)
        status, out = await handler(scope, body, *(part for part in parts if part not in WORDS))
    except Refused as exc:
        status, out = exc.status, b"{}"
    except shared.Refused:
        status, out = 401, b"{}"
    except (ValidationError, ValueError) as exc:
        status, out = 422, json.dumps({"detail": str(exc)}).encode()
    except errors.UniqueViolation:
        status, out = 409, b"{}"
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(out)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": out})


if __name__ == "__main__":
    shared.serve(app)
