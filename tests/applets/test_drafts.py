import asyncio
from copy import deepcopy
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from src.database import Transaction
from tests import factories
from tests.applets.authoring import Author, Json, create, publish, save
from tests.applets.items.building import activity, changed, condition, draft, full, item, score
from tests.conftest import Execute
from tests.http import acting_as, mistakes, problem


@pytest.fixture
async def author(client: AsyncClient, conn: Transaction) -> Author:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    return Author(client, ann, await create(client, ann, team.id, "Diary"))


async def etag(author: Author) -> str:
    response = await author.client.get(f"{author.url}/draft", headers=acting_as(author.user))
    return str(response.headers["etag"])


async def test_a_draft_comes_back_as_it_was_saved(author: Author, execute: Execute) -> None:
    saved = await author.save({**full(), "description": "Moods", "about": {"de": "Über"}})

    assert await author.draft() == saved
    assert saved["description"] == {"en": "Moods"}
    assert saved["about"] == {"de": "Über"}
    assert [one["name"] for one in saved["activities"]] == ["mood", "sleep"]
    names = [item["name"] for item in saved["activities"][0]["items"]]
    assert names == [item["name"] for item in full()["activities"][0]["items"]]  # type: ignore[index]
    assert await execute("SELECT draft_updated_by FROM applet") == [(author.user.id,)]


async def test_saving_what_was_read_changes_nothing(author: Author) -> None:
    saved = await author.save(full())

    assert await author.save(saved) == saved


async def test_each_change_has_a_tag_of_its_own(author: Author) -> None:
    client, ann, url = author.client, author.user, author.url
    first = await etag(author)
    saved = await save(client, ann, url, full(), if_match=first)

    assert saved.status_code == 200, saved.text
    assert saved.headers["etag"] == await etag(author) != first
    stale = await save(client, ann, url, draft(), if_match=first)
    problem(stale, 412, "stale_draft")
    assert await author.draft() == saved.json()
    fresh = await save(client, ann, url, draft(), if_match=saved.headers["etag"])
    assert fresh.status_code == 200


async def test_a_change_must_say_which_state_it_changes(author: Author) -> None:
    before = await author.draft()

    response = await save(author.client, author.user, author.url, full(), if_match=None)

    problem(response, 428, "precondition_required")
    assert await author.draft() == before


async def test_a_star_changes_whatever_is_there(author: Author) -> None:
    for if_match in ("*", " * "):
        response = await save(author.client, author.user, author.url, full(), if_match=if_match)
        assert response.status_code == 200, response.text


async def test_a_tag_that_a_proxy_has_weakened_still_holds(author: Author) -> None:
    weak = f"W/{await etag(author)}"

    response = await save(author.client, author.user, author.url, full(), if_match=weak)

    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    "if_match",
    ['""', "", "x", '"x"', '"-1"', '"1.0"', '"\u0661"', '"9"', "9" * 400, '"1e0"', "W/"],
)
async def test_a_tag_that_the_draft_never_had_is_stale(author: Author, if_match: str) -> None:
    response = await author.client.put(
        f"{author.url}/draft",
        json=full(),
        headers=[
            (b"If-Match", if_match.encode()),
            *((name.encode(), value.encode()) for name, value in acting_as(author.user).items()),
        ],
    )

    problem(response, 412, "stale_draft")


async def test_publishing_is_a_change_too(author: Author) -> None:
    await author.save(full())
    before = await etag(author)
    await author.publish()

    response = await save(author.client, author.user, author.url, draft(), if_match=before)

    problem(response, 412, "stale_draft")


