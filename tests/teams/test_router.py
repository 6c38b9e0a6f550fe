import json
from dataclasses import fields
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient, Response
from uuid_utils.compat import uuid7

from src.database import Connection
from src.teams import schemas
from src.teams.constants import Role
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as, mistakes, problem, without_ids


async def create(client: AsyncClient, user: factories.User, name: object) -> Response:
    return await client.post("/v1/teams", json={"name": name}, headers=acting_as(user))


async def test_the_creator_becomes_the_owner(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)

    response = await create(client, ann, " Birds ")

    assert response.status_code == 201, response.text
    team = response.json()
    assert team.keys() == {field.name for field in fields(schemas.Team)}
    assert (team["name"], team["my_role"], team["member_count"]) == ("Birds", "owner", 1)
    assert datetime.fromisoformat(team["created_at"]).utcoffset() == timedelta(0)
    assert response.headers["location"] == f"/v1/teams/{team['id']}"
    shown = await client.get(response.headers["location"], headers=acting_as(ann))
    assert (shown.status_code, shown.json()) == (200, team)
    rows = await execute(
        "SELECT actor_id, team_id::text, object_id::text FROM audit_event"
        " WHERE action = 'team.created'"
    )
    assert rows == [(ann.id, team["id"], team["id"])]


async def test_teams_may_share_a_name(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)

    assert (await create(client, ann, "Birds")).status_code == 201
    assert (await create(client, ann, "Birds")).status_code == 201


@pytest.mark.parametrize("name", ["B", "x" * 80, "Vögel & Fische", "鳥", "\U0001f426", "a'b\"c;--"])
async def test_a_name_is_any_printable_text(
    client: AsyncClient, conn: Connection, name: str
) -> None:
    ann = await factories.user(conn)

    response = await create(client, ann, name)

    assert response.status_code == 201, response.text
    assert response.json()["name"] == name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "too_short"),
        ("   ", "too_short"),
        ("x" * 81, "too_long"),
        ("Bi\x00rds", "invalid_characters"),
        ("Bi\nrds", "invalid_characters"),
        ("Birds\u202e", "invalid_characters"),
        ("Bi\u200brds", "invalid_characters"),
        (None, "wrong_type"),
        (7, "wrong_type"),
        (["Birds"], "wrong_type"),
    ],
)
async def test_a_name_that_is_none_is_refused(
    client: AsyncClient, conn: Connection, name: object, code: str
) -> None:
    ann = await factories.user(conn)

    assert mistakes(await create(client, ann, name)) == {("/name", code)}


async def test_a_lone_surrogate_is_no_text(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)

    response = await client.post(
        "/v1/teams",
        content=b'{"name": "\\ud800"}',
        headers={**acting_as(ann), "Content-Type": "application/json"},
    )

    assert {pointer for pointer, _ in mistakes(response)} == {"/name"}


async def test_nobody_names_the_owner(client: AsyncClient, conn: Connection) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)

    response = await client.post(
        "/v1/teams",
        json={"name": "Birds", "owner_id": str(bob.id), "id": str(bob.id)},
        headers=acting_as(ann),
    )

    assert mistakes(response) == {("/owner_id", "unknown_field"), ("/id", "unknown_field")}


