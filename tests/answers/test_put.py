import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from src.database import Transaction
from src.teams.constants import Role
from tests import factories
from tests.answers.sending import RAIN, Json, Sheet, put, republish, sheet
from tests.applets.items.building import activity, condition, draft, item, options, score
from tests.conftest import Execute
from tests.http import acting_as, mistakes, problem, without_ids
from tests.instants import moments


@pytest.fixture
async def diary(conn: Transaction) -> Sheet:
    return await sheet(conn)


async def test_an_answer_is_checked_scored_and_kept(
    client: AsyncClient, conn: Transaction, diary: Sheet, execute: Execute
) -> None:
    bob = await factories.member(conn, team=diary.published.team)
    submission, answer = uuid4(), uuid4()

    response = await put(client, bob, diary, diary.part(), submission=submission, answer=answer)

    assert response.status_code == 201, response.text
    kept = moments(response.json())
    assert kept.pop("received_at").utcoffset() == timedelta(0)
    assert kept == {
        "id": str(answer),
        "submission_id": str(submission),
        "version_id": diary.version_id,
        "activity_id": diary.activities["mood"],
        "revision_id": diary.revisions["mood"],
        "payload": RAIN,
        "scores": [{"name": "total", "value": 3.0, "answered": 1, "listed": 1}],
        "warnings": [],
        "started_at": datetime(2026, 3, 29, 0, 58, 11, tzinfo=UTC),
        "ended_at": datetime(2026, 3, 29, 1, 4, 2, tzinfo=UTC),
    }
    assert response.headers["location"] == f"{diary.url}/submissions/{submission}"
    shown = await client.get(response.headers["location"], headers=acting_as(bob))
    assert shown.status_code == 200, shown.text
    assert shown.json()["answers"] == [response.json()]
    assert shown.json()["submission"]["respondent_id"] == str(bob.id)
    rows = await execute(
        "SELECT account_id, status, zone, completed_at = '2026-03-29T01:04:02Z'"
        " FROM submission WHERE id = %(id)s",
        id=submission,
    )
    assert rows == [(bob.id, "complete", "Europe/Berlin", True)]


@pytest.mark.parametrize("role", list(Role))
async def test_every_member_answers(
    client: AsyncClient, conn: Transaction, diary: Sheet, role: Role
) -> None:
    bob = await factories.member(conn, team=diary.published.team, role=role)

    assert (await put(client, bob, diary, diary.part())).status_code == 201


async def test_the_same_again_changes_nothing(
    client: AsyncClient, diary: Sheet, execute: Execute
) -> None:
    submission, answer = uuid4(), uuid4()
    sent = diary.part()
    turned = {name: sent[name] for name in reversed(sent)}
    turned["started_at"] = "2026-03-29T02:58:11.000+02:00"

    first = await put(client, diary.owner, diary, sent, submission=submission, answer=answer)
    again = await put(client, diary.owner, diary, turned, submission=submission, answer=answer)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert "location" not in again.headers
    assert await execute("SELECT id, submission_id FROM answer") == [(answer, submission)]


@pytest.mark.parametrize(
    "change",
    [
        {"payload": {"mood": {"value": 1}}},
        {"payload": {**RAIN, "why": {"value": "rain "}}},
        {"zone": "Europe/Paris"},
        {"ended_at": "2026-03-29T01:04:02.000001Z"},
        {"started_at": "2026-03-29T00:58:10Z"},
    ],
)
async def test_other_content_under_the_same_id_is_a_conflict(
    client: AsyncClient, diary: Sheet, execute: Execute, change: Json
) -> None:
    submission, answer = uuid4(), uuid4()
    await put(client, diary.owner, diary, diary.part(), submission=submission, answer=answer)
    before = await execute("SELECT * FROM answer")

    response = await put(
        client, diary.owner, diary, diary.part(**change), submission=submission, answer=answer
    )

    problem(response, 409, "answer_conflict")
    assert await execute("SELECT * FROM answer") == before


