"""Making API keys, seeing them, deleting them."""

import base64
import binascii
from datetime import UTC, datetime, timedelta

import pytest
from httpx2 import AsyncClient, Response

from src.auth.api_keys import spelling
from src.auth.api_keys.constants import KEYS_MAX
from src.auth.exceptions import InvalidToken
from src.database import Connection, Transaction
from src.notifications.constants import Template
from src.permissions import Scope
from src.security import token_hash
from tests import factories, mail
from tests.conftest import Execute
from tests.http import acting_as, bearer, mistakes, problem
from tests.races import Answers, race

URL = "/v1/users/me/api-keys"
NEW = {"name": "nightly export", "scopes": ["profile:read"]}


async def create(client: AsyncClient, user: factories.User, **more: object) -> Response:
    return await client.post(URL, json={**NEW, **more}, headers=acting_as(user))


async def test_a_key_is_shown_once_and_works(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)

    response = await create(client, ann)

    assert response.status_code == 201, response.text
    assert response.headers["cache-control"] == "no-store"
    made = response.json()
    assert response.headers["location"] == f"{URL}/{made['api_key']['id']}"
    assert made["key"].startswith(made["api_key"]["prefix"])
    me = await client.get("/v1/users/me", headers=bearer(made["key"]))
    assert me.json()["id"] == str(ann.id)
    listed = await client.get(URL, headers=acting_as(ann))
    assert listed.json() == {"items": [made["api_key"]], "next_cursor": None}
    assert made["api_key"]["last_used_at"] is None
    assert made["key"] not in listed.text


async def test_how_a_key_is_spelled_tells_it_from_a_typo(
    client: AsyncClient, conn: Connection
) -> None:
    key = (await create(client, await factories.user(conn))).json()["key"]

    assert key.startswith("core_key_")
    body = base64.urlsafe_b64decode(key.removeprefix("core_key_"))
    assert int.from_bytes(body[32:], "big") == binascii.crc32(body[:32])
    for typo in (f"{key[:-1]}{'B' if key[-1] == 'A' else 'A'}", key[:-1], f"{key}A", f"{key[:-4]}"):
        problem(await client.get("/v1/users/me", headers=bearer(typo)), 401, "invalid_token")
        with pytest.raises(InvalidToken):  # no database is needed to tell
            spelling.read(typo)


