import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from httpx2 import AsyncClient

from src.database import Transaction
from tests import factories
from tests.answers.sending import Sheet, put, republish, results, send_batch, sheet
from tests.applets.items.building import activity, draft, item
from tests.conftest import Execute, RawConnection
from tests.http import problem


@pytest.fixture
async def diary(conn: Transaction) -> Sheet:
    return await sheet(conn)


async def test_the_store_explains_itself(
    client: AsyncClient, conn: Transaction, diary: Sheet, execute: Execute
) -> None:
    two = activity(item("text", "dream"), name="sleep")
    both = await republish(conn, diary, draft(*factories.DIARY["activities"], two))
    await put(client, diary.owner, diary, diary.part())
    await put(client, diary.owner, both, both.part())

    copied = await execute(
        "SELECT id, seq, label, content, content_sha256 FROM version_copy"
        " WHERE applet_id = %(id)s ORDER BY seq",
        id=diary.published.applet.id,
    )
    assert copied == await execute(
        "SELECT id, seq, label, content, content_sha256 FROM applet_version"
        " WHERE applet_id = %(id)s ORDER BY seq",
        id=diary.published.applet.id,
    )
    assert [str(row[0]) for row in copied] == [diary.version_id, both.version_id]
    copied = await execute(
        "SELECT id, activity_id, sha256, content FROM activity_revision_copy"
        " WHERE applet_id = %(id)s ORDER BY id",
        id=diary.published.applet.id,
    )
    assert copied == await execute(
        "SELECT id, activity_id, sha256, content FROM activity_revision ORDER BY id"
    )
    # An unchanged activity is one revision: in the core, in the copy, and in every answer to it.
    assert {str(row[0]) for row in copied} == {*diary.revisions.values(), *both.revisions.values()}
    assert len(copied) == 2
    rows = await execute("SELECT DISTINCT activity_revision_id::text FROM answer")
    assert rows == [(diary.revisions["mood"],)]


async def test_an_answer_leads_to_its_question_without_the_core(
    client: AsyncClient, diary: Sheet, execute: Execute
) -> None:
    await put(client, diary.owner, diary, diary.part())

    rows = await execute(
        "SELECT item ->> 'name', item -> 'question' ->> 'de', answer.payload -> (item ->> 'name')"
        "  FROM answer"
        "  JOIN submission ON submission.applet_id = answer.applet_id"
        "   AND submission.id = answer.submission_id"
        "  JOIN version_copy ON version_copy.applet_id = answer.applet_id"
        "   AND version_copy.id = submission.applet_version_id"
        " CROSS JOIN jsonb_path_query(version_copy.content, '$.activities[*].items[*]') AS item"
        " ORDER BY 1"
    )

    assert rows == [("mood", "Wie geht es?", {"value": 2}), ("why", None, {"value": "rain"})]


async def test_a_version_is_copied_when_it_is_first_answered(
    client: AsyncClient, diary: Sheet, execute: Execute
) -> None:
    assert await execute("SELECT 1 FROM version_copy") == []
    await put(client, diary.owner, diary, diary.part({"mood": {"value": 9}}))
    refused = await execute("SELECT 1 FROM version_copy")
    await put(client, diary.owner, diary, diary.part())
    await put(client, diary.owner, diary, diary.part())

    assert refused == []
    assert await execute("SELECT count(*) FROM version_copy") == [(1,)]


@asynccontextmanager
async def full_disk(execute: Execute) -> AsyncIterator[None]:
    """No answer can be written inside this block."""
    await execute(
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END$$"
    )
    await execute("CREATE TRIGGER no_room BEFORE INSERT ON answer EXECUTE FUNCTION no_room()")
    yield
    await execute("DROP TRIGGER no_room ON answer")


async def test_when_the_first_answer_fails_the_next_one_is_kept(
    client: AsyncClient, diary: Sheet, execute: Execute
) -> None:
    async with full_disk(execute):
        response = await put(client, diary.owner, diary, diary.part())
        problem(response, 503, "database_unavailable")
        assert response.headers["retry-after"]
    assert await execute("SELECT 1 FROM version_copy") == []

    response = await put(client, diary.owner, diary, diary.part())

    assert response.status_code == 201, response.text


async def test_when_the_first_batch_fails_the_next_answer_is_kept(
    client: AsyncClient, diary: Sheet, execute: Execute
) -> None:
    parts = [diary.batch_part() for _ in range(3)]
    async with full_disk(execute):
        problem(await send_batch(client, diary.owner, diary, parts), 503, "database_unavailable")

    response = await put(client, diary.owner, diary, diary.part())

    assert response.status_code == 201, response.text
    found = await results(client, diary.owner, diary, parts)
    assert [result["status"] for result in found] == [201] * 3


@pytest.mark.parametrize("table", ["version_copy", "activity_revision_copy"])
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET content = '{{}}'", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
async def test_what_was_copied_never_changes(
    client: AsyncClient, diary: Sheet, raw: RawConnection, table: str, change: str
) -> None:
    await put(client, diary.owner, diary, diary.part())

    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="never change"):
        async with raw.transaction():
            await raw.execute(change.format(table).encode())


async def test_what_is_dropped_is_nowhere(
    client: AsyncClient, diary: Sheet, execute: Execute
) -> None:
    part = diary.part({"mood": {"value": 0}, "why": {"value": "a secret"}})
    await put(client, diary.owner, diary, part)

    rows = await execute("SELECT to_jsonb(answer), to_jsonb(submission) FROM answer, submission")
    assert "secret" not in json.dumps(rows)
