"""Making teams within the limit, and changing what they are called and have settled."""

from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from src.config import LimitSettings
from src.database import Connection
from src.teams import service
from src.teams.constants import Role
from tests import factories
from tests.conftest import Execute, MakeClient
from tests.http import acting_as, mistakes, problem

SETTINGS = {
    "time_zone": "UTC",
    "locale": "en",
    "invitations_by": "admin",
    "default_invitation_role": "viewer",
}


async def create(client: AsyncClient, user: factories.User, **body: object) -> Response:
    return await client.post("/v1/teams", json=body, headers=acting_as(user))


async def change(
    client: AsyncClient,
    user: factories.User,
    team_id: object,
    body: dict[str, Any],
    *,
    path: str = "",
    if_match: str | None = None,
) -> Response:
    headers = acting_as(user) | ({"If-Match": if_match} if if_match else {})
    return await client.patch(f"/v1/teams/{team_id}{path}", json=body, headers=headers)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Birds", "birds"),
        ("  Sea  &  Shore! ", "sea-shore"),
        ("Vögel Über Wasser", "vogel-uber-wasser"),
        ("鳥", "team"),
        ("B", "team-b"),
        ("x" * 80, "x" * 40),
        ("-" * 5, "team"),
        (f"{'x' * 39} y", "x" * 39),
    ],
)
def test_a_slug_is_made_of_the_name(name: str, slug: str) -> None:
    assert service.slug_of(name) == slug


async def test_a_slug_that_is_taken_gets_a_suffix(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)

    slugs = [(await create(client, ann, name="Birds")).json()["slug"] for _ in range(3)]

    assert slugs[0] == "birds"
    assert len(set(slugs)) == 3
    assert all(slug.startswith("birds-") for slug in slugs[1:])


async def test_a_slug_may_be_chosen_and_is_kept_in_lower_case(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)

    response = await create(client, ann, name="Birds", slug="Sea-Birds-9")

    assert response.status_code == 201, response.text
    assert response.json()["slug"] == "sea-birds-9"
    taken = await create(client, ann, name="Others", slug="SEA-birds-9")
    problem(taken, 409, "slug_taken")


@pytest.mark.parametrize(
    ("slug", "code"),
    [
        ("ab", "too_short"),
        ("x" * 51, "too_long"),
        ("sea birds", "wrong_format"),
        ("vögel", "wrong_format"),
        ("birds\n", "wrong_format"),
        ("birds_", "wrong_format"),
        (7, "wrong_type"),
    ],
)
async def test_a_slug_that_is_none_is_refused(
    client: AsyncClient, conn: Connection, slug: object, code: str
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)

    for response in (
        await create(client, ann, name="Birds", slug=slug),
        await change(client, ann, team.id, {"slug": slug}),
    ):
        assert mistakes(response) == {("/slug", code)}


