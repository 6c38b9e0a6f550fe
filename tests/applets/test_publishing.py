import asyncio
import itertools
from collections import Counter
from copy import deepcopy
from uuid import UUID

import psycopg
import pytest
from httpx2 import AsyncClient

from src.applets import items, service
from src.applets.schemas import AppletId
from src.database import Pools, Transaction
from src.teams.constants import Role
from tests import factories
from tests.applets.authoring import Author, Json, create, publish
from tests.applets.items.building import activity, draft, item
from tests.conftest import Execute, RawConnection
from tests.http import acting_as, mistakes, problem

MOOD = activity(item("text", "mood"), item("text", "why"), name="mood")
SLEEP = activity(item("text", "dream"), name="sleep")


async def author_of(client: AsyncClient, conn: Transaction) -> Author:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    return Author(client, ann, await create(client, ann, team.id, "Diary"))


@pytest.fixture
async def author(client: AsyncClient, conn: Transaction) -> Author:
    return await author_of(client, conn)


async def test_the_first_version_is_1_1_0(author: Author, execute: Execute) -> None:
    await author.save(draft(MOOD))

    response = await publish(author.client, author.user, author.url, note=" first ")

    assert response.status_code == 201, response.text
    version = response.json()
    url = f"{author.url}/content?version={version['id']}"
    assert response.headers["location"] == url
    shown = await author.client.get(url, headers=acting_as(author.user))
    assert shown.json()["version"] == version
    assert version == {
        "id": version["id"],
        "applet_id": author.url.rpartition("/")[2],
        "seq": 1,
        "label": "1.1.0",
        "note": "first",
        "published_by": str(author.user.id),
        "published_at": version["published_at"],
    }
    rows = await execute(
        "SELECT actor_id, detail ->> 'label' FROM audit_event WHERE action = 'applet.published'"
    )
    assert rows == [(author.user.id, "1.1.0")]


async def test_a_note_is_optional_and_short(author: Author) -> None:
    await author.save(draft(MOOD))

    long = await publish(author.client, author.user, author.url, note="x" * 501)
    assert mistakes(long) == {("/note", "too_long")}
    other = await publish(author.client, author.user, author.url, label="7.0.0")
    assert mistakes(other) == {("/label", "unknown_field")}
    bare = await author.client.post(f"{author.url}/versions", headers=acting_as(author.user))
    assert (bare.status_code, bare.json()["note"]) == (201, "")


async def test_a_label_tells_what_has_changed(author: Author) -> None:
    retold = activity(item("text", "mood", question="How?"), item("text", "why"), name="mood")
    longer = activity(*retold["items"], item("slider", "energy"), name="mood")  # type: ignore[misc]
    trees = [
        draft(MOOD),
        draft(retold),
        draft(longer),
        draft(retold),
        draft(retold, SLEEP),
        draft(SLEEP, retold),
        draft(SLEEP),
        {**draft(SLEEP), "description": "Nights"},
    ]

    labels = [(await author.publish(tree))["label"] for tree in trees]

    assert labels == ["1.1.0", "1.1.1", "1.2.0", "1.3.0", "2.0.0", "2.0.1", "3.0.0", "3.0.1"]


async def test_there_must_be_something_to_publish(author: Author) -> None:
    await author.publish(draft(MOOD))

    problem(await publish(author.client, author.user, author.url), 409, "nothing_to_publish")
    await author.save(await author.draft())
    problem(await publish(author.client, author.user, author.url), 409, "nothing_to_publish")
    # The same questionnaire in other words of JSON: defaults, and the editor's own handle.
    await author.save(draft({**MOOD, "key": "M", "is_hidden": False}))
    problem(await publish(author.client, author.user, author.url), 409, "nothing_to_publish")

    listed = await author.client.get(f"{author.url}/versions", headers=acting_as(author.user))
    assert len(listed.json()["items"]) == 1


