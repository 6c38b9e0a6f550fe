"""Answers that one statement keeps, and those that need a transaction to be decided."""

import json
from uuid import UUID, uuid4

import pytest

from src.answers import service, store
from src.answers.exceptions import AnswerConflict, StepTaken
from src.answers.forms import FormCache, TransactionForms
from src.answers.schemas import AnswerId, Part, SubmissionId
from src.applets.schemas import ActivityId
from src.database import Pools, Transaction
from src.exceptions import Invalid
from tests.answers.sending import RAIN, Json, Sheet, sheet
from tests.conftest import Execute
from tests.pooling import counting

Ids = tuple[SubmissionId, AnswerId]


def new_ids() -> Ids:
    return SubmissionId(uuid4()), AnswerId(uuid4())


class Sender:
    """Somebody who sends parts to one process."""

    def __init__(self, pools: Pools, diary: Sheet) -> None:
        self.pools = counting(pools)
        self.diary = diary
        self.cache = FormCache()

    @property
    def transactions(self) -> int:
        return self.pools.write.stats()["transactions"]

    async def send(self, ids: Ids, payload: Json = RAIN) -> tuple[bytes, bool]:
        body, is_new = await service.submit(
            self.pools.write.single,
            self.pools,
            TransactionForms(self.cache),
            applet_id=self.diary.published.applet.id,
            user_id=self.diary.owner.id,
            submission_id=ids[0],
            answer_id=ids[1],
            part=Part.model_validate(self.diary.part(payload)),
        )
        return body.text, is_new

    def is_known(self) -> bool:
        found = TransactionForms(self.cache).find(
            applet_id=self.diary.published.applet.id,
            version_id=self.diary.published.version.id,
            activity_id=ActivityId(UUID(self.diary.activities["mood"])),
        )
        return found is not None


@pytest.fixture
async def sender(conn: Transaction, pools: Pools) -> Sender:
    return Sender(pools, await sheet(conn))


async def test_the_first_answer_of_a_version_copies_it_and_the_next_is_one_statement(
    sender: Sender, conn: Transaction
) -> None:
    await sender.send(new_ids())
    assert sender.transactions == 1

    ids = new_ids()
    body, is_new = await sender.send(ids)

    assert (is_new, sender.transactions) == (True, 1)
    applet_id = sender.diary.published.applet.id
    kept = await store.get_answer(conn, applet_id=applet_id, answer_id=ids[1])
    assert json.loads(body) == json.loads(kept.text)
    assert json.loads(body)["id"] == str(ids[1])


async def test_a_version_that_was_not_copied_after_all_is_not_known(sender: Sender) -> None:
    with pytest.raises(Invalid):
        await sender.send(new_ids(), {"mood": {"value": 7}})

    assert not sender.is_known()
    await sender.send(new_ids())
    assert sender.is_known()


async def test_what_is_wrong_with_an_answer_is_said_without_a_transaction(sender: Sender) -> None:
    await sender.send(new_ids())

    with pytest.raises(Invalid):
        await sender.send(new_ids(), {"mood": {"value": 7}})

    assert sender.transactions == 1


async def test_the_same_again_is_looked_at_in_a_transaction(sender: Sender) -> None:
    await sender.send(new_ids())
    ids = new_ids()
    first = await sender.send(ids)

    again = await sender.send(ids)

    assert again == (first[0], False)
    assert sender.transactions == 2


async def test_a_refused_answer_leaves_no_submission(sender: Sender, execute: Execute) -> None:
    first = new_ids()
    await sender.send(first)
    await sender.send(new_ids())

    with pytest.raises(AnswerConflict):
        await sender.send((new_ids()[0], first[1]))
    with pytest.raises(StepTaken):
        await sender.send((first[0], new_ids()[1]))

    assert await execute("SELECT count(*) FROM submission") == [(2,)]
    assert await execute("SELECT count(*) FROM answer") == [(2,)]
