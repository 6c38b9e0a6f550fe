"""An upload that is read whole, kept under the name that came with it, whatever it is.

Files are not kept yet. What can be sent is held to this until then: every body has a limit and is
read no further, what is no JSON is refused by all but one operation, and that one, which reads a
questionnaire of another system and keeps no file, makes nothing of the file's name but a title.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from starlette.types import Message, Scope

from src.answers.constants import BATCH_BODY_BYTES
from src.applets.constants import IMPORT_BODY_BYTES
from src.config import LimitSettings, Settings
from src.constants import KIB, MIB
from src.database import Transaction
from tests import documented, factories
from tests.applets.importers.sources import radio
from tests.authorisation import world as worlds
from tests.authorisation.calling import call
from tests.authorisation.cases import Case, Operation, operations
from tests.authorisation.oracle import SAFE, Transport, table
from tests.authorisation.samples import SAMPLES, Sample
from tests.authorisation.world import Who, Whose, World
from tests.conftest import Execute, MakeApp, RawConnection
from tests.http import acting_as

DOCUMENT = documented.document()
BODIES: Mapping[str, set[str]] = {
    operation["operationId"]: set(operation["requestBody"]["content"])
    for methods in DOCUMENT["paths"].values()
    for operation in methods.values()
    if "requestBody" in operation
}
"""What each operation with a body takes, as the document says."""
LARGER = {"import_draft": IMPORT_BODY_BYTES, "put_answers": BATCH_BODY_BYTES}
LIMIT = 2 * KIB
OTHER_MEDIA = (
    *("application/octet-stream", "image/png", "text/plain", "application/zip2", ""),
    *("application/x-www-form-urlencoded", "multipart/mixed; boundary=x"),
)


def test_one_operation_takes_something_else_than_json() -> None:
    assert len(BODIES) > 50
    assert {name: media for name, media in BODIES.items() if media != {"application/json"}} == {
        "import_draft": {"application/json", "application/zip", "multipart/form-data"}
    }


def who_may(operation: Operation) -> Who:
    is_platform = table()[operation.name].principal.name == "PLATFORM"
    return Who.PLATFORM_ADMIN if is_platform else Who.OWNER


def whose_is(operation: Operation) -> Whose:
    return Whose.DELETED if table()[operation.name].is_deleted else Whose.OWN


def described(
    operation: Operation, sample: Sample, world: World, headers: Mapping[str, str]
) -> Scope:
    case = Case(operation, sample, who_may(operation), whose_is(operation), Transport.BEARER)
    scene = case.scene(world)
    path = case.address(scene)
    sent = {
        "host": "test.local",
        "authorization": f"Bearer {scene.caller.token}",
        "content-type": "application/json",
        "expect": "100-continue",  # then a refused body is not even thrown away
        **headers,
    }
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": operation.method,
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "path": path,
        "raw_path": path.encode(),
        "query_string": sample.query.encode(),
        "server": ("test.local", 80),
        "client": ("127.0.0.1", 1),
        "scheme": "http",
        "root_path": "",
    }


async def taken(app: FastAPI, scope: Scope, *, piece: int) -> tuple[int, int]:
    """Send a body without an end; the status, and how many bytes of it were asked for."""
    asked, statuses = 0, list[int]()

    async def receive() -> Message:
        nonlocal asked
        asked += piece
        assert asked < 64 * MIB, "it is read and read"
        return {"type": "http.request", "body": b" " * piece, "more_body": True}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0], asked


@pytest.mark.parametrize(
    "headers",
    [{}, {"content-length": str(64 * MIB)}, {"idempotency-key": "one"}],
    ids=["in pieces", "by its length", "with a key"],
)
async def test_no_body_is_read_beyond_its_limit(
    make_app: MakeApp,
    conn: Transaction,
    execute: Execute,
    settings: Settings,
    raw: RawConnection,
    headers: dict[str, str],
) -> None:
    app = make_app(limits=LimitSettings(body_bytes=LIMIT))
    world = await worlds.make(app, conn, execute, settings)
    refused: set[str] = set()
    await raw.execute("SAVEPOINT untouched")
    for operation in operations(app):
        if operation.method in SAFE:
            continue
        limit = LARGER.get(operation.name, LIMIT)
        for sample in SAMPLES[operation.name]:
            scope = described(operation, sample, world, headers)
            status, asked = await taken(app, scope, piece=limit // 4)
            await raw.execute("ROLLBACK TO SAVEPOINT untouched")
            assert asked <= (0 if "content-length" in headers else limit * 5 // 4), operation
            if operation.name in BODIES or "content-length" in headers:
                assert status == 413, (operation, sample.label)
                refused.add(operation.name)

    assert refused >= BODIES.keys()


async def test_what_is_no_json_is_refused(
    app: FastAPI, conn: Transaction, execute: Execute, settings: Settings, raw: RawConnection
) -> None:
    world = await worlds.make(app, conn, execute, settings)
    refused: set[str] = set()
    await raw.execute("SAVEPOINT untouched")
    for operation in operations(app):
        for sample in SAMPLES[operation.name] if operation.name in BODIES else ():
            case = Case(
                operation, sample, who_may(operation), whose_is(operation), Transport.BEARER
            )
            scene = case.scene(world)
            body = sample.body(scene) if sample.body is not None else dict[str, Any]()
            for media in OTHER_MEDIA:
                answer = await call(
                    app,
                    operation.method,
                    case.address(scene),
                    query=sample.query,
                    headers={
                        "authorization": f"Bearer {scene.caller.token}",
                        **sample.headers,
                        "content-type": media,
                    },
                    body=body if isinstance(body, bytes) else json.dumps(body).encode(),
                )
                await raw.execute("ROLLBACK TO SAVEPOINT untouched")
                assert (answer.status, answer.code) == (415, "unsupported_media_type"), (
                    case,
                    media,
                )
            refused.add(operation.name)

    assert refused == BODIES.keys()


@pytest.mark.parametrize(
    "name",
    ["../../../etc/passwd", "..\\..\\birds.zip", "/etc/birds", "a" * 500, "\u202ebirds"],
)
async def test_the_name_of_a_file_leads_nowhere(
    client: AsyncClient, conn: Transaction, execute: Execute, name: str
) -> None:
    published = await factories.applet(conn)
    url = f"/v1/applets/{published.applet.id}/import?format=reproschema"
    document = json.dumps(radio(0, 1)).encode()

    async def sent(filename: str) -> Any:
        return await client.post(
            url,
            files={"upload": (filename, document, "application/json")},
            headers=acting_as(published.owner),
        )

    response = await sent(name)

    assert response.status_code == 200, response.text
    title = response.json()["draft"]["name"]
    assert ".." not in title
    assert not set(title) & set("/\\\u202e")
    assert len(title) <= 200
