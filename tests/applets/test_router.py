import json
from datetime import datetime

import pytest
from httpx2 import AsyncClient, Response
from uuid_utils.compat import uuid7

from src.database import Transaction
from src.teams.constants import Role
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as, mistakes, problem, without_ids


async def create(
    client: AsyncClient, user: factories.User, team_id: object, name: object
) -> Response:
    return await client.post(
        f"/v1/teams/{team_id}/applets", json={"name": name}, headers=acting_as(user)
    )


@pytest.mark.parametrize("role", [Role.EDITOR, Role.ADMIN, Role.OWNER])
async def test_an_editor_creates_an_applet_with_an_empty_draft(
    client: AsyncClient, conn: Transaction, execute: Execute, role: Role
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team, role=role)

    response = await create(client, bob, team.id, " Diary ")

    assert response.status_code == 201, response.text
    applet = response.json()
    assert response.headers["location"] == f"/v1/applets/{applet['id']}"
    shown = await client.get(response.headers["location"], headers=acting_as(bob))
    assert (shown.status_code, shown.json()) == (200, applet)
    draft = await client.get(f"/v1/applets/{applet['id']}/draft", headers=acting_as(bob))
    assert draft.json() == {"name": "Diary", "activities": [], "flows": []}
    assert datetime.fromisoformat(applet.pop("created_at")).utcoffset() is not None
    assert applet == {
        "id": applet["id"],
        "team_id": str(team.id),
        "name": "Diary",
        "status": "draft",
        "current_version_id": None,
        "my_role": role,
    }
    rows = await execute(
        "SELECT actor_id, team_id, object_id::text FROM audit_event WHERE action = 'applet.created'"
    )
    assert rows == [(bob.id, team.id, applet["id"])]


async def test_a_viewer_creates_none(client: AsyncClient, conn: Transaction) -> None:
    team = await factories.team(conn, owner=await factories.user(conn))
    bob = await factories.member(conn, team=team)

    problem(await create(client, bob, team.id, "Diary"), 403, "role_too_low")


async def test_in_a_strangers_team_there_is_nothing_to_create(
    client: AsyncClient, conn: Transaction
) -> None:
    team = await factories.team(conn, owner=await factories.user(conn))
    bob = await factories.user(conn)

    strange = await create(client, bob, team.id, "Diary")
    missing = await create(client, bob, uuid7(), "Diary")

    assert without_ids(problem(strange, 404, "team_not_found")) == without_ids(
        problem(missing, 404, "team_not_found")
    )


@pytest.mark.parametrize(
    ("one", "other"), [("Diary", "dIARY"), ("Straße", "STRASSE"), ("ΣΑΣ", "σας"), ("x", " x ")]
)
async def test_a_name_is_one_applets_in_its_team(
    client: AsyncClient, conn: Transaction, one: str, other: str
) -> None:
    ann = await factories.user(conn)
    team, second = [await factories.team(conn, owner=ann) for _ in range(2)]

    assert (await create(client, ann, team.id, one)).status_code == 201
    problem(await create(client, ann, team.id, other), 409, "applet_name_taken")
    assert (await create(client, ann, second.id, other)).status_code == 201


@pytest.mark.parametrize(
    ("name", "code"),
    [("", "too_short"), ("  ", "too_short"), ("x" * 101, "too_long"), (None, "wrong_type")],
)
async def test_a_name_that_is_none_is_refused(
    client: AsyncClient, conn: Transaction, name: object, code: str
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)

    assert mistakes(await create(client, ann, team.id, name)) == {("/name", code)}


@pytest.mark.parametrize("name", ["Di\x00ary", "Di\ud800ary"])
async def test_a_name_that_cannot_be_stored_is_the_callers_mistake(
    client: AsyncClient, conn: Transaction, name: str
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)

    response = await client.post(
        f"/v1/teams/{team.id}/applets",
        content=json.dumps({"name": name}),
        headers={**acting_as(ann), "Content-Type": "application/json"},
    )

    assert response.status_code in {400, 422}, response.text