async def test_a_stranger_cannot_tell_a_team_from_none(
    client: AsyncClient, conn: Connection
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    team = await factories.team(conn, owner=ann)

    strange = await client.get(f"/v1/teams/{team.id}", headers=acting_as(bob))
    missing = await client.get(f"/v1/teams/{uuid7()}", headers=acting_as(bob))

    body = without_ids(problem(strange, 404, "team_not_found"))
    assert body == without_ids(problem(missing, 404, "team_not_found"))
    assert str(team.id) not in json.dumps(body)
    differing = {"x-request-id"}
    assert [item for item in strange.headers.items() if item[0] not in differing] == [
        item for item in missing.headers.items() if item[0] not in differing
    ]


@pytest.mark.parametrize("role", list(Role))
async def test_a_member_sees_the_team_in_their_role(
    client: AsyncClient, conn: Connection, role: Role
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team, role=role)

    response = await client.get(f"/v1/teams/{team.id}", headers=acting_as(bob))

    assert response.status_code == 200
    assert (response.json()["my_role"], response.json()["member_count"]) == (role, 2)


def test_each_role_may_what_the_ones_before_it_may() -> None:
    assert [role for role in Role if Role.ADMIN.includes(role)] == ["viewer", "editor", "admin"]
    assert not Role.VIEWER.includes(Role.EDITOR)


@pytest.mark.parametrize("team_id", ["x", "0", "%00", "..", "1" * 500, "'", "%ff", "\ud7ff"])
async def test_an_id_that_is_none_is_refused(
    client: AsyncClient, conn: Connection, team_id: str
) -> None:
    ann = await factories.user(conn)

    response = await client.get(f"/v1/teams/{team_id}", headers=acting_as(ann))

    assert response.status_code in {404, 422}, response.text


async def test_a_list_comes_in_pages_each_team_once(client: AsyncClient, conn: Connection) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    made = [str((await factories.team(conn, owner=ann)).id) for _ in range(7)]
    await factories.team(conn, owner=bob)

    seen: list[str] = []
    sizes: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        params = {"limit": "3", **cursor}
        response = await client.get("/v1/teams", params=params, headers=acting_as(ann))
        assert response.status_code == 200, response.text
        page = response.json()
        assert page.keys() == {"items", "next_cursor"}
        seen += [team["id"] for team in page["items"]]
        sizes.append(len(page["items"]))
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert seen == made
    assert sizes == [3, 3, 1]


async def test_a_full_last_page_has_no_next(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    for _ in range(2):
        await factories.team(conn, owner=ann)

    response = await client.get("/v1/teams?limit=2", headers=acting_as(ann))

    assert len(response.json()["items"]) == 2
    assert response.json()["next_cursor"] is None


async def test_a_list_shows_twenty_unless_asked(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    for _ in range(21):
        await factories.team(conn, owner=ann)

    response = await client.get("/v1/teams", headers=acting_as(ann))

    assert len(response.json()["items"]) == 20
    assert response.json()["next_cursor"]


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1e2", "x", "", "9" * 30])
async def test_a_limit_out_of_bounds_is_refused(
    client: AsyncClient, conn: Connection, limit: str
) -> None:
    ann = await factories.user(conn)

    response = await client.get("/v1/teams", params={"limit": limit}, headers=acting_as(ann))

    assert {pointer for pointer, _ in mistakes(response)} == {"/query/limit"}


@pytest.mark.parametrize("limit", [1, 100])
async def test_the_bounds_of_a_limit_belong_to_it(
    client: AsyncClient, conn: Connection, limit: int
) -> None:
    ann = await factories.user(conn)

    response = await client.get(f"/v1/teams?limit={limit}", headers=acting_as(ann))

    assert response.status_code == 200


ID = "01a1fc37-db69-7b34-a928-444398bcbc0f"
AT = "2026-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "=", "%", "\u00e9", "\x00", "bnVsbA", "W10", "e30", "MQ", "A" * 499, "'; --"),
        *(
            f"{at}_{ID}"
            for at in ("", "1", "yesterday", "null", "2026-01-01", "2026-01-01T00:00:00Z")
        ),
        *(f"{at}_{ID}" for at in ("2026-02-30T00:00:00.000000Z", "0000-01-01T00:00:00.000000Z")),
        *(f"{at}_{ID}" for at in (f" {AT}", f"{AT} ", AT[:-1], AT.lower(), f"{AT[:-1]}+00:00")),
        f"2026-01-01T00:00:00.00000\u0661Z_{ID}",
        *(f"{AT}{between}{ID}" for between in ("", ",", "__", "\n", "_ ")),
        *(f"{AT}_{key}" for key in ("", "x", ID[:-1], ID + "0", ID.upper(), ID.replace("-", ""))),
        *(f"{AT}_{key}" for key in (f"{{{ID}}}", f"urn:uuid:{ID}", f"{ID}\n", f"{ID}_1")),
    ],
)
async def test_a_cursor_of_no_list_of_ours_is_refused(
    client: AsyncClient, conn: Connection, text: str
) -> None:
    ann = await factories.user(conn)

    response = await client.get("/v1/teams", params={"cursor": text}, headers=acting_as(ann))

    problem(response, 400, "invalid_cursor")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"])
async def test_a_cursor_at_the_end_of_time_is_no_defect(
    client: AsyncClient, conn: Connection, at: str
) -> None:
    ann = await factories.user(conn)

    response = await client.get(
        "/v1/teams", params={"cursor": f"{at}_{ID}"}, headers=acting_as(ann)
    )

    assert response.status_code == 200, response.text


async def test_a_cursor_that_is_too_long_is_refused(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)

    response = await client.get("/v1/teams", params={"cursor": "A" * 501}, headers=acting_as(ann))

    assert mistakes(response) == {("/query/cursor", "too_long")}


async def test_teams_are_for_people_who_are_known(client: AsyncClient) -> None:
    problem(await client.get("/v1/teams"), 401, "not_authenticated")
    problem(await client.post("/v1/teams", json={"name": "x"}), 401, "not_authenticated")
    problem(await client.get(f"/v1/teams/{uuid7()}"), 401, "not_authenticated")