async def test_an_answer_stays_in_its_submission(client: AsyncClient, diary: Sheet) -> None:
    answer = uuid4()
    await put(client, diary.owner, diary, diary.part(), answer=answer)
    elsewhere = uuid4()

    response = await put(
        client, diary.owner, diary, diary.part(), submission=elsewhere, answer=answer
    )

    problem(response, 409, "answer_conflict")
    shown = await client.get(f"{diary.url}/submissions/{elsewhere}", headers=acting_as(diary.owner))
    problem(shown, 404, "submission_not_found")


async def test_a_step_is_answered_once(client: AsyncClient, diary: Sheet) -> None:
    submission = uuid4()
    await put(client, diary.owner, diary, diary.part(), submission=submission)

    response = await put(client, diary.owner, diary, diary.part(), submission=submission)

    problem(response, 409, "step_taken")


async def test_the_submission_of_somebody_else_does_not_exist(
    client: AsyncClient, conn: Transaction, diary: Sheet
) -> None:
    bob = await factories.member(conn, team=diary.published.team)
    submission, answer = uuid4(), uuid4()
    await put(client, bob, diary, diary.part(), submission=submission, answer=answer)

    same = await put(client, diary.owner, diary, diary.part(), submission=submission, answer=answer)
    other = await put(client, diary.owner, diary, diary.part(), submission=submission)

    problem(same, 404, "submission_not_found")
    problem(other, 404, "submission_not_found")


async def test_the_same_ids_in_two_applets_are_two_answers(
    client: AsyncClient, conn: Transaction, diary: Sheet
) -> None:
    other = await sheet(conn)
    ids = {"submission": uuid4(), "answer": uuid4()}

    assert (await put(client, diary.owner, diary, diary.part(), **ids)).status_code == 201
    assert (await put(client, other.owner, other, other.part(), **ids)).status_code == 201


async def test_to_a_stranger_the_applet_does_not_exist(
    client: AsyncClient, conn: Transaction, diary: Sheet
) -> None:
    bob = await factories.user(conn)
    missing = Sheet(
        await factories.applet(conn), diary.version_id, diary.activities, diary.revisions
    )

    strange = await put(client, bob, diary, diary.part())
    other = await put(client, bob, missing, diary.part())

    assert without_ids(problem(strange, 404, "applet_not_found")) == without_ids(
        problem(other, 404, "applet_not_found")
    )


async def test_a_part_names_a_version_and_an_activity_of_the_applet(
    client: AsyncClient, conn: Transaction, diary: Sheet
) -> None:
    other = await sheet(conn, owner=diary.owner)

    async def faults(name: str, value: str) -> set[tuple[str, str]]:
        return mistakes(await put(client, diary.owner, diary, {**diary.part(), name: value}))

    unknown = {("/version_id", "unknown_version")}
    assert await faults("version_id", other.version_id) == unknown
    assert await faults("version_id", str(uuid4())) == unknown
    unknown = {("/activity_id", "unknown_activity")}
    assert await faults("activity_id", other.activities["mood"]) == unknown
    assert await faults("activity_id", diary.version_id) == unknown


async def test_an_activity_is_answered_in_the_versions_that_have_it(
    client: AsyncClient, conn: Transaction, diary: Sheet
) -> None:
    sleep = activity(item("text", "dream"), name="sleep")
    both = await republish(conn, diary, draft(*factories.DIARY["activities"], sleep))
    part = both.part({"dream": {"value": "birds"}}, activity="sleep")

    assert (await put(client, both.owner, both, part)).status_code == 201
    early = await put(client, both.owner, both, {**part, "version_id": diary.version_id})
    assert mistakes(early) == {("/activity_id", "unknown_activity")}


