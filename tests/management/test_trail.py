from typing import Any

import psycopg
import pytest
from httpx2 import AsyncClient

from src.database import Transaction
from src.permissions import PlatformRole
from tests import factories
from tests.conftest import Execute, RawConnection
from tests.http import acting_as, problem


@pytest.fixture
async def admin(conn: Transaction) -> factories.User:
    return await factories.operator(conn)


async def found(client: AsyncClient, who: factories.User, query: str = "") -> list[dict[str, Any]]:
    response = await client.get(f"/v1/admin/audit-log?{query}", headers=acting_as(who))
    assert response.status_code == 200, response.text
    return list(response.json()["items"])


async def test_the_trail_is_read_by_admins_newest_first_in_pages(
    client: AsyncClient, conn: Transaction, admin: factories.User
) -> None:
    teams = [await factories.team(conn, owner=admin) for _ in range(3)]

    response = await client.get("/v1/admin/audit-log?limit=2", headers=acting_as(admin))
    first = response.json()
    rest = await found(client, admin, f"cursor={first['next_cursor']}")

    shown = [each["team_id"] for each in [*first["items"], *rest]]
    assert shown == [str(team.id) for team in reversed(teams)]
    assert first["items"][0]["actor"] == {"id": str(admin.id), "email": admin.email}
    assert first["items"][0]["action"] == "team.created"
    user_admin = await factories.operator(conn, role=PlatformRole.USER_ADMIN)
    response = await client.get("/v1/admin/audit-log", headers=acting_as(user_admin))
    problem(response, 403, "platform_role_too_low")


async def test_each_filter_narrows_it(
    client: AsyncClient, conn: Transaction, admin: factories.User
) -> None:
    bob = await factories.user(conn)
    own = await factories.team(conn, owner=admin)
    await factories.team(conn, owner=bob)
    why = {"reason": "a report of abuse", "disabled": True}
    url = f"/v1/admin/users/{bob.id}"
    assert (await client.patch(url, json=why, headers=acting_as(admin))).is_success

    async def count(query: str) -> int:
        return len(await found(client, admin, query))

    assert await count("") == 3
    assert await count("action=user.disabled") == 1
    assert await count(f"actor_id={admin.id}") == 2
    assert await count(f"object_id={bob.id}") == 1
    assert await count(f"team_id={own.id}") == 1
    assert await count(f"actor_id={admin.id}&action=team.created") == 1
    assert await count("since=2020-01-01T00:00:00Z&until=2020-02-01T00:00:00%2B01:00") == 0
    assert await count("since=2020-01-01T00:00:00Z") == 3
    assert await count("until=2020-01-01T00:00:00Z") == 0
    response = await client.get("/v1/admin/audit-log?since=2020-01-01", headers=acting_as(admin))
    assert response.status_code == 422
    response = await client.get("/v1/admin/audit-log?action=nothing", headers=acting_as(admin))
    assert response.status_code == 422


@pytest.mark.parametrize("change", ["UPDATE audit_event SET at = at", "DELETE FROM audit_event"])
async def test_nobody_changes_what_was_written(
    conn: Transaction, admin: factories.User, raw: RawConnection, change: str
) -> None:
    await factories.team(conn, owner=admin)

    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        await raw.execute(change.encode())


async def test_what_fails_leaves_no_line(
    client: AsyncClient, conn: Transaction, admin: factories.User, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await execute(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE EXCEPTION 'no'; END $$"
    )
    await execute(
        "CREATE TRIGGER audit_fails BEFORE INSERT ON audit_event"
        " FOR EACH ROW EXECUTE FUNCTION fail()"
    )

    response = await client.patch(
        f"/v1/admin/users/{ann.id}",
        json={"disabled": True, "reason": "a report"},
        headers=acting_as(admin),
    )

    # Nor is anything done that could not be written down.
    problem(response, 500, "internal_error")
    assert (await client.get("/v1/users/me", headers=acting_as(ann))).status_code == 200


async def test_signing_keys_are_listed_without_what_they_sign_by(
    client: AsyncClient, admin: factories.User
) -> None:
    response = await client.get("/v1/admin/signing-keys", headers=acting_as(admin))

    (key,) = response.json()["items"]
    assert key.keys() == {"kid", "state", "created_at", "activated_at", "retired_at"}
    assert (key["state"], key["retired_at"]) == ("active", None)
