from uuid import uuid4

from httpx2 import AsyncClient

from src.database import Transaction
from tests.answers.sending import put, put_all, republish, sheet
from tests.applets.items.building import activity, draft, item
from tests.exports.reading import lines
from tests.http import acting_as
from tests.instants import moments


async def test_each_line_is_a_submission_with_its_answers(
    client: AsyncClient, conn: Transaction
) -> None:
    diary = await sheet(conn)
    submission = uuid4()
    sent = (await put(client, diary.owner, diary, diary.part(), submission=submission)).json()
    url = f"{diary.url}/submissions/{submission}"
    shown = (await client.get(url, headers=acting_as(diary.owner))).json()

    (line,) = await lines(client, diary)

    (answer,) = line.pop("answers")
    assert moments(line) == moments(shown["submission"])
    assert answer == {
        name: sent[name] for name in ("activity_id", "revision_id", "payload", "scores")
    }


async def test_lines_come_in_the_order_of_arrival_from_every_version(
    client: AsyncClient, conn: Transaction
) -> None:
    diary = await sheet(conn)
    await put_all(client, diary.owner, diary, {"mood": {"value": 0}}, {"mood": {"value": 1}})
    new = await republish(conn, diary, draft(activity(item("text", "note"))))
    text = 'line\nbreak, "quote", \u2028, 鳥'
    await put_all(client, diary.owner, new, {"note": {"value": text}})

    found = await lines(client, diary)

    assert sorted(line["version_label"] for line in found) == ["1.1.0", "1.1.0", "1.2.0"]
    (noted,) = [line for line in found if line["version_label"] != "1.1.0"]
    assert noted["answers"][0]["payload"] == {"note": {"value": text}}
    places = [(line["received_at"], line["id"]) for line in found]
    assert places == sorted(places)
