"""Failures that are meant, swallowed into a 500: ours come as the document tells them."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from src.database import Transaction
from tests import documented, factories
from tests.http import PROBLEM, acting_as, problem

DOCUMENT = documented.document()
NOBODYS = UUID("0198a0a0-0000-7000-8000-000000000000")
JSON = {"Content-Type": "application/json"}
Operation = Mapping[str, Any]
Content = tuple[bytes, Mapping[str, str]]


def operations() -> Iterator[tuple[str, str, Operation]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


OPERATIONS = {operation["operationId"]: (method, path) for method, path, operation in operations()}


def fields_of(operation: Operation) -> list[str]:
    """The names that its body may have."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    for option in [schema, *schema.get("anyOf", [])]:
        if name := option.get("$ref", "").rpartition("/")[2]:
            return list(DOCUMENT["components"]["schemas"][name].get("properties", {}))
    return []


def bodies(operation: Operation) -> Iterator[Content]:
    """None, then what is no JSON or of a wrong kind, then wrong values under the right names."""
    yield b"", {}
    if "requestBody" not in operation:
        return
    yield b'{"a": ', JSON
    yield b"\xff\xfe{", JSON
    yield b"a=b", {"Content-Type": "text/plain"}
    for text in (b"[]", b"null", b'"\\ud800"', b'{"nobody_knows_me": 1}', b"[" * 5000):
        yield text, JSON
    for value in (b"null", b"-1", b'"\\u0000"', b"[[]]", b"{}", b"1e400", b"true"):
        pairs = (b'"' + name.encode() + b'": ' + value for name in fields_of(operation))
        yield b"{" + b", ".join(pairs) + b"}", JSON


@pytest.mark.parametrize("name", OPERATIONS)
async def test_a_malformed_request_is_answered_as_the_document_tells(
    client: AsyncClient, conn: Transaction, name: str
) -> None:
    method, template = OPERATIONS[name]
    operation = DOCUMENT["paths"][template][method.lower()]
    ann = await factories.operator(conn)
    team = await factories.team(conn, owner=ann)
    ids = {"team_id": team.id, "user_id": ann.id}

    async def call(path: str, content: bytes, headers: Mapping[str, str]) -> int:
        response = await client.request(method, path, content=content, headers=headers)
        said = (path, content[:80], response.text)
        assert str(response.status_code) in operation["responses"], said
        assert response.status_code < 500, said
        if response.status_code >= 400:
            assert response.headers["content-type"] == PROBLEM, said
        return response.status_code

    junk, right = template, template
    for part in template.split("/"):
        if part.startswith("{"):
            junk = junk.replace(part, "x")
            right = right.replace(part, str(ids.get(part[1:-1], NOBODYS)))
    sent = list(bodies(operation))
    for content, headers in sent[:2]:
        await call(right, content, headers)
        await call(f"{junk}?limit=no&cursor=%00", content, {**headers, **acting_as(ann)})
    for content, headers in sent:
        if await call(right, content, {**headers, **acting_as(ann)}) < 300:
            # It may have been the end of the session.
            ann = await factories.session(conn, ann, auth_methods=("pwd", "otp", "mfa"))


async def test_what_was_meant_as_a_conflict_or_a_refusal_is_one(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)
    known = {"email": ann.email, "password": factories.PASSWORD}
    wrong = {"identifier": ann.email, "password": "another long sentence"}

    problem(await client.post("/v1/auth/signup", json=known), 409, "email_taken")
    problem(await client.post("/v1/auth/login", json=wrong), 401, "invalid_credentials")
    check = await client.post("/v1/auth/signup/check", json={"token": "core_once_x"})
    problem(check, 400, "invalid_token")
    problem(await client.post("/v1/auth/logout"), 401, "refresh_invalid")
