import json

import pytest
from httpx2 import AsyncClient, Response

from src.database import Transaction
from src.teams.constants import Role
from tests import factories
from tests.applets.authoring import Author, Json, create
from tests.applets.importers.sources import activity, folder, question, radio, zipped
from tests.conftest import Execute
from tests.http import acting_as, mistakes, problem

BIRDS = folder(
    activity(["owl", "why"], compute={"total": "owl"}, visible={"why": "owl == 1"}),
    owl=radio(0, 1),
    why=question("text"),
)


@pytest.fixture
async def author(client: AsyncClient, conn: Transaction) -> Author:
    ann = await factories.user(conn)
    team = await factories.team(conn, owner=ann)
    return Author(client, ann, await create(client, ann, team.id, "Diary"))


async def bring(
    author: Author, data: bytes, *, media: str = "application/zip", **headers: str
) -> Response:
    return await author.client.post(
        f"{author.url}/import?format=reproschema",
        content=data,
        headers={
            **acting_as(author.user),
            "Content-Type": media,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
    )


async def test_a_zip_becomes_the_draft(author: Author, execute: Execute) -> None:
    response = await bring(author, zipped(BIRDS))

    assert response.status_code == 200, response.text
    imported = response.json()
    assert imported["draft"] == await author.draft()
    shown = await author.client.get(f"{author.url}/draft", headers=acting_as(author.user))
    assert response.headers["etag"] == shown.headers["etag"]
    (birds,) = imported["draft"]["activities"]
    assert [item["name"] for item in birds["items"]] == ["owl", "why"]
    assert birds["items"][1]["condition"]["conditions"][0]["item_name"] == "owl"
    report = imported["report"]
    assert (report["format"], report["activities"]) == ("reproschema", 1)
    assert (report["items"], report["scores"]) == (2, 1)
    assert all(entry.keys() == {"source", "code", "detail"} for entry in report["not_carried"])
    rows = await execute(
        "SELECT detail ->> 'format', (detail ->> 'not_carried')::int FROM audit_event"
        " WHERE action = 'applet.imported'"
    )
    assert rows == [("reproschema", len(report["not_carried"]))]


async def test_what_is_not_carried_over_is_reported(author: Author) -> None:
    files = {**BIRDS, "birds/owl.mp3": b"\xff\xfb\x90", "birds/more": activity(["eel"])}

    report = (await bring(author, zipped(files))).json()["report"]

    found = {(entry["source"], entry["code"]) for entry in report["not_carried"]}
    assert ("birds/owl.mp3", "file_ignored") in found
    assert any(source.startswith("birds/more") for source, _ in found)


async def test_one_document_becomes_the_draft(author: Author) -> None:
    item: Json = {"@context": "https://example.org", "id": "owl", **radio(0, 1)}

    response = await bring(author, json.dumps(item).encode(), media="application/json")

    assert response.status_code == 200, response.text
    (made,) = response.json()["draft"]["activities"]
    assert [one["name"] for one in made["items"]] == ["owl"]


async def test_a_form_may_carry_the_upload(author: Author) -> None:
    response = await author.client.post(
        f"{author.url}/import?format=reproschema",
        data={"comment": "from a browser"},
        files={"upload": ("birds.zip", zipped(BIRDS), "application/zip")},
        headers=acting_as(author.user),
    )

    assert response.status_code == 200, response.text
    assert response.json()["draft"] == (await bring(author, zipped(BIRDS))).json()["draft"]


@pytest.mark.parametrize(
    "media", ["application/ld+json", "APPLICATION/ZIP", "application/json;x=y"]
)
async def test_what_the_body_is_called_lets_it_in(author: Author, media: str) -> None:
    assert (await bring(author, zipped(BIRDS), media=media)).status_code == 200


@pytest.mark.parametrize(
    "media", ["", "text/plain", "application/octet-stream", "image/png", "application/zip2", "zip"]
)
async def test_a_body_of_another_kind_is_not_looked_at(author: Author, media: str) -> None:
    problem(await bring(author, zipped(BIRDS), media=media), 415, "unsupported_media_type")


async def test_a_form_without_a_file_is_refused(author: Author) -> None:
    response = await author.client.post(
        f"{author.url}/import?format=reproschema",
        files={"comment": (None, "no file")},
        headers=acting_as(author.user),
    )

    assert mistakes(response) == {("/file", "required")}


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"x"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n--x--"),
        ("multipart/form-data; boundary=", b""),
    ],
)
async def test_a_broken_form_is_the_callers_mistake(
    author: Author, media: str, body: bytes
) -> None:
    response = await bring(author, body, media=media)

    assert response.status_code in {400, 422}, response.text
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_form_has_one_file(author: Author) -> None:
    file = ("birds.zip", zipped(BIRDS), "application/zip")

    response = await author.client.post(
        f"{author.url}/import?format=reproschema",
        files=[("one", file), ("two", file)],
        headers=acting_as(author.user),
    )

    problem(response, 400, "bad_request")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_json"),
        (b"PK", "not_json"),
        (b"PK\x03\x04", "broken_archive"),
        (zipped(BIRDS)[:200], "broken_archive"),
        (zipped({}), "not_reproschema"),
        (zipped({"a.json": {"b": 1}}), "not_reproschema"),
        (b"{}", "not_reproschema"),
        (b"[]", "not_reproschema"),
        (b"null", "not_json"),
        (b"<xml/>", "not_json"),
        (b"[" * 100_000, "not_json"),
    ],
)
async def test_what_is_no_questionnaire_is_refused(author: Author, data: bytes, code: str) -> None:
    before = await author.draft()

    response = await bring(author, data)

    ((pointer, found),) = mistakes(response)
    assert pointer == ""
    assert found in {code, "not_reproschema"}
    assert await author.draft() == before


