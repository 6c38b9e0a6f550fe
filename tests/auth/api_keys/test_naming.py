"""What is done by an API key says so in the audit trail: by which, never by what it is worth."""

import pytest
from httpx2 import AsyncClient

from src import acting
from src.audit import service as audit_service
from src.audit.constants import Action
from src.database import Pools, Transaction
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as, bearer


async def key_id_of(execute: Execute, user: factories.User) -> str:
    ((key_id,),) = await execute(
        "SELECT id FROM api_key WHERE account_id = %(user_id)s", user_id=user.id
    )
    return str(key_id)


async def test_each_line_names_the_key_that_did_it(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    key = await factories.api_key(conn, ann)
    key_id = await key_id_of(execute, ann)
    by_key = bearer(key)

    made = await client.post("/v1/teams", json={"name": "Birds"}, headers=by_key)
    assert made.status_code == 201, made.text
    team = f"/v1/teams/{made.json()['id']}"
    for method, path, body in (
        ("PATCH", f"{team}/settings", {"invitations_by": "owner"}),
        ("POST", f"{team}/invitations", {"kind": "link", "role": "viewer"}),
        ("POST", f"{team}/applets", {"name": "Diary"}),
        ("PATCH", "/v1/users/me", {"display_name": "Ann"}),
    ):
        answer = await client.request(method, path, json=body, headers=by_key)
        assert answer.is_success, f"{path}: {answer.text}"
    by_session = await client.patch(
        f"{team}/settings", json={"locale": "de"}, headers=acting_as(ann)
    )
    assert by_session.is_success, by_session.text
    await factories.team(conn, owner=bob)

    lines = await execute("SELECT actor_id, action, key_id::text FROM audit_event ORDER BY id")
    by = [(action, named) for actor_id, action, named in lines if actor_id == ann.id]
    assert [named for _, named in by] == [None, key_id, key_id, key_id, key_id, key_id, None], by
    assert lines[-1][2] is None
    events = await client.get(f"{team}/audit-log", headers=acting_as(ann))
    assert [event["key_id"] for event in events.json()["items"]] == [None, *[key_id] * 4]
    assert key not in events.text


async def test_admins_see_and_look_for_what_a_key_has_done(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    admin, ann = await factories.operator(conn), await factories.user(conn)
    key = await factories.api_key(conn, ann)
    await client.post("/v1/teams", json={"name": "Birds"}, headers=bearer(key))
    await client.post("/v1/teams", json={"name": "Bees"}, headers=acting_as(ann))

    key_id = await key_id_of(execute, ann)
    response = await client.get(f"/v1/admin/audit-log?key_id={key_id}", headers=acting_as(admin))

    (event,) = response.json()["items"]
    assert (event["action"], event["key_id"], event["actor"]["id"]) == (
        "team.created",
        key_id,
        str(ann.id),
    )
    assert key not in response.text


@pytest.mark.committed
async def test_a_statement_that_stands_alone_knows_the_key_and_leaves_no_trace_of_it(
    pools: Pools, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await factories.api_key(conn, ann)
    key_id = (await execute("SELECT id FROM api_key"))[0][0]

    async def write() -> None:
        await audit_service.record(
            pools.write.single,
            action=Action.TEAM_CREATED,
            actor_id=ann.id,
            object_id=None,
            detail={},
        )

    token = acting.api_key.set(key_id)
    await write()
    acting.api_key.reset(token)
    for _ in range(20):  # on whichever connection, and whichever lane
        await write()

    lines = await execute(
        "SELECT key_id FROM audit_event WHERE action = 'team.created' ORDER BY id"
    )
    assert lines == [(key_id,), *[(None,)] * 20]