async def test_a_new_version_leaves_the_answers_to_the_old_one_alone(
    client: AsyncClient, conn: Transaction, diary: Sheet
) -> None:
    submission, answer = uuid4(), uuid4()
    ids = {"submission": submission, "answer": answer}
    first = await put(client, diary.owner, diary, diary.part(), **ids)

    new = await republish(conn, diary, draft(activity(item("slider", "energy"))))

    again = await put(client, diary.owner, diary, diary.part(), **ids)
    assert (again.status_code, again.json()) == (200, first.json())
    late = await put(client, diary.owner, diary, diary.part())
    assert late.status_code == 201, late.text
    assert late.json()["revision_id"] == diary.revisions["mood"] != new.revisions["mood"]
    shown = await client.get(f"{diary.url}/submissions/{submission}", headers=acting_as(new.owner))
    assert shown.json()["submission"]["version_label"] == "1.1.0"
    assert shown.json()["answers"] == [first.json()]
    wrong = await put(client, new.owner, new, new.part())
    assert mistakes(wrong) == {
        ("/payload/energy", "answer_required"),
        ("/payload/mood", "unknown_item"),
        ("/payload/why", "unknown_item"),
    }


async def test_what_is_hidden_is_dropped_with_a_warning(
    client: AsyncClient, diary: Sheet, execute: Execute
) -> None:
    response = await put(
        client, diary.owner, diary, diary.part({"mood": {"value": 0}, "why": {"value": "rain"}})
    )

    assert response.status_code == 201, response.text
    kept = response.json()
    assert kept["payload"] == {"mood": {"value": 0}, "why": {"value": None, "why": "hidden"}}
    (warning,) = kept["warnings"]
    assert (warning["pointer"], warning["code"]) == ("/payload/why", "hidden_answer_dropped")
    assert await execute("SELECT payload FROM answer WHERE payload::text LIKE '%%rain%%'") == []


async def test_what_is_skipped_says_so(client: AsyncClient, diary: Sheet) -> None:
    response = await put(client, diary.owner, diary, diary.part({"mood": {"value": 2}}))

    assert response.status_code == 201, response.text
    assert response.json()["payload"]["why"] == {"value": None, "why": "skipped"}
    assert response.json()["warnings"] == []


INVENTORY = draft(
    activity(
        item("single_select", "one", config={"add_scores": True, "skippable": True}),
        item(
            "multi_select",
            "some",
            config={"add_scores": True, "skippable": True},
            values={
                "options": [
                    *options(0, 1, 2),
                    {"text": "none", "value": 3, "score": 0, "is_none_above": True},
                ]
            },
        ),
        item(
            "slider",
            "pain",
            config={"skippable": True, "continuous": True},
            values={"min_value": 0, "max_value": 10},
        ),
        item("slider", "steps", config={"skippable": True}),
        item(
            "number_select",
            "hours",
            config={"skippable": True, "extra_text": {"enabled": True}},
            values={"max_value": 24},
        ),
        item("date", "since", config={"skippable": True}),
        item("text", "note", config={"max_length": 5}),
        item("message", "hello"),
        item(
            "text",
            "because",
            condition=condition("pain", "BETWEEN", min_value=2, max_value=8),
        ),
        scores=[
            score("sum", "sum", "one", "some"),
            score("average", "average", "one", "some"),
            score("percentage", "percentage", "one", "some"),
            score("back", "sum", {"item": "one", "reverse": True}),
        ],
    )
)