async def test_an_unchanged_activity_keeps_its_revision(author: Author) -> None:
    changed = activity(item("text", "mood", question="Well?"), item("text", "why"), name="mood")
    contents = []
    for tree in (draft(MOOD, SLEEP), draft(changed, SLEEP), draft(SLEEP, MOOD)):
        await author.publish(tree)
        contents.append({one["name"]: one for one in (await author.content())["activities"]})

    first, second, third = contents
    assert len({content["sleep"]["revision_id"] for content in contents}) == 1
    assert second["mood"]["revision_id"] != first["mood"]["revision_id"]
    assert third["mood"]["revision_id"] == first["mood"]["revision_id"]
    for name in ("mood", "sleep"):
        assert len({content[name]["id"] for content in contents}) == 1


async def test_an_activity_is_known_by_its_id_else_by_its_name(author: Author) -> None:
    await author.publish(draft(MOOD, SLEEP))
    before = {one["name"]: one["id"] for one in (await author.content())["activities"]}

    by_id: Json = deepcopy(await author.draft())
    by_id["activities"][0]["name"] = "feelings"
    by_id["activities"].append(activity(item("text", "new"), name="mood"))
    await author.publish(by_id)
    after = {one["name"]: one["id"] for one in (await author.content())["activities"]}
    await author.publish(draft({**MOOD, "name": "FEELINGS"}, {**SLEEP, "name": "Sleep"}))
    last = {one["name"]: one["id"] for one in (await author.content())["activities"]}

    assert (after["feelings"], after["sleep"]) == (before["mood"], before["sleep"])
    assert after["mood"] not in before.values()
    assert last == {"FEELINGS": before["mood"], "Sleep": before["sleep"]}


async def test_an_id_counts_more_than_a_name(author: Author) -> None:
    await author.publish(draft(MOOD, SLEEP))
    tree: Json = deepcopy(await author.draft())
    ids = [one["id"] for one in tree["activities"]]
    # `mood` now goes under the other's name, and somebody new under its own.
    del tree["activities"][1]["id"]
    tree["activities"][0]["name"], tree["activities"][1]["name"] = "sleep", "mood"

    await author.publish(tree)

    first, second = (await author.content())["activities"]
    assert (first["id"], first["name"]) == (ids[0], "sleep")
    assert second["id"] not in ids


async def test_an_activity_that_was_gone_comes_back_by_its_id(author: Author) -> None:
    await author.publish(draft(MOOD, SLEEP))
    old = await author.draft()
    await author.publish(draft(MOOD))

    await author.publish(old)

    assert [one["id"] for one in (await author.content())["activities"]] == [
        one["id"] for one in old["activities"]
    ]


async def test_going_back_makes_a_new_version_of_the_old_content(
    author: Author, execute: Execute
) -> None:
    first = await author.publish(draft(MOOD))
    await author.publish(draft(MOOD, SLEEP))
    third = await author.publish(draft(MOOD))

    assert (third["label"], third["seq"]) == ("3.0.0", 3)
    old, new = await author.content(first["id"]), await author.content()
    assert new["version"]["id"] == third["id"] != old["version"]["id"]
    assert new["activities"] == old["activities"]
    assert len(await execute("SELECT DISTINCT content_sha256 FROM applet_version")) == 2


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (None, {("/activities", "empty")}),
        (draft(), {("/activities", "empty")}),
        (
            draft(activity(name="a"), MOOD, activity(name="b")),
            {("/activities/0/items", "empty"), ("/activities/2/items", "empty")},
        ),
    ],
)
async def test_what_nobody_could_answer_is_not_published(
    author: Author, tree: object, expected: set[tuple[str, str]]
) -> None:
    if tree is not None:
        await author.save(tree)

    assert mistakes(await publish(author.client, author.user, author.url)) == expected
    shown = await author.client.get(author.url, headers=acting_as(author.user))
    assert shown.json()["status"] == "draft"


async def test_a_draft_that_rules_of_today_refuse_is_not_published(
    author: Author, execute: Execute
) -> None:
    await author.save(draft(MOOD))
    # As a release with fewer rules might have saved it.
    await execute("UPDATE applet SET draft = jsonb_set(draft, '{activities,0,items,0,x}', '1')")

    found = mistakes(await publish(author.client, author.user, author.url))

    assert found == {("/activities/0/items/0/x", "unknown_field")}


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("editor", 201), ("admin", 201)])
async def test_editors_publish(
    author: Author, client: AsyncClient, conn: Transaction, role: str, status: int
) -> None:
    made = await factories.applet(conn)
    bob = await factories.member(conn, team=made.team, role=Role(role))
    url = f"/v1/applets/{made.applet.id}"
    await Author(client, made.owner, url).save(draft(MOOD))

    assert (await publish(client, bob, url)).status_code == status


