"""Parts of answers, as clients send them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from httpx2 import AsyncClient, Response

from src.applets import items
from src.applets import service as applets_service
from src.applets.schemas import VersionId
from src.database import Transaction
from src.teams.schemas import MyTeam
from tests import factories
from tests.http import acting_as

Json = dict[str, Any]

RAIN: Json = {"mood": {"value": 2}, "why": {"value": "rain"}}


@dataclass(frozen=True)
class Sheet:
    """A version of an applet, and the ids of its activities and revisions by activity name."""

    published: factories.Published
    version_id: str
    activities: Mapping[str, str]
    revisions: Mapping[str, str]

    @property
    def owner(self) -> factories.User:
        return self.published.owner

    @property
    def url(self) -> str:
        return f"/v1/applets/{self.published.applet.id}"

    def part(self, payload: object = None, *, activity: str = "mood", **changes: object) -> Json:
        """The answers of one activity; RAIN unless a payload is given."""
        return {
            "version_id": self.version_id,
            "activity_id": self.activities[activity],
            "started_at": "2026-03-29T00:58:11Z",
            "ended_at": "2026-03-29T01:04:02Z",
            "zone": "Europe/Berlin",
            "payload": RAIN if payload is None else payload,
            **changes,
        }

    def batch_part(
        self, payload: object = None, *, activity: str = "mood", **changes: object
    ) -> Json:
        """As `part`, with ids of its own."""
        ids = {"submission_id": str(uuid4()), "answer_id": str(uuid4())}
        return {**ids, **self.part(payload, activity=activity), **changes}


async def sheet(
    conn: Transaction,
    tree: Mapping[str, Any] | None = None,
    *,
    owner: factories.User | None = None,
    team: MyTeam | None = None,
) -> Sheet:
    """Publish an applet; the diary unless a tree is given."""
    published = await factories.applet(
        conn, owner=owner, team=team, draft=None if tree is None else dict(tree)
    )
    return await _sheet(conn, published, published.version.id)


async def republish(conn: Transaction, old: Sheet, tree: Mapping[str, Any]) -> Sheet:
    """Publish another tree as the applet's next version; activities go by their names."""
    applet, owner = old.published.applet, old.owner
    await applets_service.save_draft(
        conn,
        applet_id=applet.id,
        user_id=owner.id,
        tree=items.normalise(items.AppletDraft.model_validate({**tree, "name": applet.name})),
        expected_rev=None,
    )
    version = await applets_service.publish(conn, applet=applet, user_id=owner.id, note="")
    return await _sheet(conn, old.published, version.id)


async def _sheet(conn: Transaction, published: factories.Published, version_id: VersionId) -> Sheet:
    revisions = await applets_service.list_revisions(conn, version_id=version_id)
    return Sheet(
        published=published,
        version_id=str(version_id),
        activities={form.content["name"]: str(form.activity_id) for form in revisions},
        revisions={form.content["name"]: str(form.id) for form in revisions},
    )


async def put(
    client: AsyncClient,
    user: factories.User,
    on: Sheet,
    part: object,
    *,
    submission: object = None,
    answer: object = None,
) -> Response:
    """Send a part, under new ids unless some are given; whatever it holds, as JSON can say it."""
    return await client.put(
        f"{on.url}/submissions/{submission or uuid4()}/answers/{answer or uuid4()}",
        content=json.dumps(part),
        headers={**acting_as(user), "Content-Type": "application/json"},
    )


async def put_all(
    client: AsyncClient, user: factories.User, on: Sheet, *payloads: object, activity: str = "mood"
) -> None:
    """Send a submission for each payload; every one must be new and right."""
    for payload in payloads:
        response = await put(client, user, on, on.part(payload, activity=activity))
        assert response.status_code == 201, response.text


async def send_batch(
    client: AsyncClient, user: factories.User, on: Sheet, parts: Sequence[object]
) -> Response:
    return await client.post(
        f"{on.url}/submissions/batch",
        content=json.dumps({"parts": parts}),
        headers={**acting_as(user), "Content-Type": "application/json"},
    )


async def results(
    client: AsyncClient, user: factories.User, on: Sheet, parts: Sequence[object]
) -> list[Json]:
    """What became of each part of a batch."""
    response = await send_batch(client, user, on, parts)
    assert response.status_code == 207, response.text
    body = response.json()
    assert body.keys() == {"results"}
    found: list[Json] = body["results"]
    assert len(found) == len(parts)
    return found


def faults(result: Json) -> set[tuple[str, str]]:
    """Pointer and code of everything wrong with a part of a batch."""
    problem = result["problem"]
    assert (result["status"], problem["status"]) == (422, 422), result
    assert problem["code"] == "validation_failed"
    return {(error["pointer"], error["code"]) for error in problem["errors"]}
