"""There is no page of settings, no answer shows a secret, and none repeats the Host."""

import re
from collections.abc import Iterator, Mapping

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from pydantic import BaseModel, SecretStr

from src.config import Settings
from src.database import Transaction
from tests import factories
from tests.authorisation import world as worlds
from tests.authorisation.cases import Case, operations
from tests.authorisation.oracle import Transport
from tests.authorisation.samples import SAMPLES
from tests.authorisation.world import Who, Whose
from tests.conftest import Execute, MakeClient, RawConnection
from tests.fakes import facebook
from tests.http import acting_as

HOST = "evil.example"
SECRET = re.compile(rb"\$argon2|postgresql://|BEGIN [A-Z ]*PRIVATE KEY|\"d\": ?\"|private_key")


def secrets_of(value: object) -> Iterator[str]:
    """Every secret of the settings."""
    if isinstance(value, SecretStr) and value.get_secret_value():
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_of(getattr(value, name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from secrets_of(inner)


def test_the_settings_have_secrets_to_be_looked_for(settings: Settings) -> None:
    assert {factories.SECRET_KEY, facebook.SECRET} < set(secrets_of(settings))


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
    given = [each.encode() for each in (factories.PASSWORD, *hashes, *secrets_of(settings))]
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
