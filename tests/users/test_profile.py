"""What a user may say of themselves, and who sees it."""

from datetime import datetime
from typing import Any

import pytest
from httpx2 import AsyncClient

from src.database import Connection
from tests import factories
from tests.conftest import Execute
from tests.http import acting_as, mistakes, problem


async def patch(client: AsyncClient, user: factories.User, path: str, body: Any) -> Any:
    response = await client.patch(path, json=body, headers=acting_as(user))
    assert response.status_code == 200, response.text
    return response.json()


async def test_one_changes_what_one_is_called_and_where_one_is(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann = await factories.user(conn)
    before = (await client.get("/v1/users/me", headers=acting_as(ann))).json()

    changed = await patch(
        client,
        ann,
        "/v1/users/me",
        {
            "username": "ann.b",
            "given_name": " Ann ",
            "display_name": "Ann B.",
            "locale": "el",
            "time_zone": "Europe/Athens",
        },
    )

    expected = {
        **before,
        "username": "ann.b",
        "given_name": "Ann",
        "display_name": "Ann B.",
        "locale": "el",
        "time_zone": "Europe/Athens",
        "updated_at": changed["updated_at"],
    }
    assert changed == expected
    assert datetime.fromisoformat(changed["updated_at"]) >= datetime.fromisoformat(
        before["updated_at"]
    )
    assert (await client.get("/v1/users/me", headers=acting_as(ann))).json() == changed
    assert await execute(
        "SELECT count(*) FROM audit_event WHERE actor_id = %(id)s AND action = 'user.changed'",
        id=ann.id,
    ) == [(1,)]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("en-us", "en-US"),
        ("ZH-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("ca-valencia", "ca-valencia"),
    ],
)
async def test_a_locale_is_kept_as_language_tags_are_written(
    client: AsyncClient, conn: Connection, given: str, kept: str
) -> None:
    ann = await factories.user(conn)

    assert (await patch(client, ann, "/v1/users/me", {"locale": given}))["locale"] == kept


async def test_what_is_left_out_or_null_stays(client: AsyncClient, conn: Connection) -> None:
    ann = await factories.user(conn)
    await patch(client, ann, "/v1/users/me", {"given_name": "Ann", "display_name": "A."})

    changed = await patch(client, ann, "/v1/users/me", {"given_name": None, "display_name": ""})

    assert (changed["given_name"], changed["display_name"]) == ("Ann", "")
    assert changed["username"] == ann.username


async def test_a_username_belongs_to_one_whatever_its_case(
    client: AsyncClient, conn: Connection
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)

    response = await client.patch(
        "/v1/users/me", json={"username": bob.username.upper()}, headers=acting_as(ann)
    )

    problem(response, 409, "username_taken")
    kept = await patch(client, ann, "/v1/users/me", {"username": ann.username.upper()})
    assert kept["username"] == ann.username.upper()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"username": "a@b.example"}, "/username"),
        ({"username": "ab"}, "/username"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"locale": "not a language"}, "/locale"),
        ({"locale": "xx-bad"}, "/locale"),
        ({"locale": "xx"}, "/locale"),
        ({"locale": "en-XQ"}, "/locale"),
        ({"locale": "und"}, "/locale"),
        ({"given_name": "A\nB"}, "/given_name"),
        ({"display_name": "x" * 101}, "/display_name"),
        ({"email": "new@example.org"}, "/email"),
        ({"status": "active"}, "/status"),
    ],
)
async def test_a_mistake_is_named(
    client: AsyncClient, conn: Connection, body: dict[str, str], pointer: str
) -> None:
    ann = await factories.user(conn)

    response = await client.patch("/v1/users/me", json=body, headers=acting_as(ann))

    assert [place for place, _ in mistakes(response)] == [pointer]


async def test_preferences_are_the_usual_ones_until_they_are_set(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    path = "/v1/users/me/preferences"

    usual = (await client.get(path, headers=acting_as(ann))).json()
    dark = await patch(client, ann, path, {"theme": {"mode": "dark"}})
    blue = await patch(client, ann, path, {"theme": {"accent": "#2A6F97"}})
    quiet = await patch(client, ann, path, {"notifications": {"pushes": False}})

    assert usual == {
        "theme": {"mode": "system", "accent": None},
        "notifications": {"mails": True, "pushes": True},
    }
    assert dark["theme"] == {"mode": "dark", "accent": None}
    assert blue["theme"] == {"mode": "dark", "accent": "#2a6f97"}
    assert quiet == {
        "theme": {"mode": "dark", "accent": "#2a6f97"},
        "notifications": {"mails": True, "pushes": False},
    }
    assert (await client.get(path, headers=acting_as(ann))).json() == quiet


@pytest.mark.parametrize("colour", ["blue", "#fff", "#12345g", "2a6f97", "#2a6f97 "])
async def test_a_colour_is_written_in_one_way(
    client: AsyncClient, conn: Connection, colour: str
) -> None:
    ann = await factories.user(conn)

    response = await client.patch(
        "/v1/users/me/preferences", json={"theme": {"accent": colour}}, headers=acting_as(ann)
    )

    assert [place for place, _ in mistakes(response)] == ["/theme/accent"]


async def test_who_shares_a_team_sees_a_name_and_nothing_else(
    client: AsyncClient, conn: Connection
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team)

    response = await client.get(f"/v1/users/{bob.id}", headers=acting_as(ann))

    assert response.json() == {
        "id": str(bob.id),
        "kind": "person",
        "username": bob.username,
        "display_name": "",
    }
    own = await client.get(f"/v1/users/{ann.id}", headers=acting_as(ann))
    assert own.json()["id"] == str(ann.id)


async def test_to_a_stranger_a_user_does_not_exist(
    client: AsyncClient, conn: Connection, execute: Execute
) -> None:
    ann, stranger = await factories.user(conn), await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    bob = await factories.member(conn, team=team)

    seen = await client.get(f"/v1/users/{bob.id}", headers=acting_as(stranger))
    await execute("UPDATE team SET deleted_at = now() WHERE id = %(id)s", id=team.id)
    gone = await client.get(f"/v1/users/{bob.id}", headers=acting_as(ann))

    problem(seen, 404, "user_not_found")
    problem(gone, 404, "user_not_found")
