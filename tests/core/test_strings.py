"""Text that breaks things, in every string that the API takes: it answers, and never with 5xx."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

from src.database import Transaction
from src.permissions import PERMISSIONS, Principal
from tests import factories
from tests.http import acting_as

NASTY = [
    *("\x00", "a\x00b", "\ud800", "a\udfffb", "\ufffe", "\u202e", "\U0010ffff", "\x1b[31m"),
    *("'; DROP TABLE account; --", "%s%s%(name)s", "{0}", "x" * 5000, "\r\nX: y", "../..", "${x}"),
]
Json = dict[str, Any]


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/v1/"):
                yield method, path, operation


def resolved(schema: Json, document: Json) -> Json:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def sample(schema: Json, document: Json, depth: int = 0) -> Any:
    """A value of the schema, with as many strings in it as it can have."""
    schema = resolved(schema, document)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return sample(schema[choice][0], document, depth)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type", "object")
    if kind == "object":
        fields = schema.get("properties", {})
        made = {
            name: sample(field, document, depth + 1) for name, field in fields.items() if depth < 4
        }
        if schema.get("additionalProperties") not in (None, False) or not fields:
            made["en"] = "text"
        return made
    if kind == "array":
        return [sample(schema.get("items", {}), document, depth + 1)] if depth < 6 else []
    values = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}
    return values[kind]


def strings(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, str):
        yield place
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from strings(inner, (*place, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from strings(inner, (*place, number))


def changed(value: Any, place: tuple[Any, ...], text: str) -> Any:
    if not place:
        return text
    value = deepcopy(value)
    inner = value
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = text
    return value


@pytest.fixture
async def known(conn: Transaction) -> dict[str, str]:
    """Ids that lead somewhere, by the name of their parameter."""
    made = await factories.applet(conn)
    return {
        "team_id": str(made.team.id),
        "applet_id": str(made.applet.id),
        "token": made.owner.access_token,
    }


async def test_in_a_body_no_text_is_a_defect(
    app: FastAPI, client: AsyncClient, known: dict[str, str]
) -> None:
    document = app.openapi()
    headers = {
        "Authorization": f"Bearer {known['token']}",
        "Content-Type": "application/json",
        "If-Match": "*",
    }
    tried = 0
    for method, path, operation in operations(document):
        if (content := operation.get("requestBody", {}).get("content")) is None:
            continue
        for schema in [kind["schema"] for name, kind in content.items() if "json" in name]:
            body = sample(schema, document)
            places = list(strings(body))
            # Where a schema has hundreds of places, each still gets some of the texts.
            for number, place in enumerate(places):
                texts = NASTY if len(places) < 20 else NASTY[number % 5 :: 5]
                for text in texts:
                    response = await client.request(
                        method,
                        path.format_map(Known(known)),
                        content=json.dumps(changed(body, place, text)).encode(),
                        headers=headers,
                    )
                    tried += 1
                    assert response.status_code < 500, (method, path, place, text, response.text)
    assert tried > 100


async def test_in_an_address_no_text_is_a_defect(
    app: FastAPI, client: AsyncClient, known: dict[str, str]
) -> None:
    for method, path, operation in operations(app.openapi()):
        places = operation.get("parameters", [])
        texts = [text.encode("utf-8", "surrogatepass") for text in NASTY]
        for place in places:
            for text in texts:
                values = dict(known)
                params: Json = {}
                headers = [(b"authorization", f"Bearer {known['token']}".encode())]
                if place["in"] == "path":
                    values[place["name"]] = "".join(f"%{byte:02x}" for byte in text)
                elif place["in"] == "query":
                    params[place["name"]] = text.decode("utf-8", "surrogateescape")
                elif place["in"] == "header":
                    safe = bytes(byte for byte in text if byte not in b"\r\n\0")
                    headers.append((place["name"].encode(), safe))
                query = "&".join(
                    f"{name}=" + "".join(f"%{byte:02x}" for byte in text) for name in params
                )
                url = path.format_map(Known(values)) + (f"?{query}" if query else "")
                response = await client.request(method, url, headers=headers)
                assert response.status_code < 500, (method, url, response.text)


class Known(dict[str, str]):
    """Some id for every parameter."""

    def __missing__(self, key: str) -> str:
        return "01a1fc37-db69-7b34-a928-444398bcbc0f"


async def test_every_operation_needs_a_known_caller_but_those_that_make_one(
    app: FastAPI, client: AsyncClient
) -> None:
    for method, path, operation in operations(app.openapi()):
        response = await client.request(method, path.format_map(Known()))
        if PERMISSIONS[operation["operationId"]].principal is not Principal.ANONYMOUS:
            assert response.status_code == 401, (method, path, response.text)


async def test_a_stranger_sees_nothing_of_a_team(
    app: FastAPI, client: AsyncClient, conn: Transaction, known: dict[str, str]
) -> None:
    bob = await factories.user(conn)
    document = app.openapi()
    for method, path, operation in operations(document):
        if "{team_id}" not in path and "{applet_id}" not in path:
            continue
        body: Json = {}
        if content := operation.get("requestBody", {}).get("content", {}).get("application/json"):
            body = {"json": sample(content["schema"], document)}
        response = await client.request(
            method,
            path.format_map(Known(known)),
            headers={**acting_as(bob), "If-Match": "*"},
            **body,
        )
        assert response.status_code in {404, 422}, (method, path, response.text)
        if response.status_code == 422:
            # The payload is judged first, and tells nothing: it does so without the team too.
            missing = await client.request(
                method,
                path.format_map(Known()),
                headers={**acting_as(bob), "If-Match": "*"},
                **body,
            )
            assert missing.status_code == 422, (method, path, missing.text)