async def test_an_upload_that_is_too_large_is_refused(author: Author) -> None:
    problem(await bring(author, b" " * (16 * 2**20 + 1)), 413, "body_too_large")


async def test_an_upload_may_be_larger_than_other_bodies(author: Author) -> None:
    padded = json.dumps(radio(0, 1)).encode() + b" " * 2**21

    assert (await bring(author, padded, media="application/json")).status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [("", "required"), ("?format=", "unknown_choice"), ("?format=redcap", "unknown_choice")],
)
async def test_the_format_must_be_named(author: Author, query: str, code: str) -> None:
    response = await author.client.post(
        f"{author.url}/import{query}",
        content=zipped(BIRDS),
        headers={**acting_as(author.user), "Content-Type": "application/zip"},
    )

    assert mistakes(response) == {("/query/format", code)}


async def test_an_import_replaces_only_what_was_read(author: Author) -> None:
    shown = await author.client.get(f"{author.url}/draft", headers=acting_as(author.user))
    tag = shown.headers["etag"]

    first = await bring(author, zipped(BIRDS), If_Match=tag)
    stale = await bring(author, zipped(BIRDS), If_Match=tag)
    garbage = await bring(author, zipped(BIRDS), If_Match="x")

    assert first.status_code == 200, first.text
    problem(stale, 412, "stale_draft")
    problem(garbage, 412, "stale_draft")
    for tag in (first.headers["etag"], "*"):
        assert (await bring(author, zipped(BIRDS), If_Match=tag)).status_code == 200


async def test_what_was_imported_can_be_published(author: Author) -> None:
    await bring(author, zipped(BIRDS))
    first = await author.publish()
    ids = [activity["id"] for activity in (await author.content())["activities"]]
    await bring(
        author, zipped({**BIRDS, "birds/items/why": {"id": "why", **question("text", "Why?")}})
    )

    second = await author.publish()

    assert (first["label"], second["label"]) == ("1.1.0", "1.1.1")
    assert [activity["id"] for activity in (await author.content())["activities"]] == ids


async def test_viewers_import_nothing(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    made = await factories.applet(conn)
    url = f"/v1/applets/{made.applet.id}"
    before = await Author(client, made.owner, url).draft()
    bob = await factories.member(conn, team=made.team, role=Role.VIEWER)

    problem(await bring(Author(client, bob, url), zipped(BIRDS)), 403, "role_too_low")
    # The role comes first: nobody's upload is read who may not import it.
    problem(await bring(Author(client, bob, url), b"no upload"), 403, "role_too_low")
    assert await Author(client, made.owner, url).draft() == before
    eve = await factories.user(conn)
    problem(await bring(Author(client, eve, url), zipped(BIRDS)), 404, "applet_not_found")
    nobody = await client.post(f"{url}/import?format=reproschema", content=zipped(BIRDS))
    problem(nobody, 401, "not_authenticated")


async def test_another_format_is_refused_before_the_upload_is_read(
    client: AsyncClient, conn: Transaction
) -> None:
    made = await factories.applet(conn)

    response = await client.post(
        f"/v1/applets/{made.applet.id}/import?format=xlsform",
        content=b"no upload",
        headers=acting_as(made.owner),
    )

    assert mistakes(response) == {("/query/format", "unknown_choice")}
