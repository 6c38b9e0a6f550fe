"""A POST that is repeated under its Idempotency-Key is done once, and answered alike."""

import asyncio
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from src.config import LimitSettings, RateSettings
from src.database import Connection, Transaction
from src.idempotency import service
from tests import factories
from tests.conftest import Execute, MakeClient
from tests.http import BASE_URL, acting_as, problem

KEY = "6d1b2c9e-retry"
NEW = {"email": "new@example.org", "password": "a long sentence about three otters"}


def keyed(key: str = KEY, **more: str) -> dict[str, str]:
    return {"Idempotency-Key": key, **{name.replace("_", "-"): text for name, text in more.items()}}


async def create_team(
    client: AsyncClient, user: factories.User, name: str = "Birds", key: str = KEY
) -> Response:
    return await client.post(
        "/v1/teams", json={"name": name}, headers={**keyed(key), **acting_as(user)}
    )


async def teams(execute: Execute) -> int:
    ((number,),) = await execute("SELECT count(*) FROM team")
    return int(number)


def is_replay(response: Response) -> bool:
    return response.headers.get("idempotency-replayed") == "true"


def told(response: Response) -> dict[str, Any]:
    """All of an answer that is the request's, not the moment's."""
    passing = {"x-request-id", "idempotency-replayed"}
    headers = {name: text for name, text in response.headers.items() if name not in passing}
    return {"status": response.status_code, "headers": headers, "body": response.content}


async def test_the_same_request_is_done_once_and_answered_alike(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)

    first, again, once_more = [await create_team(client, ann) for _ in range(3)]

    assert first.status_code == 201
    assert told(first) == told(again) == told(once_more)
    assert first.headers["location"]
    assert [is_replay(response) for response in (first, again, once_more)] == [False, True, True]
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    assert await teams(execute) == 1


