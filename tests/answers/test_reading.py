from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient

from src.database import Transaction
from src.teams.constants import Role
from tests import factories
from tests.answers.sending import Json, Sheet, put, results, sheet
from tests.conftest import Execute
from tests.http import acting_as, mistakes, problem, without_ids
from tests.instants import moments


@pytest.fixture
async def diary(conn: Transaction) -> Sheet:
    return await sheet(conn)


async def pages(
    client: AsyncClient, user: factories.User, on: Sheet, limit: int, **more: str
) -> list[Json]:
    """Every page of the list of submissions."""
    found: list[Json] = []
    params = {"limit": str(limit), **more}
    while True:
        response = await client.get(f"{on.url}/submissions", params=params, headers=acting_as(user))
        assert response.status_code == 200, response.text
        found.append(response.json())
        if response.json()["next_cursor"] is None:
            return found
        params["cursor"] = response.json()["next_cursor"]


def ids(found: list[Json]) -> list[str]:
    return [submission["id"] for page in found for submission in page["items"]]


async def test_nothing_answered_is_an_empty_page(client: AsyncClient, diary: Sheet) -> None:
    assert await pages(client, diary.owner, diary, 20) == [{"items": [], "next_cursor": None}]


async def test_a_submission_is_listed_as_it_is_shown(client: AsyncClient, diary: Sheet) -> None:
    submission = uuid4()
    await put(client, diary.owner, diary, diary.part(), submission=submission)

    ((listed,),) = [page["items"] for page in await pages(client, diary.owner, diary, 20)]

    url = f"{diary.url}/submissions/{submission}"
    shown = await client.get(url, headers=acting_as(diary.owner))
    assert listed == {**shown.json()["submission"], "answers": None}
    received_at = listed.pop("received_at")
    assert received_at == shown.json()["answers"][0]["received_at"]
    assert moments(listed) == {
        "id": str(submission),
        "version_id": diary.version_id,
        "version_label": "1.1.0",
        "respondent_id": str(diary.owner.id),
        "status": "complete",
        "started_at": datetime(2026, 3, 29, 0, 58, 11, tzinfo=UTC),
        "completed_at": datetime(2026, 3, 29, 1, 4, 2, tzinfo=UTC),
        "zone": "Europe/Berlin",
        "answers": None,
    }


@pytest.mark.parametrize("limit", [2, 20])
async def test_a_list_may_carry_the_answers(
    client: AsyncClient, conn: Transaction, diary: Sheet, limit: int
) -> None:
    bob = await factories.member(conn, team=diary.published.team)
    for number, user in enumerate((diary.owner, bob, diary.owner)):
        await put(client, user, diary, diary.part({"mood": {"value": number}}))
    plain = await pages(client, diary.owner, diary, limit)

    found = await pages(client, diary.owner, diary, limit, include="answers")

    assert ids(found) == ids(plain)
    for listed in (item for page in found for item in page["items"]):
        url = f"{diary.url}/submissions/{listed['id']}"
        shown = (await client.get(url, headers=acting_as(diary.owner))).json()
        assert len(shown["answers"]) == 1
        assert listed == {**shown["submission"], "answers": shown["answers"]}
    (own,) = await pages(client, bob, diary, 20, include="answers")
    assert [item["respondent_id"] for item in own["items"]] == [str(bob.id)]


async def test_answers_come_in_the_order_of_their_steps(
    client: AsyncClient, diary: Sheet, execute: Execute
) -> None:
    submission = uuid4()
    await put(client, diary.owner, diary, diary.part(), submission=submission)
    await execute(
        "INSERT INTO answer SELECT (jsonb_populate_record(answer, jsonb_build_object("
        " 'id', gen_random_uuid(), 'step', more.step))).*"
        " FROM answer CROSS JOIN unnest(ARRAY[3, 2]) AS more (step)"
    )
    (ordered,) = await execute("SELECT array_agg(id::text ORDER BY step) FROM answer")

    url = f"{diary.url}/submissions/{submission}"
    shown = (await client.get(url, headers=acting_as(diary.owner))).json()
    (page,) = await pages(client, diary.owner, diary, 20, include="answers")

    assert [answer["id"] for answer in shown["answers"]] == ordered[0]
    assert page["items"][0]["answers"] == shown["answers"]


async def test_a_list_carries_what_we_know_of_only(client: AsyncClient, diary: Sheet) -> None:
    for include in ("", "scores", "answers,scores"):
        response = await client.get(
            f"{diary.url}/submissions", params={"include": include}, headers=acting_as(diary.owner)
        )

        assert mistakes(response) == {("/query/include", "unknown_choice")}