async def test_a_list_comes_in_pages_each_applet_once(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)
    team, other = [await factories.team(conn, owner=ann) for _ in range(2)]
    bob = await factories.member(conn, team=team)
    made = [
        (await create(client, ann, team.id, f"Diary {number}")).json()["id"] for number in range(7)
    ]
    await create(client, ann, other.id, "Elsewhere")

    seen: list[str] = []
    sizes: list[int] = []
    params = {"limit": "3"}
    while True:
        response = await client.get(
            f"/v1/teams/{team.id}/applets", params=params, headers=acting_as(bob)
        )
        assert response.status_code == 200, response.text
        page = response.json()
        assert {applet["my_role"] for applet in page["items"]} == {"viewer"}
        seen += [applet["id"] for applet in page["items"]]
        sizes.append(len(page["items"]))
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]

    assert (seen, sizes) == (made, [3, 3, 1])


async def test_a_list_is_for_members_and_takes_its_own_cursors_only(
    client: AsyncClient, conn: Transaction
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    url = f"/v1/teams/{team.id}/applets"

    problem(await client.get(url, headers=acting_as(bob)), 404, "team_not_found")
    wrong = await client.get(url, params={"cursor": "x"}, headers=acting_as(ann))
    problem(wrong, 400, "invalid_cursor")
    large = await client.get(url, params={"limit": "101"}, headers=acting_as(ann))
    assert mistakes(large) == {("/query/limit", "out_of_range")}


PATHS: list[tuple[str, str, dict[str, object] | None]] = [
    ("GET", "", None),
    ("GET", "/draft", None),
    ("PUT", "/draft", {"name": "Diary"}),
    ("POST", "/versions", {}),
    ("GET", "/versions", None),
    ("GET", "/content", None),
    ("POST", "/import?format=reproschema", {"category": "Item"}),
]


@pytest.mark.parametrize(("method", "path", "body"), PATHS)
async def test_a_stranger_cannot_tell_an_applet_from_none(
    client: AsyncClient, conn: Transaction, method: str, path: str, body: object
) -> None:
    made = await factories.applet(conn)
    bob = await factories.user(conn)

    async def call(applet_id: object) -> Response:
        return await client.request(
            method,
            f"/v1/applets/{applet_id}{path}",
            json=body,
            headers={**acting_as(bob), "If-Match": "*"},
        )

    strange, missing = await call(made.applet.id), await call(uuid7())

    body = without_ids(problem(strange, 404, "applet_not_found"))
    assert body == without_ids(problem(missing, 404, "applet_not_found"))
    assert str(made.applet.id) not in json.dumps(body)
    assert [item for item in strange.headers.items() if item[0] != "x-request-id"] == [
        item for item in missing.headers.items() if item[0] != "x-request-id"
    ]


@pytest.mark.parametrize(("method", "path", "body"), PATHS)
async def test_a_viewer_reads_what_is_published_and_no_draft(
    client: AsyncClient, conn: Transaction, method: str, path: str, body: object
) -> None:
    made = await factories.applet(conn)
    bob = await factories.member(conn, team=made.team)

    response = await client.request(
        method,
        f"/v1/applets/{made.applet.id}{path}",
        json=body,
        headers={**acting_as(bob), "If-Match": "*"},
    )

    if (method, path) in {("GET", ""), ("GET", "/versions"), ("GET", "/content")}:
        assert response.status_code == 200, response.text
    else:
        problem(response, 403, "role_too_low")


@pytest.mark.parametrize(("method", "path", "body"), PATHS)
async def test_applets_are_for_people_who_are_known(
    client: AsyncClient, conn: Transaction, method: str, path: str, body: object
) -> None:
    made = await factories.applet(conn)

    response = await client.request(method, f"/v1/applets/{made.applet.id}{path}", json=body)

    problem(response, 401, "not_authenticated")


async def test_an_applet_shows_its_current_version(client: AsyncClient, conn: Transaction) -> None:
    made = await factories.applet(conn)

    response = await client.get(f"/v1/applets/{made.applet.id}", headers=acting_as(made.owner))

    assert response.json()["status"] == "live"
    assert response.json()["current_version_id"] == str(made.version.id)