async def test_without_a_key_each_request_is_its_own(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    for name in ("Birds", "Birds too"):
        await client.post("/v1/teams", json={"name": name}, headers=acting_as(ann))

    assert await teams(execute) == 2
    assert await execute("SELECT key FROM idempotency") == []


@pytest.mark.parametrize("what", ["body", "query", "media type"])
async def test_a_key_is_for_one_request(
    client: AsyncClient, conn: Connection, execute: Execute, what: str
) -> None:
    ann = await factories.user(conn)
    await create_team(client, ann)
    url = "/v1/teams?x=1" if what == "query" else "/v1/teams"
    name = "Bees" if what == "body" else "Birds"
    media = {"Content-Type": "application/x+json"} if what == "media type" else {}

    other = await client.post(
        url, json={"name": name}, headers={**keyed(), **acting_as(ann), **media}
    )

    problem(other, 422, "idempotency_key_reused")
    assert await teams(execute) == 1


async def test_an_object_of_another_address_is_another_request(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    one, other = [await factories.team(conn, owner=ann) for _ in range(2)]
    body = {"kind": "email", "email": "bob@example.org", "role": "viewer"}
    headers = {**keyed(), **acting_as(ann)}

    first = await client.post(f"/v1/teams/{one.id}/invitations", json=body, headers=headers)
    second = await client.post(f"/v1/teams/{other.id}/invitations", json=body, headers=headers)

    assert first.status_code == 201, first.text
    problem(second, 422, "idempotency_key_reused")


async def test_keys_of_different_callers_and_operations_are_different(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    team = (await create_team(client, ann)).json()

    of_bob = await create_team(client, bob)
    invited = await client.post(
        f"/v1/teams/{team['id']}/invitations",
        json={"kind": "email", "email": "bob@example.org", "role": "viewer"},
        headers={**keyed(), **acting_as(ann)},
    )

    assert (of_bob.status_code, invited.status_code) == (201, 201)
    assert not is_replay(of_bob)
    assert of_bob.json()["id"] != team["id"]
    assert await teams(execute) == 2


async def test_the_caller_is_the_person_not_the_token(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    first = await create_team(client, ann)

    again = await create_team(client, await factories.session(conn, ann))

    assert told(first) == told(again)
    assert await teams(execute) == 1


@pytest.mark.parametrize("how", ["no token", "forged", "signed out"])
async def test_nobody_is_given_an_answer_who_may_not_ask(
    client: AsyncClient, conn: Connection, execute: Execute, how: str
) -> None:
    ann = await factories.user(conn)
    assert (await create_team(client, ann)).status_code == 201
    headers: dict[str, str] = keyed()
    if how == "forged":
        header, claims, _ = ann.access_token.split(".")
        headers["Authorization"] = f"Bearer {header}.{claims}.{'A' * 86}"
    elif how == "signed out":
        headers |= acting_as(ann)
        await client.post("/v1/auth/logout", headers=acting_as(ann))

    response = await client.post("/v1/teams", json={"name": "Birds"}, headers=headers)

    assert response.status_code == 401
    assert not is_replay(response)


async def test_who_has_signed_in_again_repeats_the_refused_request(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    await client.post("/v1/auth/logout", headers=acting_as(ann))
    assert (await create_team(client, ann)).status_code == 401

    again = await create_team(client, await factories.session(conn, ann))

    assert again.status_code == 201


async def test_a_refusal_is_repeated_too(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    first = await client.post("/v1/auth/signup", json=NEW, headers=keyed("a"))
    taken = await client.post("/v1/auth/signup", json=NEW, headers=keyed("b"))
    await execute("DELETE FROM account")
    again = await client.post("/v1/auth/signup", json=NEW, headers=keyed("b"))

    assert (first.status_code, taken.status_code) == (201, 409)
    assert told(taken) == told(again)
    assert is_replay(again)


async def test_a_sign_up_with_cookies_is_repeated_with_its_cookies(
    client: AsyncClient, execute: Execute
) -> None:
    body = {**NEW, "token_transport": "cookie"}
    headers = keyed(Origin=BASE_URL)

    first = await client.post("/v1/auth/signup", json=body, headers=headers)
    client.cookies.clear()
    again = await client.post("/v1/auth/signup", json=body, headers=headers)

    assert first.status_code == 201, first.text
    assert first.headers.get_list("set-cookie") == again.headers.get_list("set-cookie")
    assert len(again.headers.get_list("set-cookie")) == 3
    assert again.headers["cache-control"] == "no-store"
    assert again.json() == first.json()
    assert len(await execute("SELECT id FROM session")) == 1
    # The repeated cookies sign in.
    assert (await client.get("/v1/users/me")).status_code == 200


async def test_a_page_of_another_origin_is_another_caller(
    make_client: MakeClient, execute: Execute
) -> None:
    origins = ["https://one.example.org", "https://other.example.org"]
    client = await make_client(cors={"allow_origins": origins[:1]})
    body = {**NEW, "token_transport": "cookie"}
    first = await client.post("/v1/auth/signup", json=body, headers=keyed(Origin=origins[0]))
    client.cookies.clear()

    foreign = await client.post("/v1/auth/signup", json=body, headers=keyed(Origin=origins[1]))

    assert first.status_code == 201
    assert "set-cookie" not in foreign.headers
    assert foreign.status_code == 403


async def test_a_repeated_change_with_cookies_needs_its_csrf_token(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    body = {**NEW, "token_transport": "cookie"}
    signed = await client.post("/v1/auth/signup", json=body, headers={"Origin": BASE_URL})
    token = signed.json()["csrf_token"]
    page = keyed(Origin=BASE_URL)
    right = {**page, "X-CSRF-Token": token}

    first = await client.post("/v1/teams", json={"name": "Birds"}, headers=right)
    without = await client.post("/v1/teams", json={"name": "Birds"}, headers=page)
    again = await client.post("/v1/teams", json={"name": "Birds"}, headers=right)

    assert first.status_code == 201, first.text
    problem(without, 403, "csrf_failed")
    assert told(first) == told(again)
    assert is_replay(again)


async def test_an_answer_is_sealed_and_its_request_is_hashed(
    client: AsyncClient, execute: Execute
) -> None:
    response = await client.post("/v1/auth/signup", json=NEW, headers=keyed())
    ((key, fingerprint, answer),) = await execute(
        "SELECT key, fingerprint, answer FROM idempotency"
    )

    assert (len(key), len(fingerprint)) == (32, 32)
    secrets = response.json()["tokens"]
    for secret in (secrets["access_token"], secrets["refresh_token"], "new@example.org", KEY):
        assert secret.encode() not in bytes(answer)


async def test_an_answer_that_was_moved_or_sealed_by_another_key_is_not_given(
    client: AsyncClient, execute: Execute
) -> None:
    for key in ("a", "b"):
        body = {**NEW, "email": f"{key}@example.org"}
        await client.post("/v1/auth/signup", json=body, headers=keyed(key))
    await execute(
        "UPDATE idempotency SET answer = (SELECT answer FROM idempotency AS other"
        " WHERE other.key <> idempotency.key)"
    )

    body = {**NEW, "email": "a@example.org"}
    response = await client.post("/v1/auth/signup", json=body, headers=keyed("a"))

    problem(response, 422, "idempotency_key_reused")


async def test_after_a_day_a_key_is_new(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await create_team(client, ann)
    await execute("UPDATE idempotency SET expires_at = expires_at - interval '23 hours 59 minutes'")
    assert is_replay(await create_team(client, ann))
    await execute("UPDATE idempotency SET expires_at = expires_at - interval '1 minute'")

    other = await create_team(client, ann, name="Bees")

    assert (other.status_code, is_replay(other)) == (201, False)
    assert is_replay(await create_team(client, ann, name="Bees"))


async def test_answers_of_yesterday_are_purged(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await create_team(client, ann)
    assert await service.purge(conn) == 0

    await execute("UPDATE idempotency SET expires_at = now()")

    assert await service.purge(conn) == 1


async def test_a_request_that_is_under_way_is_not_done_beside_it(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await create_team(client, ann)
    await execute("UPDATE idempotency SET answer = NULL")

    busy = await create_team(client, ann)
    other = await create_team(client, ann, name="Bees")

    problem(busy, 409, "idempotency_in_progress")
    assert busy.headers["retry-after"] == "1"
    problem(other, 422, "idempotency_key_reused")
    assert await teams(execute) == 1


async def test_a_request_that_died_does_not_hold_its_key_for_ever(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await create_team(client, ann)
    await execute("DELETE FROM team_member")
    await execute("DELETE FROM team")
    await execute("UPDATE idempotency SET answer = NULL, held_until = now() - interval '1 second'")

    problem(await create_team(client, ann, name="Bees"), 422, "idempotency_key_reused")
    again = await create_team(client, ann)

    assert (again.status_code, is_replay(again)) == (201, False)
    assert is_replay(await create_team(client, ann))


@pytest.mark.committed
async def test_of_fifty_at_the_same_time_one_is_done(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)

    answers = await asyncio.gather(*(create_team(client, ann) for _ in range(50)))

    done = [answer for answer in answers if answer.status_code == 201]
    rest = [answer for answer in answers if answer.status_code != 201]
    assert await teams(execute) == 1
    assert len([answer for answer in done if not is_replay(answer)]) == 1
    assert len({answer.json()["id"] for answer in done}) == 1
    for answer in rest:
        problem(answer, 409, "idempotency_in_progress")
    assert is_replay(await create_team(client, ann))


@pytest.mark.parametrize(
    "headers",
    [
        [("Idempotency-Key", "")],
        [("Idempotency-Key", "x" * 256)],
        [("Idempotency-Key", "a b")],
        [("Idempotency-Key", "\u00e9")],
        [("Idempotency-Key", "a"), ("Idempotency-Key", "b")],
    ],
)
async def test_a_key_is_short_and_printable_and_one(
    client: AsyncClient, headers: list[tuple[str, str]], execute: Execute
) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]

    response = await client.post("/v1/auth/signup", json=NEW, headers=raw)

    problem(response, 400, "idempotency_key_invalid")
    assert await execute("SELECT id FROM account") == []


async def test_a_limited_request_may_be_repeated_when_its_time_comes(
    make_client: MakeClient, execute: Execute
) -> None:
    rates = RateSettings(signup_ip=1)
    client = await make_client(limits=LimitSettings(rates=rates), trusted_proxies=("127.0.0.1",))
    await client.post("/v1/auth/signup", json={**NEW, "email": "one@example.org"})
    limited = await client.post("/v1/auth/signup", json=NEW, headers=keyed())
    assert limited.status_code == 429

    again = await client.post("/v1/auth/signup", json=NEW, headers=keyed())

    assert (again.status_code, is_replay(again)) == (429, False)
    assert await execute("SELECT key FROM idempotency") == []


@pytest.mark.parametrize("path", ["/v1/auth/token/refresh", "/v1/nowhere"])
async def test_where_no_key_counts_it_is_passed_over(
    client: AsyncClient, conn: Connection, execute: Execute, path: str
) -> None:
    ann = await factories.user(conn)
    body = {"refresh_token": ann.refresh_token}

    answers = [await client.post(path, json=body, headers=keyed()) for _ in range(2)]

    assert not any(is_replay(answer) for answer in answers)
    assert await execute("SELECT key FROM idempotency") == []


async def test_a_body_that_is_too_large_is_refused_as_ever(
    make_client: MakeClient, execute: Execute
) -> None:
    client = await make_client(limits=LimitSettings(body_bytes=2048))
    body = {**NEW, "given_name": "x" * 4096}

    problem(await client.post("/v1/auth/signup", json=body, headers=keyed()), 413, "body_too_large")
    assert await execute("SELECT key FROM idempotency") == []


async def test_a_lost_database_answers_503(client: AsyncClient, execute: Execute) -> None:
    await execute("DROP TABLE idempotency")

    response = await client.post("/v1/auth/signup", json=NEW, headers=keyed())

    assert response.status_code >= 500
    assert await execute("SELECT id FROM account") == []