@pytest.mark.parametrize(
    ("name", "answer", "place", "code"),
    [
        ("one", {"value": 3}, "/value", "not_an_option"),
        ("one", {"value": "0"}, "/value", "wrong_type"),
        ("one", {"value": True}, "/value", "wrong_type"),
        ("one", {"value": [0]}, "/value", "wrong_type"),
        ("one", {"value": float("nan")}, "/value", "wrong_type"),
        ("one", {"value": float("inf")}, "/value", "wrong_type"),
        ("one", {"value": 10**400}, "/value", "not_an_option"),
        ("one", {"value": -(10**30)}, "/value", "not_an_option"),
        ("one", 0, "", "wrong_type"),
        ("one", [], "", "wrong_type"),
        ("one", {"value": 0, "text": "x"}, "/text", "text_not_allowed"),
        ("one", {"value": 0, "valeu": 1}, "/valeu", "unknown_field"),
        ("one", {"value": 0, "why": "skipped"}, "/why", "reason_with_value"),
        ("one", {"value": None, "why": "tired"}, "/why", "invalid_reason"),
        ("some", {"value": 1}, "/value", "wrong_type"),
        ("some", {"value": [1, 4]}, "/value", "not_an_option"),
        ("some", {"value": [1, 1]}, "/value", "duplicate_value"),
        ("some", {"value": [1, 3]}, "/value", "none_above_not_alone"),
        ("some", {"value": [10**400]}, "/value", "not_an_option"),
        ("pain", {"value": 10.01}, "/value", "out_of_range"),
        ("pain", {"value": -0.5}, "/value", "out_of_range"),
        ("pain", {"value": float("nan")}, "/value", "wrong_type"),
        ("pain", {"value": float("-inf")}, "/value", "wrong_type"),
        ("pain", {"value": 10**400}, "/value", "out_of_range"),
        ("pain", {"value": "5"}, "/value", "wrong_type"),
        ("steps", {"value": 1.5}, "/value", "not_whole"),
        ("steps", {"value": 13}, "/value", "out_of_range"),
        ("hours", {"value": 25}, "/value", "out_of_range"),
        ("hours", {"value": 1, "text": "a\x00b"}, "/text", "unstorable_text"),
        ("hours", {"value": 1, "text": "\ud800"}, "/text", "unstorable_text"),
        ("since", {"value": "2026-02-29"}, "/value", "invalid_date"),
        ("since", {"value": 20260228}, "/value", "invalid_date"),
        ("note", {"value": "longer"}, "/value", "too_long"),
        ("note", {"value": 7}, "/value", "wrong_type"),
        ("note", {"value": "\x00"}, "/value", "unstorable_text"),
        ("note", {"value": "a\udc00"}, "/value", "unstorable_text"),
        ("hello", {"value": "you"}, "/value", "no_answer_allowed"),
        ("nothing", {"value": 1}, "", "unknown_item"),
    ],
)
async def test_a_value_that_its_item_does_not_take_is_refused(
    client: AsyncClient, conn: Transaction, name: str, answer: object, place: str, code: str
) -> None:
    on = await sheet(conn, INVENTORY)

    response = await put(client, on.owner, on, on.part({name: answer}))

    assert mistakes(response) == {(f"/payload/{name}{place}", code)}


async def test_everything_wrong_with_a_payload_is_said_at_once(
    client: AsyncClient, conn: Transaction
) -> None:
    on = await sheet(conn, INVENTORY)
    payload = {"one": {"value": 7}, "pain": {"value": 11}, "~/": {"value": 1}, "note": {"valu": 1}}

    response = await put(client, on.owner, on, on.part(payload))

    assert mistakes(response) == {
        ("/payload/one/value", "not_an_option"),
        ("/payload/pain/value", "out_of_range"),
        ("/payload/~0~1", "unknown_item"),
        ("/payload/note/valu", "unknown_field"),
    }


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"one": 2, "some": [1, 2]}, (5.0, 2.5, 100.0, 0.0)),
        ({"one": 1}, (1.0, 1.0, 20.0, 1.0)),
        ({"some": [2, 1]}, (3.0, 3.0, 60.0, None)),
        ({}, (None, None, 0.0, None)),
    ],
)
async def test_scores_are_kept_with_the_answers(
    client: AsyncClient,
    conn: Transaction,
    payload: dict[str, object],
    expected: tuple[float | None, ...],
) -> None:
    on = await sheet(conn, INVENTORY)
    part = on.part({name: {"value": value} for name, value in payload.items()})
    submission = uuid4()

    sent = await put(client, on.owner, on, part, submission=submission)
    shown = await client.get(f"{on.url}/submissions/{submission}", headers=acting_as(on.owner))

    assert sent.status_code == 201, sent.text
    (answer,) = shown.json()["answers"]
    assert answer["scores"] == sent.json()["scores"]
    assert tuple(score["value"] for score in answer["scores"]) == expected
    assert {score["listed"] for score in answer["scores"]} == {1, 2}