@pytest.mark.committed
async def test_of_two_editors_one_is_told_to_read_again(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    author = Author(client, ann, await create(client, ann, team.id, "Diary"))
    tag = await etag(author)

    responses = await asyncio.gather(
        *(save(client, ann, author.url, full(), if_match=tag) for _ in range(5))
    )

    assert sorted(response.status_code for response in responses) == [200, 412, 412, 412, 412]


async def test_everything_wrong_with_a_draft_is_said_at_once(author: Author) -> None:
    items = ("activities", 0, "items")
    scores = ("activities", 0, "scores_and_reports", "scores")
    tree = changed(
        full(),
        (("name",), ""),
        (("naem",), "Diary"),
        (("flows",), [{}]),
        ((*items, 0, "type"), "mesage"),
        ((*items, 1, "values", "options", 1, "value"), 0),
        ((*items, 1, "values", "options", 0, "score"), None),
        ((*items, 2, "name"), "no blanks"),
        ((*items, 3, "values", "min_value"), 3),
        ((*items, 4, "config", "skippable"), "yes"),
        ((*items, 5, "question"), {"en": "a\x00b"}),
        ((*items, 6, "condition", "conditions", 0, "item_name"), "more"),
        ((*items, 7, "name"), "why"),
        ((*scores, 0, "items", 1), "why"),
        ((*scores, 1, "items", 1), "nobody"),
        (("activities", 1, "name"), "MOOD"),
        (("activities", 1, "key"), "M"),
    )

    found = mistakes(await save(author.client, author.user, author.url, tree))

    assert found == {
        ("/name", "too_short"),
        ("/naem", "unknown_field"),
        ("/flows", "too_long"),
        ("/activities/0/items/0/type", "unknown_choice"),
        ("/activities/0/items/1/values/options/1/value", "duplicate_option_value"),
        ("/activities/0/items/1/values/options/0/score", "score_missing"),
        ("/activities/0/items/2/name", "wrong_format"),
        ("/activities/0/items/3/values", "invalid_range"),
        ("/activities/0/items/4/config/skippable", "wrong_type"),
        ("/activities/0/items/5/question/en", "unstorable_text"),
        ("/activities/0/items/6/condition/conditions/0/item_name", "condition_item_unknown"),
        ("/activities/0/items/7/name", "duplicate_item_name"),
        ("/activities/0/scores_and_reports/scores/0/items/1", "score_item_type"),
        ("/activities/0/scores_and_reports/scores/1/items/1", "score_item_unknown"),
        ("/activities/1/name", "duplicate_activity_name"),
        ("/activities/1/key", "duplicate_activity_key"),
    }


async def test_three_faults_are_three_errors(author: Author) -> None:
    tree = draft(
        activity(
            item("text", "why", condition=condition("mood", "EQUAL_TO_OPTION", option_value=2)),
            item("single_select", "mood", config={"add_scores": True}),
            item("text", "why"),
            scores=[score("total", "sum", "mood", "why")],
        )
    )

    found = mistakes(await save(author.client, author.user, author.url, tree))

    assert {pointer for pointer, _ in found} == {
        "/activities/0/items/0/condition/conditions/0/item_name",
        "/activities/0/items/2/name",
        "/activities/0/scores_and_reports/scores/0/items/1",
    }
    assert len(found) == 3


async def test_a_refused_draft_leaves_the_old_one(author: Author) -> None:
    saved = await author.save(full())

    mistakes(await save(author.client, author.user, author.url, {**full(), "name": 7}))

    assert await author.draft() == saved


@pytest.mark.parametrize("body", [None, [], "x", 7, {}])
async def test_a_draft_is_an_object_with_a_name(author: Author, body: object) -> None:
    found = mistakes(await save(author.client, author.user, author.url, body))

    assert {pointer for pointer, _ in found} == ({"/name"} if body == {} else {""})


async def test_an_activity_keeps_the_id_that_the_server_gave_it(author: Author) -> None:
    await author.publish(full())
    published = await author.draft()

    renamed: Json = deepcopy(published)
    renamed["activities"][0]["name"] = "feelings"
    renamed["activities"].reverse()
    saved = await author.save(renamed)

    ids = [activity["id"] for activity in published["activities"]]
    assert len(set(ids)) == 2
    assert [activity["id"] for activity in saved["activities"]] == ids[::-1]


async def test_nobody_makes_up_the_id_of_an_activity(
    author: Author, client: AsyncClient, conn: Transaction
) -> None:
    await author.publish(full())
    theirs = await factories.applet(conn, owner=author.user)
    foreign = (await Author(client, theirs.owner, f"/v1/applets/{theirs.applet.id}").content())[
        "activities"
    ][0]["id"]
    tree: dict[str, Any] = await author.draft()
    tree["activities"][0]["id"] = str(uuid4())
    tree["activities"][1]["id"] = foreign

    found = mistakes(await save(client, author.user, author.url, tree))

    assert found == {
        ("/activities/0/id", "unknown_activity"),
        ("/activities/1/id", "unknown_activity"),
    }


async def test_two_activities_are_not_one(author: Author) -> None:
    await author.publish(full())
    tree = await author.draft()
    tree["activities"][1]["id"] = tree["activities"][0]["id"].upper()

    found = mistakes(await save(author.client, author.user, author.url, tree))

    assert found == {("/activities/1/id", "duplicate_activity_id")}


async def test_an_item_keeps_its_id(author: Author) -> None:
    key = str(uuid4())
    tree = draft(activity(item("text", "why", id=key)))

    saved = await author.save(tree)

    assert saved["activities"][0]["items"][0]["id"] == key
    await author.publish()
    assert (await author.content())["activities"][0]["items"][0]["id"] == key


async def test_what_a_reader_of_the_draft_could_run_is_gone(author: Author) -> None:
    question = "<b>How</b> are you?<script>alert(1)</script>"

    saved = await author.save(draft(activity(item("text", "why", question=question))))

    assert saved["activities"][0]["items"][0]["question"] == {"en": "<b>How</b> are you?"}


@pytest.mark.parametrize("depth", [100, 500, 900, 920, 1_000, 60_000])
async def test_depth_is_no_defect(author: Author, depth: int) -> None:
    for start, end in (("[", "]"), ('{"items":[', "]}")):
        text = f'{{"name": "x", "activities": [{{"items": {start * depth}{end * depth}}}]}}'
        response = await author.client.put(
            f"{author.url}/draft",
            content=text,
            headers={
                **acting_as(author.user),
                "If-Match": "*",
                "Content-Type": "application/json",
            },
        )
        assert response.status_code in {400, 422}, (depth, response.text)


async def test_a_draft_that_is_too_large_is_refused(author: Author) -> None:
    response = await save(author.client, author.user, author.url, {"name": "x" * 2**20})

    problem(response, 413, "body_too_large")


async def test_a_draft_is_not_what_people_answer(author: Author) -> None:
    await author.publish(full())
    before = await author.content()

    await author.save(draft(activity(item("text", "why"))))

    assert await author.content() == before


async def test_the_name_of_a_draft_becomes_the_applets_when_it_is_published(
    author: Author, conn: Transaction
) -> None:
    client, ann = author.client, author.user
    shown = (await client.get(author.url, headers=acting_as(ann))).json()
    await create(client, ann, shown["team_id"], "Taken")
    await author.publish({**full(), "name": "Nocturnal"})
    renamed = (await client.get(author.url, headers=acting_as(ann))).json()
    assert (shown["name"], renamed["name"]) == ("Diary", "Nocturnal")

    await author.save({**full(), "name": "TAKEN"})
    problem(await publish(client, ann, author.url), 409, "applet_name_taken")

    assert (await author.content())["name"] == "Nocturnal"
