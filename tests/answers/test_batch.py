from collections.abc import Callable
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from src.database import Transaction
from tests import factories
from tests.answers.sending import Json, Sheet, faults, put, republish, results, send_batch, sheet
from tests.applets.items.building import activity, draft, item
from tests.conftest import Execute
from tests.http import acting_as, mistakes, problem


@pytest.fixture
async def diary(conn: Transaction) -> Sheet:
    return await sheet(conn)


def statuses(found: list[Json]) -> list[int]:
    return [result["status"] for result in found]


async def test_every_part_is_kept_and_answered_in_its_place(
    client: AsyncClient, diary: Sheet, execute: Execute
) -> None:
    parts = [diary.batch_part({"mood": {"value": number % 3}}) for number in range(20)]

    found = await results(client, diary.owner, diary, parts)

    assert statuses(found) == [201] * 20
    assert [result["answer_id"] for result in found] == [part["answer_id"] for part in parts]
    assert [result["submission_id"] for result in found] == [
        part["submission_id"] for part in parts
    ]
    assert [result["scores"][0]["value"] for result in found[:3]] == [0, 2, 3]
    assert {result["problem"] for result in found} == {None}
    rows = await execute("SELECT id::text FROM answer")
    assert {key for (key,) in rows} == {part["answer_id"] for part in parts}


async def test_a_batch_keeps_what_a_request_each_would(
    client: AsyncClient, diary: Sheet, execute: Execute
) -> None:
    payload = {"mood": {"value": 1}, "why": {"value": "hidden"}}
    (result,) = await results(client, diary.owner, diary, [diary.batch_part(payload)])
    alone = await put(client, diary.owner, diary, diary.part(payload))

    assert result["scores"] == alone.json()["scores"]
    assert result["warnings"] == alone.json()["warnings"] != []
    kept = "payload, scores, warnings, step, activity_id, activity_revision_id, started_at"
    rows = await execute(f"SELECT {kept} FROM answer")
    assert len(rows) == 2
    assert rows[0] == rows[1]


async def test_each_part_stands_or_falls_alone(
    client: AsyncClient, conn: Transaction, diary: Sheet, execute: Execute
) -> None:
    bob = await factories.member(conn, team=diary.published.team)
    hers = diary.batch_part()
    mine = diary.batch_part()
    await results(client, diary.owner, diary, [hers])
    await results(client, bob, diary, [mine])
    good = diary.batch_part()
    parts: list[object] = [
        diary.batch_part({"mood": {"value": 9}}),
        good,
        {**diary.batch_part(), "submission_id": hers["submission_id"]},
        mine,
        {**mine, "zone": "UTC"},
        {**mine, "answer_id": str(uuid4())},
        diary.batch_part(version_id=str(uuid4())),
        "part",
    ]

    found = await results(client, bob, diary, parts)

    assert statuses(found) == [422, 201, 404, 200, 409, 409, 422, 422]
    codes = [result["problem"] and result["problem"]["code"] for result in found]
    assert codes == [
        "validation_failed",
        None,
        "submission_not_found",
        None,
        "answer_conflict",
        "step_taken",
        "validation_failed",
        "validation_failed",
    ]
    assert faults(found[0]) == {("/payload/mood/value", "not_an_option")}
    assert faults(found[6]) == {("/version_id", "unknown_version")}
    for part, result in zip(parts[:-1], found[:-1], strict=True):
        assert isinstance(part, dict)
        assert (result["submission_id"], result["answer_id"]) == (
            part["submission_id"],
            part["answer_id"],
        )
    for result in found:
        if result["problem"]:
            assert (result["scores"], result["warnings"]) == (None, None)
            assert result["problem"]["instance"] == f"{diary.url}/submissions/batch"
            assert result["problem"]["request_id"]
    assert await execute("SELECT count(*) FROM answer") == [(3,)]


async def test_a_part_sent_twice_in_a_batch_is_kept_once(
    client: AsyncClient, diary: Sheet, execute: Execute
) -> None:
    part = diary.batch_part()
    other = {**part, "ended_at": "2026-03-30T00:00:00Z"}
    second_of_step = {**part, "answer_id": str(uuid4())}
    moved = {**part, "submission_id": str(uuid4())}

    found = await results(
        client, diary.owner, diary, [part, part, other, second_of_step, moved, part]
    )

    assert statuses(found) == [201, 200, 409, 409, 409, 200]
    codes = [result["problem"]["code"] for result in found if result["problem"]]
    assert codes == ["answer_conflict", "step_taken", "answer_conflict"]
    assert [result["scores"] for result in found if not result["problem"]] == [
        found[0]["scores"]
    ] * 3
    assert await execute("SELECT count(*) FROM answer") == [(1,)]


async def test_a_broken_part_does_not_take_the_ids_of_a_good_one(
    client: AsyncClient, diary: Sheet
) -> None:
    part = diary.batch_part()

    found = await results(
        client, diary.owner, diary, [{**part, "payload": {}}, part, {**part, "payload": {}}]
    )

    assert statuses(found) == [422, 201, 422]


async def test_a_batch_sent_again_changes_nothing(
    client: AsyncClient, diary: Sheet, execute: Execute
) -> None:
    parts = [diary.batch_part() for _ in range(5)]
    first = await results(client, diary.owner, diary, parts)
    before = await execute("SELECT * FROM answer ORDER BY id")

    again = await results(client, diary.owner, diary, parts[::-1])

    assert statuses(again) == [200] * 5
    assert [{**result, "status": 201} for result in again] == first[::-1]
    assert await execute("SELECT * FROM answer ORDER BY id") == before


