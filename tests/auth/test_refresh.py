import base64
from datetime import datetime

import pytest
from httpx2 import AsyncClient, Response

from src.auth import exceptions, service, sessions, tokens
from src.database import Pools, Transaction
from src.notifications.constants import Template
from tests import factories, mail
from tests.conftest import Execute
from tests.http import acting_as, bearer, problem
from tests.pooling import counting

PREFIX = "core_rt_"


async def refresh(client: AsyncClient, token: str) -> Response:
    return await client.post("/v1/auth/token/refresh", json={"refresh_token": token})


async def renewed(client: AsyncClient, token: str) -> str:
    response = await refresh(client, token)
    assert response.status_code == 200, response.text
    return str(response.json()["tokens"]["refresh_token"])


async def is_alive(client: AsyncClient, user: factories.User) -> bool:
    return (await client.get("/v1/users/me", headers=acting_as(user))).status_code == 200


async def make_token(conn: Transaction, user: factories.User, counter: int) -> str:
    """A genuine token of any counter, as only the holder of the session's key can make it."""
    session = await service.lock_session(conn, session_id=user.session_id, grace_seconds=0)
    key = sessions.unsealed_key(factories.SEALER, session)
    return tokens.derive_refresh_token(key, session_id=session.id, counter=counter)


async def test_a_refresh_token_is_traded_for_a_new_pair(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)

    response = await refresh(client, ann.refresh_token)

    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["csrf_token"] is None
    assert body["tokens"]["refresh_token"] not in {"", ann.refresh_token}
    assert body["tokens"]["access_token"] != ann.access_token
    me = await client.get("/v1/users/me", headers=bearer(body["tokens"]["access_token"]))
    assert me.json()["id"] == str(ann.id)


async def test_the_current_token_takes_no_transaction_and_any_other_does(
    conn: Transaction, pools: Pools
) -> None:
    ann = await factories.user(conn)
    counted = counting(pools)
    issuer = await factories.issuer_of(conn)

    async def trade(token: str) -> str:
        claim = tokens.read_refresh_token(token)
        issued = await sessions.refresh(counted.write.single, counted, issuer, claim)
        return issued.refresh_token

    second = await trade(ann.refresh_token)
    third = await trade(second)
    assert counted.write.stats()["transactions"] == 0

    assert await trade(second) == third
    assert counted.write.stats()["transactions"] == 1
    with pytest.raises(exceptions.RefreshReused):
        await trade(ann.refresh_token)
    with pytest.raises(exceptions.RefreshInvalid):
        await trade(third)
    assert counted.write.stats()["transactions"] == 3


