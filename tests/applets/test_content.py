from uuid import uuid4

import pytest
from httpx2 import AsyncClient
from pydantic import TypeAdapter

from src.applets.schemas import Content
from src.database import Transaction
from tests import factories
from tests.applets.authoring import Author, content, create
from tests.applets.items.building import activity, draft, item
from tests.http import acting_as, mistakes, problem

MOOD = activity(item("text", "mood"), name="mood")


@pytest.fixture
async def author(client: AsyncClient, conn: Transaction) -> Author:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    return Author(client, ann, await create(client, ann, team.id, "Diary"))


async def test_clients_load_what_to_ask(
    author: Author, client: AsyncClient, conn: Transaction
) -> None:
    version = await author.publish(
        {**factories.DIARY, "description": "Moods", "about": {"de": "Über"}}
    )

    shown = await author.content()

    assert shown.keys() == {"version", "activities", "flows", "name", "description", "about"}
    TypeAdapter(Content).validate_python(shown)
    assert shown["version"] == version
    assert (shown["name"], shown["flows"]) == ("Diary", [])
    assert (shown["description"], shown["about"]) == ({"en": "Moods"}, {"de": "Über"})
    (mood,) = shown["activities"]
    assert mood["name"] == "mood"
    assert {"id", "revision_id", "items", "scores_and_reports"} <= mood.keys()
    assert [item["name"] for item in mood["items"]] == ["mood", "why"]
    assert mood["items"][0]["values"]["options"][1]["score"] == 2


async def test_before_the_first_version_there_is_nothing_to_ask(author: Author) -> None:
    await author.save(draft(MOOD))

    problem(await content(author.client, author.user, author.url), 404, "not_published")


async def test_an_old_version_can_be_asked_for(author: Author) -> None:
    first = await author.publish(draft(MOOD))
    before = await author.content()
    assert (before["description"], before["about"]) == (None, None)
    TypeAdapter(Content).validate_python(before)
    await author.publish(draft(activity(item("slider", "pain"))))

    assert await author.content(first["id"]) == before
    assert await author.content() != before


async def test_an_applet_has_its_own_versions_only(
    author: Author, client: AsyncClient, conn: Transaction
) -> None:
    await author.publish(draft(MOOD))
    other = await factories.applet(conn, owner=author.user)

    for version in (str(uuid4()), str(other.version.id)):
        response = await content(client, author.user, author.url, version=version)
        problem(response, 404, "version_not_found")
    for version in ("x", "1.1.0", "", "\x00"):
        response = await content(client, author.user, author.url, version=version)
        assert mistakes(response) == {("/query/version", "wrong_type")}


@pytest.mark.parametrize("written", ["{}", "W/{}", '"x", {}', '"x",W/{}', "*", " {} "])
async def test_content_that_is_known_is_not_sent_again(author: Author, written: str) -> None:
    version = await author.publish(draft(MOOD))
    first = await content(author.client, author.user, author.url)
    etag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"

    for asked in (None, version["id"]):
        again = await content(
            author.client,
            author.user,
            author.url,
            version=asked,
            headers={"If-None-Match": written.format(etag)},
        )
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
        assert again.headers["cache-control"] == "private, no-cache"


async def test_other_content_has_another_tag(author: Author) -> None:
    await author.publish(draft(MOOD))
    old = (await content(author.client, author.user, author.url)).headers["etag"]
    await author.publish(draft(MOOD, activity(item("slider", "pain"), name="pain")))
    # The same tree again is another version: its tag must be another too.
    await author.publish(draft(MOOD))

    for tag in (old, old.strip('"'), '"x"', "", "W/"):
        response = await content(
            author.client, author.user, author.url, headers={"If-None-Match": tag}
        )
        assert response.status_code == 200, tag
        assert response.headers["etag"] != old


async def test_head_tells_the_tag_alone(author: Author) -> None:
    await author.publish(draft(MOOD))
    etag = (await content(author.client, author.user, author.url)).headers["etag"]

    response = await author.client.head(f"{author.url}/content", headers=acting_as(author.user))

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["etag"] == etag