@pytest.mark.parametrize(("pain", "shown"), [(2, False), (2.01, True), (7.99, True), (8, False)])
async def test_between_leaves_its_ends_out(
    client: AsyncClient, conn: Transaction, pain: float, shown: bool
) -> None:
    on = await sheet(conn, INVENTORY)
    payload = {"pain": {"value": pain}, "because": {"value": "rain"}}

    response = await put(client, on.owner, on, on.part(payload))

    assert response.status_code == 201, response.text
    assert (response.json()["warnings"] == []) is shown
    assert (response.json()["payload"]["because"]["value"] == "rain") is shown


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"started_at": "2026-03-29T00:58:11"}, ("/started_at", "time_zone_required")),
        ({"started_at": "2026-03-29"}, ("/started_at", "time_zone_required")),
        ({"started_at": "0001-01-01T00:00:00Z"}, ("/started_at", "out_of_range")),
        ({"started_at": "0001-01-01T00:00:00+14:00"}, ("/started_at", "out_of_range")),
        ({"started_at": "1899-12-31T23:59:59Z"}, ("/started_at", "out_of_range")),
        ({"ended_at": "9999-12-31T23:59:59Z"}, ("/ended_at", "out_of_range")),
        ({"ended_at": "9999-12-31T23:59:59-14:00"}, ("/ended_at", "out_of_range")),
        ({"ended_at": "2200-01-01T00:00:00.000001Z"}, ("/ended_at", "out_of_range")),
        ({"ended_at": "2026-03-29T00:58:10.999999Z"}, ("/ended_at", "ended_before_start")),
        ({"zone": "Europe/Atlantis"}, ("/zone", "unknown_zone")),
        ({"zone": "../../etc/passwd"}, ("/zone", "unknown_zone")),
        ({"zone": "\x00"}, ("/zone", "unknown_zone")),
        ({"zone": ""}, ("/zone", "unknown_zone")),
        ({"zone": "x" * 65}, ("/zone", "too_long")),
        ({"consent": True}, ("/consent", "unknown_field")),
    ],
)
async def test_when_and_where_must_make_sense(
    client: AsyncClient, diary: Sheet, changes: Json, expected: tuple[str, str]
) -> None:
    assert mistakes(await put(client, diary.owner, diary, diary.part(**changes))) == {expected}


@pytest.mark.parametrize(
    ("started_at", "ended_at"),
    [
        ("1900-01-01T00:00:00Z", "2200-01-01T00:00:00Z"),
        ("2026-03-29T00:58:11.123456Z", "2026-03-29T00:58:11.123456Z"),
        ("2026-03-29T12:00:00+14:00", "2026-03-28T22:00:00Z"),
    ],
)
async def test_times_are_kept_to_the_microsecond(
    client: AsyncClient, diary: Sheet, started_at: str, ended_at: str
) -> None:
    response = await put(
        client, diary.owner, diary, diary.part(started_at=started_at, ended_at=ended_at)
    )

    assert response.status_code == 201, response.text
    kept = response.json()
    assert datetime.fromisoformat(kept["started_at"]) == datetime.fromisoformat(started_at)
    assert datetime.fromisoformat(kept["ended_at"]) == datetime.fromisoformat(ended_at)


async def test_the_zone_may_be_left_out(
    client: AsyncClient, diary: Sheet, execute: Execute
) -> None:
    part = diary.part()
    del part["zone"]

    assert (await put(client, diary.owner, diary, part)).status_code == 201
    assert await execute("SELECT zone FROM submission") == [("UTC",)]


@pytest.mark.parametrize("name", ["version_id", "activity_id", "started_at", "ended_at", "payload"])
async def test_what_is_missing_or_of_another_type_is_named(
    client: AsyncClient, diary: Sheet, name: str
) -> None:
    part = diary.part()
    without = {field: value for field, value in part.items() if field != name}

    assert mistakes(await put(client, diary.owner, diary, without)) == {(f"/{name}", "required")}
    wrong: list[object] = [None, [], {"\ud800": 1}, "\x00", 10**300, True]
    for value in wrong:
        response = await put(client, diary.owner, diary, {**part, name: value})
        assert {pointer.split("/")[1] for pointer, _ in mistakes(response)} == {name}, value