async def test_parts_may_be_of_several_versions_and_activities(
    client: AsyncClient, conn: Transaction, diary: Sheet
) -> None:
    sleep = activity(item("text", "dream"), name="sleep")
    both = await republish(conn, diary, draft(*factories.DIARY["activities"], sleep))
    parts = [
        both.batch_part({"dream": {"value": "birds"}}, activity="sleep"),
        diary.batch_part(),
        both.batch_part(),
        diary.batch_part(activity_id=both.activities["sleep"]),
    ]

    found = await results(client, both.owner, both, parts)

    assert statuses(found) == [201, 201, 201, 422]
    assert faults(found[3]) == {("/activity_id", "unknown_activity")}


@pytest.mark.parametrize("part", [None, 7, "x", [], [[]], True, 1.5, "\ud800", "\x00"])
async def test_a_part_is_an_object(client: AsyncClient, diary: Sheet, part: object) -> None:
    found = await results(client, diary.owner, diary, [part, diary.batch_part()])

    assert statuses(found) == [422, 201]
    assert {pointer for pointer, _ in faults(found[0])} == {""}
    assert (found[0]["submission_id"], found[0]["answer_id"]) == (None, None)


async def test_a_part_that_lacks_everything_is_told_so(client: AsyncClient, diary: Sheet) -> None:
    (result,) = await results(client, diary.owner, diary, [{}])

    assert faults(result) == {
        (f"/{name}", "required")
        for name in (
            *("submission_id", "answer_id", "version_id", "activity_id"),
            *("started_at", "ended_at", "payload"),
        )
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"answer_id": "x"}, {"/answer_id"}),
        ({"submission_id": "\x00", "zone": "Moon"}, {"/submission_id", "/zone"}),
        ({"started_at": "2026-03-29T00:58:11"}, {"/started_at"}),
        ({"ended_at": "2026-03-29T00:58:10Z"}, {"/ended_at"}),
        ({"payload": []}, {"/payload"}),
        ({"a/b": 1, "~": 1}, {"/a~1b", "/~0"}),
        ({"\ud800": 1}, {""}),
    ],
)
async def test_a_malformed_part_has_its_own_problem_with_pointers(
    client: AsyncClient, diary: Sheet, changes: Json, expected: set[str]
) -> None:
    part = {**diary.batch_part(), **changes}

    found = await results(client, diary.owner, diary, [diary.batch_part(), part])

    assert statuses(found) == [201, 422]
    assert {pointer for pointer, _ in faults(found[1])} == expected
    for name in ("submission_id", "answer_id"):
        assert found[1][name] == (None if name in changes else part[name])


async def test_a_part_is_told_what_a_request_of_its_own_would_be(
    client: AsyncClient, diary: Sheet
) -> None:
    wrong: list[Callable[[], Json]] = [
        lambda: {"zone": 7, "payload": None},
        lambda: {"started_at": "soon", "ended_at": 1e400},
        lambda: {"payload": {"mood": {"value": 2}, "x": 1}},
        lambda: {"activity_id": str(uuid4())},
        lambda: {"extra": 1},
    ]
    for change in wrong:
        changes = change()
        alone = await put(client, diary.owner, diary, diary.part(**changes))
        (result,) = await results(client, diary.owner, diary, [diary.batch_part(**changes)])

        assert faults(result) == mistakes(alone), changes


async def test_a_batch_has_one_part_to_five_hundred(
    client: AsyncClient, diary: Sheet, execute: Execute
) -> None:
    parts = [diary.batch_part({"mood": {"value": 0}}) for _ in range(500)]

    too_many = await send_batch(client, diary.owner, diary, [*parts, diary.batch_part()])
    none = await send_batch(client, diary.owner, diary, [])

    assert mistakes(too_many) == {("/parts", "too_long")}
    assert mistakes(none) == {("/parts", "too_short")}
    assert await execute("SELECT count(*) FROM answer") == [(0,)]
    assert statuses(await results(client, diary.owner, diary, parts)) == [201] * 500


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{}", ("/parts", "required")),
        (b'{"parts": {}}', ("/parts", "wrong_type")),
        (b'{"parts": null}', ("/parts", "wrong_type")),
        (b'{"parts": [{}], "x": 1}', ("/x", "unknown_field")),
    ],
)
async def test_a_batch_is_a_list_of_parts(
    client: AsyncClient, diary: Sheet, body: bytes, expected: tuple[str, str]
) -> None:
    response = await client.post(
        f"{diary.url}/submissions/batch",
        content=body,
        headers={**acting_as(diary.owner), "Content-Type": "application/json"},
    )

    assert mistakes(response) == {expected}


async def test_a_batch_may_be_larger_than_other_bodies(client: AsyncClient, diary: Sheet) -> None:
    hidden = {"mood": {"value": 0}, "why": {"value": "x" * 2**18}}

    found = await results(client, diary.owner, diary, [diary.batch_part(hidden) for _ in range(5)])

    assert statuses(found) == [201] * 5


async def test_a_batch_that_is_too_large_is_refused(client: AsyncClient, diary: Sheet) -> None:
    response = await client.post(
        f"{diary.url}/submissions/batch",
        content=b" " * (16 * 2**20 + 1),
        headers={**acting_as(diary.owner), "Content-Type": "application/json"},
    )

    problem(response, 413, "body_too_large")


async def test_to_a_stranger_there_is_no_applet_to_send_to(
    client: AsyncClient, conn: Transaction, diary: Sheet
) -> None:
    bob = await factories.user(conn)

    problem(await send_batch(client, bob, diary, [{}]), 404, "applet_not_found")