async def test_settings_have_defaults_and_may_be_given(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    given = {
        "time_zone": "Asia/Kolkata",
        "locale": "de-AT",
        "invitations_by": "owner",
        "default_invitation_role": "editor",
    }

    plain = await create(client, ann, name="Birds")
    told = await create(client, ann, name="Birds", settings=given)
    some = await create(client, ann, name="Birds", settings={"locale": "fr"})

    assert plain.json()["settings"] == SETTINGS
    assert told.json()["settings"] == given
    assert some.json()["settings"] == {**SETTINGS, "locale": "fr"}


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        ({"time_zone": "Mars/Olympus"}, ("time_zone", "unknown_zone")),
        ({"locale": "english please"}, ("locale", "wrong_format")),
        ({"invitations_by": "viewer"}, ("invitations_by", "unknown_choice")),
        ({"default_invitation_role": "owner"}, ("default_invitation_role", "unknown_choice")),
        ({"colour": "red"}, ("colour", "unknown_field")),
    ],
)
async def test_settings_that_are_none_are_refused(
    client: AsyncClient,
    conn: Connection,
    given: dict[str, Any],
    mistake: tuple[str, str],
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    field, code = mistake

    made = await create(client, ann, name="Birds", settings=given)
    changed = await change(client, ann, team.id, given, path="/settings")

    assert mistakes(made) == {(f"/settings/{field}", code)}
    assert mistakes(changed) == {(f"/{field}", code)}


async def test_only_what_is_sent_changes(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann, name="Birds")
    before = (await client.get(f"/v1/teams/{team.id}", headers=acting_as(ann))).json()

    named = await change(client, ann, team.id, {"name": " Herons "})
    moved = await change(client, ann, team.id, {"slug": "herons-and-co", "name": None})
    settled = await change(client, ann, team.id, {"locale": "de"}, path="/settings")
    again = await change(client, ann, team.id, {"time_zone": "Europe/Rome"}, path="/settings")

    for response in (named, moved, settled, again):
        assert response.status_code == 200, response.text
    assert (named.json()["name"], named.json()["slug"]) == ("Herons", before["slug"])
    assert (moved.json()["name"], moved.json()["slug"]) == ("Herons", "herons-and-co")
    last = again.json()
    assert last["settings"] == {**SETTINGS, "locale": "de", "time_zone": "Europe/Rome"}
    assert last == {
        **before,
        "name": "Herons",
        "slug": "herons-and-co",
        "settings": last["settings"],
        "version": 5,
        "updated_at": last["updated_at"],
    }
    shown = await client.get(f"/v1/teams/{team.id}", headers=acting_as(ann))
    assert shown.json() == last
    rows = await execute(
        "SELECT action, detail FROM audit_event WHERE team_id = %(id)s ORDER BY id OFFSET 1",
        id=team.id,
    )
    assert rows == [
        ("team.changed", {"name": "Herons"}),
        ("team.changed", {"slug": "herons-and-co"}),
        ("team.settings_changed", {"locale": "de"}),
        ("team.settings_changed", {"time_zone": "Europe/Rome"}),
    ]


async def test_a_change_names_no_other_field(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)

    response = await change(client, ann, team.id, {"version": 9, "deleted_at": None})

    assert mistakes(response) == {("/version", "unknown_field"), ("/deleted_at", "unknown_field")}


async def test_a_slug_of_another_team_is_taken(client: AsyncClient, conn: Connection) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    await create(client, bob, name="Herons", slug="herons")
    team = await factories.team(conn, owner=ann)

    response = await change(client, ann, team.id, {"slug": "HERONS"})

    problem(response, 409, "slug_taken")
    own = (await client.get(f"/v1/teams/{team.id}", headers=acting_as(ann))).json()["slug"]
    kept = await change(client, ann, team.id, {"slug": own})
    assert kept.status_code == 200


@pytest.mark.parametrize("path", ["", "/settings"])
async def test_a_change_of_an_old_state_is_refused(
    client: AsyncClient, conn: Connection, path: str
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    body = {"name": "Herons"} if not path else {"locale": "de"}
    read = await client.get(f"/v1/teams/{team.id}", headers=acting_as(ann))
    etag = read.headers["etag"]
    assert etag == f'"{read.json()["version"]}"'

    first = await change(client, ann, team.id, body, path=path, if_match=etag)
    stale = await change(client, ann, team.id, body, path=path, if_match=etag)

    assert first.status_code == 200
    assert first.headers["etag"] == f'"{first.json()["version"]}"' != etag
    problem(stale, 412, "stale_team")
    for wrong in ('"0"', "x", '"-1"', '"' + "9" * 30 + '"'):
        refused = await client.patch(
            f"/v1/teams/{team.id}{path}",
            json=body,
            headers=[*acting_as(ann).items(), ("If-Match", wrong)],
        )
        problem(refused, 412, "stale_team")
    for right in (first.headers["etag"], "*"):
        taken = await change(client, ann, team.id, body, path=path, if_match=right)
        assert taken.status_code == 200, taken.text


@pytest.mark.parametrize("path", ["", "/settings"])
async def test_editors_change_nothing(client: AsyncClient, conn: Connection, path: str) -> None:
    ann, eve = await factories.user(conn), await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    for role in Role:
        member = await factories.member(conn, team=team, role=role)
        response = await change(client, member, team.id, {}, path=path, if_match='"7"')
        if role.includes(Role.ADMIN):
            problem(response, 412, "stale_team")
        else:
            problem(response, 403, "role_too_low")

    problem(await change(client, eve, team.id, {}, path=path), 404, "team_not_found")


async def test_a_user_owns_so_many_teams(
    make_client: MakeClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    client = await make_client(limits=LimitSettings(teams_per_user=2))
    made = [(await create(client, ann, name="Birds")).json()["id"] for _ in range(2)]

    refused = await create(client, ann, name="Birds")

    problem(refused, 403, "team_limit")
    assert await execute("SELECT count(*) FROM team") == [(2,)]
    # Those that one is only a member of do not count, nor those that one has left or deleted.
    bob = await factories.user(conn)
    await factories.team(conn, owner=bob)
    deleted = await client.request(
        "DELETE", f"/v1/teams/{made[0]}", json={"confirm": "Birds"}, headers=acting_as(ann)
    )
    assert deleted.status_code == 202, deleted.text
    assert (await create(client, ann, name="Birds")).status_code == 201
    problem(await create(client, ann, name="Birds"), 403, "team_limit")
    back = await client.post(f"/v1/teams/{made[0]}/restore", headers=acting_as(ann))
    problem(back, 403, "team_limit")


async def test_a_list_holds_the_teams_of_a_role(client: AsyncClient, conn: Connection) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    own = await factories.team(conn, owner=ann)
    other = await factories.team(conn, owner=bob)
    await service.add_member(conn, team_id=other.id, user_id=ann.id, role=Role.EDITOR)

    async def listed(query: str) -> list[str]:
        response = await client.get(f"/v1/teams{query}", headers=acting_as(ann))
        assert response.status_code == 200, response.text
        return [team["id"] for team in response.json()["items"]]

    assert await listed("") == [str(own.id), str(other.id)]
    assert await listed("?role=owner") == [str(own.id)]
    assert await listed("?role=editor") == [str(other.id)]
    assert await listed("?role=viewer") == []
    assert await listed("?deleted=true") == []
    response = await client.get("/v1/teams?role=boss", headers=acting_as(ann))
    assert {pointer for pointer, _ in mistakes(response)} == {"/query/role"}