async def test_refreshing_grows_no_table(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    token = ann.refresh_token

    for _ in range(5):
        token = await renewed(client, token)

    assert await execute("SELECT refresh_counter FROM session") == [(5,)]


async def test_within_the_grace_time_a_replay_gets_the_same_successor(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)

    successor = await renewed(client, ann.refresh_token)

    assert await renewed(client, ann.refresh_token) == successor
    await execute("UPDATE session SET rotated_at = now() - interval '10 seconds'")
    assert await renewed(client, ann.refresh_token) == successor
    assert await execute("SELECT refresh_counter FROM session") == [(1,)]


async def test_after_the_grace_time_a_replay_ends_the_session(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    successor = await renewed(client, ann.refresh_token)
    await execute("UPDATE session SET rotated_at = now() - interval '10.1 seconds'")

    problem(await refresh(client, ann.refresh_token), 401, "refresh_reused")

    assert not await is_alive(client, ann)
    problem(await refresh(client, successor), 401, "refresh_invalid")
    assert await execute("SELECT revoke_reason FROM session") == [("refresh_token_reused",)]
    rows = await execute(
        "SELECT actor_id, object_id FROM audit_event WHERE action = 'session.refresh_token_reused'"
    )
    assert rows == [(ann.id, ann.session_id)]


async def test_two_tokens_back_there_is_no_grace(client: AsyncClient, conn: Transaction) -> None:
    ann = await factories.user(conn)
    await renewed(client, await renewed(client, ann.refresh_token))

    problem(await refresh(client, ann.refresh_token), 401, "refresh_reused")

    assert not await is_alive(client, ann)


@pytest.mark.committed
async def test_a_reused_token_ends_its_session_although_the_answer_is_an_error(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    other = await factories.session(conn, ann)
    await renewed(client, await renewed(client, ann.refresh_token))

    problem(await refresh(client, ann.refresh_token), 401, "refresh_reused")

    rows = await execute("SELECT id FROM session WHERE revoked_at IS NOT NULL")
    assert rows == [(ann.session_id,)]
    rows = await execute(
        "SELECT object_id FROM audit_event WHERE action = 'session.refresh_token_reused'"
    )
    assert rows == [(ann.session_id,)]
    assert await is_alive(client, other)
    [told] = await mail.messages(conn)
    assert (told.template, told.to) == (Template.SECURITY_NOTICE, ann.email)
    assert told.params == {"event": "refresh_token_reused"}


async def test_a_forged_token_ends_no_session(client: AsyncClient, conn: Transaction) -> None:
    ann = await factories.user(conn)
    token = await renewed(client, await renewed(client, ann.refresh_token))

    for counter in (0, 1, 2, 3, 2**32 - 1):
        forged = tokens.derive_refresh_token(b"guessed", session_id=ann.session_id, counter=counter)
        problem(await refresh(client, forged), 401, "refresh_invalid")

    assert await is_alive(client, ann)
    await renewed(client, token)


async def test_a_token_from_the_future_is_invalid_and_ends_no_session(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)

    problem(await refresh(client, await make_token(conn, ann, 1)), 401, "refresh_invalid")

    assert await is_alive(client, ann)
    await renewed(client, ann.refresh_token)


async def test_a_key_moved_to_another_session_opens_nothing(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)

    await execute(
        "UPDATE session SET refresh_key = (SELECT refresh_key FROM session WHERE id = %(ann)s)"
        " WHERE id = %(bob)s",
        ann=ann.session_id,
        bob=bob.session_id,
    )

    problem(await refresh(client, bob.refresh_token), 401, "refresh_invalid")


@pytest.mark.parametrize("column", ["idle_expires_at", "expires_at"])
async def test_an_expired_session_cannot_be_refreshed(
    client: AsyncClient, conn: Transaction, execute: Execute, column: str
) -> None:
    ann = await factories.user(conn)

    if column == "expires_at":
        await execute("UPDATE session SET expires_at = now()")
    else:
        await execute("UPDATE session SET idle_expires_at = now()")

    problem(await refresh(client, ann.refresh_token), 401, "session_expired")
    assert await execute("SELECT refresh_counter FROM session") == [(0,)]


async def test_refreshing_moves_the_idle_end_and_never_the_absolute_one(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await execute(
        "UPDATE session SET idle_expires_at = now() + interval '1 hour',"
        " expires_at = now() + interval '2 days'"
    )

    response = await refresh(client, ann.refresh_token)

    ((is_moved, is_kept, ends),) = await execute(
        "SELECT idle_expires_at = now() + interval '21 days',"
        " expires_at = now() + interval '2 days', expires_at FROM session"
    )
    assert (is_moved, is_kept) == (True, True)
    told = response.json()["tokens"]["refresh_expires_at"]
    assert datetime.fromisoformat(told) == ends


async def test_no_bit_of_a_refresh_token_can_be_changed(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)
    encoded = ann.refresh_token.removeprefix(PREFIX)
    body = base64.urlsafe_b64decode(encoded + "==")

    for place in range(len(body) * 8):
        changed = bytearray(body)
        changed[place // 8] ^= 1 << place % 8
        text = PREFIX + base64.urlsafe_b64encode(changed).decode().rstrip("=")
        problem(await refresh(client, text), 401, "refresh_invalid")

    assert await is_alive(client, ann)
    await renewed(client, ann.refresh_token)


async def test_a_refresh_token_has_one_spelling(client: AsyncClient, conn: Transaction) -> None:
    ann = await factories.user(conn)
    token = ann.refresh_token

    # The last of its characters carries bits that base64 throws away.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [token[:-1] + letter for letter in alphabet if letter != token[-1]]
    others += [f"{token}==", f"{token}=", f" {token}", f"{token}\n", token + "A", token[:-1]]
    for text in [*others, token.upper(), token.removeprefix(PREFIX), PREFIX, PREFIX * 2]:
        problem(await refresh(client, text), 401, "refresh_invalid")

    await renewed(client, token)


async def test_an_access_token_does_not_refresh(client: AsyncClient, conn: Transaction) -> None:
    ann = await factories.user(conn)

    problem(await refresh(client, ann.access_token[:200]), 401, "refresh_invalid")
    response = await client.post("/v1/auth/token/refresh", headers=acting_as(ann))
    problem(response, 401, "refresh_invalid")


async def test_a_refresh_token_gives_no_access(client: AsyncClient, conn: Transaction) -> None:
    ann = await factories.user(conn)

    response = await client.get("/v1/users/me", headers=bearer(ann.refresh_token))

    problem(response, 401, "invalid_token")


async def test_nothing_that_the_database_holds_is_a_token(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    secret = base64.urlsafe_b64decode(ann.refresh_token.removeprefix(PREFIX) + "==")[20:]

    rows = await execute(
        "SELECT session::text FROM session UNION ALL SELECT signing_key::text FROM signing_key"
        " UNION ALL SELECT audit_event::text FROM audit_event"
    )

    dump = "".join(row[0] for row in rows)
    assert secret.hex() not in dump
    assert ann.refresh_token not in dump
    assert '"d"' not in dump