async def test_a_hash_and_how_it_begins_is_all_that_is_kept(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    key = (await create(client, await factories.user(conn))).json()["key"]

    assert await execute("SELECT prefix, key_hash FROM api_key") == [(key[:15], token_hash(key))]


async def test_each_scope_is_kept_once(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)

    made = await create(client, ann, scopes=["teams:read", "profile:read", "teams:read"])

    assert made.json()["api_key"]["scopes"] == ["profile:read", "teams:read"]


@pytest.mark.parametrize(
    ("more", "pointer", "code"),
    [
        ({"name": "  "}, "/name", "too_short"),
        ({"name": "x" * 101}, "/name", "too_long"),
        ({"scopes": []}, "/scopes", "too_short"),
        ({"scopes": ["everything"]}, "/scopes/0", "unknown_choice"),
        ({"expires_at": "2026-01-01T00:00:00"}, "/expires_at", "time_zone_required"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "/expires_at", "in_the_past"),
    ],
)
async def test_what_makes_no_key_is_refused(
    client: AsyncClient, conn: Connection, more: dict[str, object], pointer: str, code: str
) -> None:
    ann = await factories.user(conn)

    assert mistakes(await create(client, ann, **more)) == {(pointer, code)}


async def test_one_has_25_keys_at_the_most(client: AsyncClient, conn: Transaction) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    for _ in range(KEYS_MAX - 1):
        await factories.api_key(conn, ann)

    assert (await create(client, ann)).status_code == 201
    problem(await create(client, ann), 409, "api_key_limit")
    assert (await create(client, bob)).status_code == 201


async def test_keys_that_have_expired_do_not_count_and_make_room(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    for _ in range(KEYS_MAX):
        await factories.api_key(conn, ann)
    await execute(
        "UPDATE api_key SET created_at = now() - interval '2 days',"
        " expires_at = now() - interval '1 hour' * place"
        " FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM api_key) AS one"
        " WHERE api_key.id = one.id AND place <= 3"
    )
    expired = [
        str(key_id)
        for (key_id,) in await execute(
            "SELECT id FROM api_key WHERE expires_at < now() ORDER BY expires_at"
        )
    ]

    async def listed() -> list[str]:
        answer = await client.get(URL, headers=acting_as(ann))
        return [key["id"] for key in answer.json()["items"]]

    for left in (expired[1:], expired[2:], expired[3:]):
        assert (await create(client, ann)).status_code == 201
        shown = await listed()
        assert len(shown) == KEYS_MAX
        assert [key for key in expired if key in shown] == left
    problem(await create(client, ann), 409, "api_key_limit")


@pytest.mark.committed
async def test_of_twenty_at_once_as_many_are_made_as_there_is_room_for(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    people: dict[int, factories.User] = {}
    for number in range(3):
        people[number] = await factories.user(conn)
        for _ in range(KEYS_MAX - 5):
            await factories.api_key(conn, people[number])

    async def send(number: int, _: int) -> Response:
        return await create(client, people[number])

    async def checked(number: int, answers: Answers) -> None:
        assert answers == {(201, ""): 5, (409, "api_key_limit"): 15}
        assert await execute(
            "SELECT count(*) FROM api_key WHERE account_id = %(id)s", id=people[number].id
        ) == [(KEYS_MAX,)]

    await race(send, rounds=3, callers=20, checked=checked)


async def test_it_takes_a_fresh_sign_in_to_make_one(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await execute(
        "UPDATE session SET created_at = now() - interval '1 hour',"
        " authenticated_at = now() - interval '16 minutes'"
    )

    problem(await create(client, ann), 403, "fresh_login_required")
    assert (await client.get(URL, headers=acting_as(ann))).status_code == 200


async def test_its_owner_is_told_and_both_ends_are_written_down(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    made = (await create(client, ann)).json()["api_key"]
    await client.delete(f"{URL}/{made['id']}", headers=acting_as(ann))

    told = await mail.last(conn, to=ann.email, template=Template.SECURITY_NOTICE)
    assert told.params == {"event": "api_key_created"}
    written = await execute("SELECT action, actor_id, object_id, detail FROM audit_event")
    assert [(action, actor, str(key)) for action, actor, key, _ in written] == [
        ("api_key.created", ann.id, made["id"]),
        ("api_key.deleted", ann.id, made["id"]),
    ]
    assert written[0][3] == {
        "owner_id": str(ann.id),
        "prefix": made["prefix"],
        "scopes": ["profile:read"],
    }


async def test_the_very_next_request_with_a_deleted_key_is_refused(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)
    made = (await create(client, ann)).json()
    key = bearer(made["key"])
    assert (await client.get("/v1/users/me", headers=key)).status_code == 200

    deleted = await client.delete(f"{URL}/{made['api_key']['id']}", headers=acting_as(ann))

    assert (deleted.status_code, deleted.content) == (204, b"")
    problem(await client.get("/v1/users/me", headers=key), 401, "invalid_token")


async def test_nobody_deletes_the_key_of_another(client: AsyncClient, conn: Connection) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    made = (await create(client, ann)).json()

    refused = await client.delete(f"{URL}/{made['api_key']['id']}", headers=acting_as(bob))

    problem(refused, 404, "api_key_not_found")
    assert (await client.get("/v1/users/me", headers=bearer(made["key"]))).status_code == 200
    assert (await client.get(URL, headers=acting_as(bob))).json()["items"] == []


async def test_a_key_dies_when_it_was_to(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    soon = datetime.now(UTC) + timedelta(hours=1)
    key = bearer(await factories.api_key(conn, ann, Scope.PROFILE_READ, expires_at=soon))
    assert (await client.get("/v1/users/me", headers=key)).status_code == 200

    await execute(
        "UPDATE api_key SET created_at = now() - interval '2 hours',"
        " expires_at = now() - interval '1 microsecond'"
    )

    problem(await client.get("/v1/users/me", headers=key), 401, "invalid_token")
    assert len((await client.get(URL, headers=acting_as(ann))).json()["items"]) == 1
