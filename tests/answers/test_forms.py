"""Which compiled forms a process keeps, and for how long."""

from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient

from src.answers import forms
from src.answers.forms import FormCache, TransactionForms
from src.applets import service as applets_service
from src.applets.schemas import ActivityId, AppletId, Revision, RevisionId, VersionId
from src.database import Transaction
from tests.answers.sending import put_all, republish, sheet
from tests.applets.items.building import activity, draft, item, score

EMPTY = applets_service.compile_content({"items": []})


def revision(weight: int) -> Revision:
    return Revision(RevisionId(uuid4()), ActivityId(uuid4()), EMPTY, weight)


def kept(cache: FormCache, revisions: list[Revision]) -> list[bool]:
    return [cache.find_revision(one.id) is not None for one in revisions]


def test_forms_are_kept_by_weight_and_the_least_used_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forms, "_WEIGHT_MAX", 10)
    cache = FormCache()
    light = [revision(3) for _ in range(3)]
    for one in light:
        cache.keep_revision(one)
    cache.keep_revision(light[0])
    assert kept(cache, light) == [True] * 3
    assert cache.find_revision(light[0].id) is light[0]

    new = revision(4)
    cache.keep_revision(new)

    assert kept(cache, [*light, new]) == [True, False, True, True]
    heavy = revision(11)
    cache.keep_revision(heavy)
    assert kept(cache, [*light, new, heavy]) == [False] * 4 + [True]
    cache.keep_revision(new)
    assert kept(cache, [heavy, new]) == [False, True]


def test_versions_are_kept_by_their_number_of_activities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "_IDS_MAX", 7)
    cache = FormCache()
    keys = [(AppletId(uuid4()), VersionId(uuid4())) for _ in range(3)]
    ids = {ActivityId(uuid4()): RevisionId(uuid4()) for _ in range(2)}

    for key in keys:
        cache.keep_version(key, ids)

    assert [cache.find_version(key) for key in keys] == [None, ids, ids]


async def test_versions_share_the_forms_that_did_not_change(
    client: AsyncClient, conn: Transaction
) -> None:
    same = activity(item("text", "note"), name="notes")
    first = await sheet(conn, draft(activity(item("text", "a")), same))
    second = await republish(conn, first, draft(activity(item("text", "b")), same))
    for on in (first, second):
        await put_all(client, on.owner, on, {"note": {"value": "x"}}, activity="notes")
    cache = FormCache()

    async def find(version_id: str, activity_id: str) -> Revision:
        return await TransactionForms(cache).revision(
            conn,
            applet_id=first.published.applet.id,
            version_id=VersionId(UUID(version_id)),
            activity_id=ActivityId(UUID(activity_id)),
        )

    notes = [await find(on.version_id, on.activities["notes"]) for on in (first, second)]
    moods = [await find(on.version_id, on.activities["mood"]) for on in (first, second)]

    assert notes[0] is notes[1]
    assert [one.form.names for one in moods] == [{"a"}, {"b"}]


async def test_a_form_that_was_let_go_is_compiled_again(
    client: AsyncClient, conn: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "_WEIGHT_MAX", 1)
    on = await sheet(
        conn, draft(activity(item("text", "a")), activity(item("text", "b"), name="notes"))
    )
    await put_all(client, on.owner, on, {"a": {"value": "x"}})
    cache = FormCache()

    for _ in range(2):
        for name, asked in (("mood", "a"), ("notes", "b")):
            found = await TransactionForms(cache).revision(
                conn,
                applet_id=on.published.applet.id,
                version_id=on.published.version.id,
                activity_id=ActivityId(UUID(on.activities[name])),
            )
            assert found.form.names == {asked}


async def test_a_form_weighs_its_items_options_and_scores(conn: Transaction) -> None:
    tree = draft(
        activity(
            item("text", "a"),
            item("single_select", "b", config={"add_scores": True}),
            scores=[score("total", "sum", "b")],
        )
    )
    on = await sheet(conn, tree)
    (stored,) = await applets_service.list_revisions(conn, version_id=on.published.version.id)

    weight = applets_service.compile_revision(stored).weight

    assert weight == 2 + len(stored.content["items"][1]["values"]["options"]) + 2