@pytest.mark.parametrize("limit", [1, 3, 7, 8, 100])
async def test_equal_arrivals_come_in_pages_each_once(
    client: AsyncClient, diary: Sheet, limit: int
) -> None:
    # One batch is one moment, so the ids alone keep the order.
    parts = [diary.batch_part({"mood": {"value": 0}}) for _ in range(7)]
    await results(client, diary.owner, diary, parts)

    found = await pages(client, diary.owner, diary, limit)

    assert ids(found) == sorted((part["submission_id"] for part in parts), key=UUID)
    assert [len(page["items"]) for page in found[:-1]] == [limit] * (len(found) - 1)
    assert len({item["received_at"] for page in found for item in page["items"]}) == 1


@pytest.mark.committed
async def test_a_list_goes_on_where_it_was_while_more_arrives(
    client: AsyncClient, conn: Transaction
) -> None:
    diary = await sheet(conn)
    early = [diary.batch_part() for _ in range(4)]
    for part in early:
        await results(client, diary.owner, diary, [part])
    url, headers = f"{diary.url}/submissions", acting_as(diary.owner)
    first = (await client.get(url, params={"limit": "3"}, headers=headers)).json()
    late = diary.batch_part()
    await results(client, diary.owner, diary, [late])

    params = {"limit": "3", "cursor": first["next_cursor"]}
    second = (await client.get(url, params=params, headers=headers)).json()

    assert ids([first, second]) == [part["submission_id"] for part in [*early, late]]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("role", "sees_all"), [("viewer", False), ("editor", False), ("admin", True), ("owner", True)]
)
async def test_admins_read_everybodys_and_others_their_own(
    client: AsyncClient, conn: Transaction, diary: Sheet, role: str, sees_all: bool
) -> None:
    bob = await factories.member(conn, team=diary.published.team, role=Role(role))
    eve = await factories.member(conn, team=diary.published.team)
    sent = {}
    for user in (bob, eve, bob):
        sent[submission := str(uuid4())] = user.id
        await put(client, user, diary, diary.part(), submission=submission)

    assert set(ids(await pages(client, bob, diary, 2))) == {
        key for key, owner in sent.items() if sees_all or owner == bob.id
    }
    for key, owner in sent.items():
        response = await client.get(f"{diary.url}/submissions/{key}", headers=acting_as(bob))
        if sees_all or owner == bob.id:
            assert response.status_code == 200
        else:
            missing = await client.get(f"{diary.url}/submissions/{uuid4()}", headers=acting_as(bob))
            assert without_ids(problem(response, 404, "submission_not_found")) == without_ids(
                problem(missing, 404, "submission_not_found")
            )


async def test_a_submission_belongs_to_its_applet(
    client: AsyncClient, conn: Transaction, diary: Sheet
) -> None:
    other = await sheet(conn, owner=diary.owner, team=diary.published.team)
    submission = uuid4()
    await put(client, diary.owner, diary, diary.part(), submission=submission)

    response = await client.get(
        f"{other.url}/submissions/{submission}", headers=acting_as(diary.owner)
    )

    problem(response, 404, "submission_not_found")
    assert ids(await pages(client, diary.owner, other, 20)) == []


async def test_to_a_stranger_there_is_nothing_to_read(
    client: AsyncClient, conn: Transaction, diary: Sheet
) -> None:
    bob = await factories.user(conn)
    submission = uuid4()
    await put(client, diary.owner, diary, diary.part(), submission=submission)

    for path in ("", f"/{submission}"):
        response = await client.get(f"{diary.url}/submissions{path}", headers=acting_as(bob))
        problem(response, 404, "applet_not_found")


async def test_a_list_takes_its_own_cursors_only(client: AsyncClient, diary: Sheet) -> None:
    url, headers = f"{diary.url}/submissions", acting_as(diary.owner)

    wrong = await client.get(url, params={"cursor": "x"}, headers=headers)
    large = await client.get(url, params={"limit": "101"}, headers=headers)

    problem(wrong, 400, "invalid_cursor")
    assert mistakes(large) == {("/query/limit", "out_of_range")}


async def test_a_submission_has_a_proper_id(client: AsyncClient, diary: Sheet) -> None:
    response = await client.get(f"{diary.url}/submissions/x", headers=acting_as(diary.owner))

    assert mistakes(response) == {("/path/submission_id", "wrong_type")}
