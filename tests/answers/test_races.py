import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, LiteralString
from uuid import uuid4

import pytest
from httpx2 import AsyncClient
from typing_extensions import override

from src.answers import service
from src.answers.exceptions import SubmissionNotFound
from src.answers.forms import FormCache, TransactionForms
from src.answers.schemas import AnswerId, Part, SubmissionId
from src.database import Statement, Transaction
from src.database.connection import Fetched, PooledConnection
from tests import factories
from tests.answers.sending import Json, put, send_batch, sheet
from tests.conftest import Execute, RawConnection

pytestmark = pytest.mark.committed


async def test_of_twenty_equal_answers_one_is_new(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    diary = await sheet(conn)
    ids = {"submission": uuid4(), "answer": uuid4()}

    responses = await asyncio.gather(
        *(put(client, diary.owner, diary, diary.part(), **ids) for _ in range(20))
    )

    assert Counter(response.status_code for response in responses) == {201: 1, 200: 19}
    assert len({response.text for response in responses}) == 1
    assert await execute("SELECT count(*) FROM answer") == [(1,)]
    assert await execute("SELECT count(*) FROM submission") == [(1,)]
    assert await execute("SELECT count(*) FROM version_copy") == [(1,)]


async def test_of_many_answers_under_one_id_one_stays(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    diary = await sheet(conn)
    ids = {"submission": uuid4(), "answer": uuid4()}
    parts = [diary.part({"mood": {"value": number % 3}}) for number in range(12)]

    responses = await asyncio.gather(
        *(put(client, diary.owner, diary, part, **ids) for part in parts)
    )

    assert Counter(response.status_code for response in responses) == {201: 1, 200: 3, 409: 8}
    codes = {response.json().get("code") for response in responses}
    assert codes == {None, "answer_conflict"}
    assert await execute("SELECT count(*) FROM answer") == [(1,)]


async def test_of_many_answers_for_one_step_one_stays(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    diary = await sheet(conn)
    submission = uuid4()

    responses = await asyncio.gather(
        *(put(client, diary.owner, diary, diary.part(), submission=submission) for _ in range(10))
    )

    assert Counter(response.status_code for response in responses) == {201: 1, 409: 9}
    assert {response.json().get("code") for response in responses} == {None, "step_taken"}
    assert await execute("SELECT count(*) FROM answer") == [(1,)]


async def test_a_submission_that_two_people_begin_is_one_persons(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    diary = await sheet(conn)
    bob = await factories.member(conn, team=diary.published.team)
    for _ in range(5):
        submission = uuid4()

        responses = await asyncio.gather(
            *(
                put(client, user, diary, diary.part(), submission=submission)
                for user in (diary.owner, bob) * 2
            )
        )

        counts = Counter(response.status_code for response in responses)
        assert counts == {201: 1, 409: 1, 404: 2}
        rows = await execute(
            "SELECT count(*) FROM answer WHERE submission_id = %(id)s", id=submission
        )
        assert rows == [(1,)]


async def test_batches_that_overlap_lose_nothing_and_double_nothing(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    diary = await sheet(conn)
    parts = [diary.batch_part({"mood": {"value": number % 3}}) for number in range(60)]
    dice = random.Random(4)  # noqa: S311

    async def send() -> list[tuple[str, int]]:
        chosen = dice.sample(parts, 40)
        response = await send_batch(client, diary.owner, diary, chosen)
        assert response.status_code == 207, response.text
        return [(found["answer_id"], found["status"]) for found in response.json()["results"]]

    sent = await asyncio.gather(*(send() for _ in range(8)))

    assert {status for batch in sent for _, status in batch} <= {200, 201}
    made = Counter(key for batch in sent for key, status in batch if status == 201)
    seen = {key for batch in sent for key, _ in batch}
    assert set(made) == seen
    assert set(made.values()) == {1}
    rows = await execute("SELECT id::text, submission_id::text FROM answer")
    assert sorted(rows) == sorted(
        (part["answer_id"], part["submission_id"]) for part in parts if part["answer_id"] in seen
    )


async def test_batches_in_opposite_order_do_not_stop_each_other(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    diary = await sheet(conn)
    await put(client, diary.owner, diary, diary.part())
    for _ in range(3):
        parts: list[Json] = [diary.batch_part() for _ in range(200)]

        responses = await asyncio.gather(
            *(send_batch(client, diary.owner, diary, order) for order in (parts, parts[::-1]))
        )

        counts = Counter(
            found["status"] for response in responses for found in response.json()["results"]
        )
        assert counts == {201: 200, 200: 200}
    assert await execute("SELECT count(*) FROM answer") == [(601,)]


async def test_a_batch_and_its_parts_one_by_one_do_not_stop_each_other(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    diary = await sheet(conn)
    await put(client, diary.owner, diary, diary.part())
    parts = [diary.batch_part() for _ in range(40)]

    async def alone(part: Json) -> int:
        sent = dict(part)
        ids = {"submission": sent.pop("submission_id"), "answer": sent.pop("answer_id")}
        return (await put(client, diary.owner, diary, sent, **ids)).status_code

    async def together() -> list[int]:
        response = await send_batch(client, diary.owner, diary, parts)
        return [found["status"] for found in response.json()["results"]]

    batch, single = await asyncio.gather(together(), asyncio.gather(*map(alone, parts)))

    assert [sorted(both) for both in zip(batch, single, strict=True)] == [[200, 201]] * 40
    assert await execute("SELECT count(*) FROM answer") == [(41,)]


async def test_a_batch_waits_for_submissions_before_it_takes_an_answer_id(
    client: AsyncClient, conn: Transaction, raw: RawConnection, execute: Execute
) -> None:
    """A single part takes its submission first, too: so the two cannot wait for each other."""
    diary = await sheet(conn)
    await put(client, diary.owner, diary, diary.part())
    part = diary.batch_part()
    async with raw.transaction():
        await execute(
            "INSERT INTO submission SELECT (jsonb_populate_record(submission,"
            " jsonb_build_object('id', %(id)s::text))).* FROM submission",
            id=part["submission_id"],
        )
        batch = asyncio.create_task(send_batch(client, diary.owner, diary, [part]))
        async with asyncio.timeout(5):
            while not await execute("SELECT 1 FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # PostgreSQL sends no event
        await execute(
            "INSERT INTO answer SELECT (jsonb_populate_record(answer, jsonb_build_object("
            " 'id', %(id)s::text, 'submission_id', %(submission)s::text))).* FROM answer",
            id=part["answer_id"],
            submission=part["submission_id"],
        )

    (found,) = (await batch).json()["results"]

    assert (found["status"], found["problem"]["code"]) == (409, "answer_conflict")


async def test_an_answer_id_that_two_submissions_claim_is_one_of_theirs(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    diary = await sheet(conn)
    await put(client, diary.owner, diary, diary.part())
    answer = uuid4()

    responses = await asyncio.gather(
        *(put(client, diary.owner, diary, diary.part(), answer=answer) for _ in range(10))
    )

    assert Counter(response.status_code for response in responses) == {201: 1, 409: 9}
    assert {response.json().get("code") for response in responses} == {None, "answer_conflict"}
    # What a refused answer came in is not there either.
    assert await execute("SELECT count(*) FROM submission") == [(2,)]


class Interrupted(PooledConnection):
    """A connection on which something else happens before the known answers are read."""

    def __init__(self, raw: RawConnection, between: Callable[[], Awaitable[None]]) -> None:
        super().__init__(raw, deadline=10)
        self._between: Callable[[], Awaitable[None]] | None = between

    @override
    async def fetch(
        self, statement: Statement, text: LiteralString, params: Mapping[str, Any]
    ) -> Fetched:
        if statement.name.endswith("list_known_answers") and self._between is not None:
            between, self._between = self._between, None
            await between()
        return await super().fetch(statement, text, params)


@pytest.mark.parametrize("is_hers", [True, False])
async def test_what_arrives_between_two_looks_is_seen_for_what_it_is(
    client: AsyncClient, conn: Transaction, raw: RawConnection, is_hers: bool
) -> None:
    diary = await sheet(conn)
    sender = diary.owner if is_hers else await factories.member(conn, team=diary.published.team)
    ids = SubmissionId(uuid4()), AnswerId(uuid4())

    async def arrive() -> None:
        response = await put(client, sender, diary, diary.part(), submission=ids[0], answer=ids[1])
        assert response.status_code == 201, response.text

    part = await service.prepare(
        conn,
        TransactionForms(FormCache()),
        applet_id=diary.published.applet.id,
        submission_id=ids[0],
        answer_id=ids[1],
        part=Part.model_validate(diary.part()),
    )
    (outcome,) = await service.keep(
        Interrupted(raw, arrive),
        applet_id=diary.published.applet.id,
        user_id=diary.owner.id,
        parts=[part],
    )

    if is_hers:
        assert outcome == service.Kept(part, is_new=False)
    else:
        assert isinstance(outcome, SubmissionNotFound)