@pytest.mark.parametrize("body", [None, [], "x", 7, [{}]])
async def test_a_part_is_an_object(client: AsyncClient, diary: Sheet, body: object) -> None:
    response = await put(client, diary.owner, diary, body)

    assert {pointer for pointer, _ in mistakes(response)} == {""}


@pytest.mark.parametrize(
    "ids",
    [("x", "y"), ("0", "1"), ("%00", "%00"), (uuid4(), "x"), ("x", uuid4()), ("1" * 500, "'")],
)
async def test_an_id_that_is_none_is_refused(
    client: AsyncClient, diary: Sheet, ids: tuple[object, object]
) -> None:
    submission, answer = ids

    response = await put(
        client, diary.owner, diary, diary.part(), submission=submission, answer=answer
    )

    assert {pointer for pointer, _ in mistakes(response)} <= {
        "/path/submission_id",
        "/path/answer_id",
    }


async def test_a_body_that_is_too_large_is_refused(client: AsyncClient, diary: Sheet) -> None:
    part = diary.part({"mood": {"value": 0}, "why": {"value": "x" * 2**20}})

    problem(await put(client, diary.owner, diary, part), 413, "body_too_large")


@pytest.mark.parametrize("place", ["value", "hidden", "unknown", "field"])
async def test_depth_is_no_defect(client: AsyncClient, diary: Sheet, place: str) -> None:
    deep: dict[str, Any] = {
        "value": {"mood": {"value": "DEEP"}},
        "hidden": {"mood": {"value": 0}, "why": {"value": "DEEP"}},
        "unknown": {"mood": {"value": 0}, "else": "DEEP"},
        "field": {"mood": {"value": 0, "deep": "DEEP"}},
    }
    for depth in (100, 500, *range(900, 930, 2), 1_000, 100_000):
        text = json.dumps(diary.part(deep[place])).replace('"DEEP"', "[" * depth + "]" * depth)

        response = await client.put(
            f"{diary.url}/submissions/{uuid4()}/answers/{uuid4()}",
            content=text,
            headers={**acting_as(diary.owner), "Content-Type": "application/json"},
        )

        assert response.status_code in {201, 400, 422}, (depth, response.text)


@pytest.mark.parametrize(
    "value", ["\x00", "\ud800", 10**400, float("nan"), {"\ud800": "\x00"}, [[[]]], "x" * 10_000]
)
async def test_whatever_was_answered_to_a_hidden_item_is_dropped(
    client: AsyncClient, diary: Sheet, value: object
) -> None:
    part = diary.part({"mood": {"value": 0}, "why": {"value": value}})
    ids = {"submission": uuid4(), "answer": uuid4()}

    first = await put(client, diary.owner, diary, part, **ids)
    again = await put(client, diary.owner, diary, part, **ids)

    assert (first.status_code, again.status_code) == (201, 200), first.text
    assert [warning["pointer"] for warning in first.json()["warnings"]] == ["/payload/why"]


@pytest.mark.parametrize("name", ["\x00", "\ud800", "a\udfffb", "a/b~c", "", "x" * 10_000])
async def test_a_name_that_no_item_has_is_pointed_at(
    client: AsyncClient, diary: Sheet, name: str
) -> None:
    response = await put(client, diary.owner, diary, diary.part({**RAIN, name: {"value": 1}}))

    ((pointer, _),) = mistakes(response)
    assert pointer.startswith("/payload/")


async def test_answers_are_for_people_who_are_known(client: AsyncClient, diary: Sheet) -> None:
    url = f"{diary.url}/submissions"

    for response in (
        await client.put(f"{url}/{uuid4()}/answers/{uuid4()}", json=diary.part()),
        await client.post(f"{url}/batch", json={"parts": [diary.batch_part()]}),
        await client.get(url),
        await client.get(f"{url}/{uuid4()}"),
    ):
        problem(response, 401, "not_authenticated")