TABLES = ("applet_version", "applet_version_activity", "activity_revision")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {0} SET {1} = {1}",
        "UPDATE {0} SET {1} = {1} WHERE false",
        "DELETE FROM {0}",
        "TRUNCATE {0} CASCADE",
    ],
)
async def test_the_database_refuses_to_change_what_is_published(
    author: Author, raw: RawConnection, table: str, change: str
) -> None:
    await author.publish(draft(MOOD))
    column = "position" if table == "applet_version_activity" else "content"

    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="never change"):
        async with raw.transaction():
            await raw.execute(change.format(table, column).encode())


async def test_versions_come_in_pages_newest_first(author: Author) -> None:
    made = [
        await author.publish(draft(activity(item("text", f"item_{number}")))) for number in range(5)
    ]
    bob_sees: list[Json] = []
    params = {"limit": "2"}
    sizes = []
    while True:
        response = await author.client.get(
            f"{author.url}/versions", params=params, headers=acting_as(author.user)
        )
        assert response.status_code == 200, response.text
        page = response.json()
        bob_sees += page["items"]
        sizes.append(len(page["items"]))
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]

    assert bob_sees == made[::-1]
    assert sizes == [2, 2, 1]
    wrong = await author.client.get(
        f"{author.url}/versions", params={"cursor": "x"}, headers=acting_as(author.user)
    )
    problem(wrong, 400, "invalid_cursor")


@pytest.mark.committed
async def test_of_many_publications_of_one_draft_one_is_a_version(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    author = await author_of(client, conn)
    await author.save(draft(MOOD, SLEEP))

    responses = await asyncio.gather(*(publish(client, author.user, author.url) for _ in range(10)))

    assert Counter(response.status_code for response in responses) == {201: 1, 409: 9}
    assert {response.json().get("code") for response in responses} == {None, "nothing_to_publish"}
    assert await execute("SELECT count(*) FROM activity") == [(2,)]


@pytest.mark.committed
async def test_publications_while_the_draft_changes_are_in_one_row(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    author = await author_of(client, conn)
    await author.publish(draft(MOOD))

    async def change(number: int) -> int:
        await author.save(draft(MOOD, activity(item("text", f"item_{number}"), name="other")))
        return (await publish(client, author.user, author.url)).status_code

    statuses = Counter(await asyncio.gather(*(change(number) for number in range(8))))

    assert statuses.keys() <= {201, 409}
    rows = await execute("SELECT seq, content_sha256 FROM applet_version ORDER BY seq")
    assert [seq for seq, _ in rows] == list(range(1, statuses[201] + 2))
    assert all(one[1] != other[1] for one, other in itertools.pairwise(rows))
    response = await client.get(f"{author.url}/versions", headers=acting_as(author.user))
    assert [version["seq"] for version in response.json()["items"]] == [
        seq for seq, _ in reversed(rows)
    ]


@pytest.mark.committed
async def test_versions_are_listed_in_the_order_of_their_turns(
    client: AsyncClient, conn: Transaction, pools: Pools
) -> None:
    author = await author_of(client, conn)
    made = AppletId(UUID(author.url.rpartition("/")[2]))
    async with pools.write.transaction() as slow:
        applet = await service.get(slow, applet_id=made, user_id=author.user.id)
        await author.publish(draft(MOOD))
        tree = items.normalise(items.AppletDraft.model_validate(draft(SLEEP)))
        await service.save_draft(
            slow, applet_id=made, user_id=author.user.id, tree=tree, expected_rev=None
        )
        await service.publish(slow, applet=applet, user_id=author.user.id, note="")

    response = await client.get(f"{author.url}/versions", headers=acting_as(author.user))

    assert [version["seq"] for version in response.json()["items"]] == [2, 1]
