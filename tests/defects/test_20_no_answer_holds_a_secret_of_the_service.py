"""There is no page of settings, no answer shows a secret, and none repeats the Host."""

import re

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

from src.config import Settings
from src.database import Transaction
from tests import factories
from tests.authorisation import world as worlds
from tests.authorisation.cases import Case, operations
from tests.authorisation.oracle import Transport
from tests.authorisation.samples import SAMPLES
from tests.authorisation.world import Who, Whose
from tests.conftest import Execute, MakeClient, RawConnection
from tests.http import acting_as

HOST = "evil.example"
SECRET = re.compile(rb"\$argon2|postgresql://|BEGIN [A-Z ]*PRIVATE KEY|\"d\": ?\"|private_key")


@pytest.mark.parametrize(
    "path", ["/env", "/v1/env", "/.env", "/v1/config", "/settings", "/v1/admin/env", "/debug"]
)
async def test_there_is_no_page_of_settings(client: AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_no_answer_of_any_route_holds_a_secret(
    app: FastAPI, conn: Transaction, execute: Execute, settings: Settings, raw: RawConnection
) -> None:
    world = await worlds.make(app, conn, execute, settings)
    hashes = [row[0] for row in await execute("SELECT DISTINCT hash FROM password")]
    given = [factories.SECRET_KEY.encode(), factories.PASSWORD.encode()]
    given += [each.encode() for each in hashes]
    seen = 0
    await raw.execute("SAVEPOINT untouched")
    for operation in operations(app):
        for sample in SAMPLES[operation.name]:
            for who in (Who.ANONYMOUS, Who.OWNER, Who.PLATFORM_ADMIN):
                case = Case(operation, sample, who, Whose.OWN, Transport.BEARER)
                answer = await case.answer(app, world)
                await raw.execute("ROLLBACK TO SAVEPOINT untouched")
                told = answer.body + repr(sorted(answer.headers.items())).encode()
                assert not SECRET.search(told), case
                assert not [each for each in given if each in told], case
                seen += 1
    assert seen > 150


async def test_the_host_of_a_request_is_not_repeated(
    make_client: MakeClient, conn: Transaction
) -> None:
    client = await make_client(public_url="https://core.example.org")
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    headers = {"Host": HOST, "X-Forwarded-Host": HOST, **acting_as(ann)}

    for method, path, body in (
        ("GET", "/", None),
        ("GET", "/docs", None),
        ("GET", "/v1/nothing", None),
        ("GET", "/v1/users/me", None),
        ("POST", "/v1/teams", {"name": "Herons"}),
        ("POST", f"/v1/teams/{team.id}/invitations", {"kind": "link"}),
        ("POST", f"/v1/teams/{team.id}/invitations", {"kind": "nothing"}),
    ):
        response = await client.request(method, path, json=body, headers=headers)
        assert HOST not in response.text, path
        assert HOST not in repr(response.headers.multi_items()), path
