"""Taking one's data along. The job reads on one connection and writes on another."""

import asyncio
import json
import re
from collections import Counter

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

from src.config import AuthenticationSettings, LimitSettings, RateSettings
from src.database import Connection, Pools, Transaction
from src.notifications.constants import Template
from src.privacy import service, tasks
from src.privacy.constants import PIECE_BYTES
from src.privacy.service import contents, exporting
from tests import factories, mail
from tests.answers.sending import put_all, sheet
from tests.conftest import Execute, MakeClient
from tests.http import acting_as, problem
from tests.privacy.exporting import EXPORT, ask, asked, exported, files, link, make, verified
from tests.privacy.knowing import NEEDLES, known
from tests.privacy.leaving import context, erase, leave, let_days_pass, undo, undo_token

pytestmark = pytest.mark.committed

CALLERS = 50


@pytest.fixture
async def ann(conn: Connection, execute: Execute) -> factories.User:
    return await verified(conn, execute)


async def test_all_that_is_known_is_in_it_and_no_secret_and_nobody_else(
    app: FastAPI, client: AsyncClient, conn: Transaction, execute: Execute, pools: Pools
) -> None:
    somebody = await known(app, conn, execute)
    user, owner = somebody.user, somebody.sheet.owner
    kept_hashes = await execute(
        "SELECT encode(code_hash, 'hex') FROM one_time_token"
        " UNION ALL SELECT encode(token_hash, 'hex') FROM one_time_token"
        " UNION ALL SELECT encode(token_hash, 'hex') FROM invitation"
        " UNION ALL SELECT encode(key_hash, 'hex') FROM api_key"
        " UNION ALL SELECT encode(code_hash, 'hex') FROM recovery_code"
        " UNION ALL SELECT encode(refresh_key, 'hex') FROM session"
        " UNION ALL SELECT encode(secret, 'hex') FROM totp"
        " UNION ALL SELECT encode(secret_hash, 'hex') FROM device WHERE secret_hash IS NOT NULL"
        " UNION ALL SELECT encode(public_key, 'hex') FROM passkey"
        " UNION ALL SELECT hash FROM password"
    )

    found = await exported(client, conn, pools, user, to=NEEDLES["email"])

    names = {part.name for part in (*contents.PARTS, contents.SUBMISSIONS)}
    assert set(found) == {"about", *names}
    assert set(found["about"]) == {f"{name}.json" for name in names}
    assert [name for name, lines in found.items() if not lines] == []
    text = json.dumps(found, ensure_ascii=False)
    told = {name for name, needle in NEEDLES.items() if needle in text}
    assert set(NEEDLES) - told == set()
    assert found["submissions"][0]["answers"][0]["payload"] == {
        "mood": {"value": 2},
        "why": {"value": "rain"},
    }
    assert [each for (each,) in kept_hashes if each in text] == []
    assert not re.search(r"argon2|core_once_|core_inv_|\\\\x[0-9a-f]{8}", text)
    for other in (owner.email, owner.username, str(owner.id), "somebody.else@example.org"):
        assert other not in text


async def test_what_belongs_to_somebody_is_in_a_file_or_left_out_for_a_reason(
    execute: Execute,
) -> None:
    """A new table that refers to an account has to say so in `PARTS` or in `LEFT_OUT`."""
    found = await execute(
        "SELECT conrelid::regclass || '.' || attname"
        "  FROM pg_constraint"
        "  JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY(conkey)"
        " WHERE contype = 'f' AND confrelid = 'account'::regclass"
        " UNION "
        "SELECT columns.table_name || '.' || columns.column_name"
        "  FROM information_schema.columns"
        "  JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE columns.table_schema = 'public' AND tables.table_type = 'BASE TABLE'"
        "   AND columns.data_type = 'uuid'"
        "   AND columns.column_name ~ '^(account|actor|user|owner)_id$|_by$'"
    )
    parts = (*contents.PARTS, contents.SUBMISSIONS)
    followed = [column for part in parts for column in part.follows]

    assert {name for (name,) in found} == {*followed, *contents.LEFT_OUT}
    assert len(followed) == len(set(followed))
    assert not set(followed) & set(contents.LEFT_OUT)


async def test_an_export_is_asked_for_made_told_of_and_fetched(
    client: AsyncClient, ann: factories.User, conn: Connection, pools: Pools, execute: Execute
) -> None:
    problem(await client.get(EXPORT, headers=acting_as(ann)), 404, "export_not_found")
    response = await ask(client, ann)
    made = response.json()
    assert (response.status_code, made["state"], made["size"]) == (202, "running", None)
    assert response.headers["location"] == EXPORT
    assert (await client.get(EXPORT, headers=acting_as(ann))).json() == made
    assert await execute(
        "SELECT args FROM procrastinate_jobs WHERE task_name = 'privacy:export_account'"
    ) == [({"export_id": made["id"]},)]

    await make(pools, made["id"])

    ready = (await client.get(EXPORT, headers=acting_as(ann))).json()
    assert (ready["id"], ready["state"]) == (made["id"], "ready")
    address = await link(conn, ann.email)
    assert address.startswith("http://test.local/v1/users/me/export/file?token=core_once_")
    fetched = await client.get(address)
    assert fetched.headers["content-type"] == "application/zip"
    assert fetched.headers["content-disposition"] == (
        f'attachment; filename="export-{made["id"]}.zip"'
    )
    assert fetched.headers["cache-control"] == "no-store"
    assert int(fetched.headers["content-length"]) == len(fetched.content) == ready["size"]
    assert files(fetched.content)["account"][0]["id"] == str(ann.id)
    assert (await client.get(address)).content == fetched.content


async def test_what_does_not_fit_in_one_piece_comes_whole(
    client: AsyncClient, ann: factories.User, conn: Transaction, pools: Pools, execute: Execute
) -> None:
    diary = await sheet(conn, owner=ann)
    await put_all(client, ann, diary, None)
    await execute(
        "INSERT INTO submission (applet_id, id, applet_version_id, account_id, status, started_at,"
        "                        completed_at, received_at, zone)"
        " SELECT applet_id, gen_random_uuid(), applet_version_id, account_id, status, started_at,"
        "        completed_at, received_at + number * interval '1 ms',"
        "        md5(number::text) || md5((-number)::text)"
        "   FROM submission, generate_series(2, 15000) AS number"
    )

    found = await exported(client, conn, pools, ann)

    assert len(found["submissions"]) == 15_000
    assert len({one["id"] for one in found["submissions"]}) == 15_000
    sizes = await execute("SELECT length(data) FROM account_export_piece ORDER BY position")
    assert len(sizes) > 2
    assert {size for (size,) in sizes[:-1]} == {PIECE_BYTES}


async def test_what_operators_say_of_others_is_in_no_export(
    client: AsyncClient, conn: Transaction, pools: Pools, execute: Execute
) -> None:
    """Neither in that of who wrote it, nor in that of whom it is about."""
    ann, operator = await verified(conn, execute), await factories.operator(conn)
    await execute("UPDATE account SET email_verified_at = now()")
    await client.post(
        f"/v1/admin/users/{ann.id}/revoke-sessions",
        json={"reason": "reported by bob@example.org"},
        headers=acting_as(operator),
    )
    ann = await factories.session(conn, ann)
    await execute(
        "INSERT INTO audit_event (actor_id, action, object_id, detail)"
        " VALUES (%(id)s, 'user.sessions_revoked', %(id)s, '{\"reason\": \"my own\"}')",
        id=ann.id,
    )

    told = {user: await exported(client, conn, pools, user) for user in (ann, operator)}

    for user, by in ((ann, "somebody else"), (operator, "you")):
        assert "bob@example.org" not in json.dumps(told[user])
        (event,) = [
            each
            for each in told[user]["events"]
            if each["by"] == by
            and each["action"] == "user.sessions_revoked"
            and each["object_id"] == str(ann.id)
            and each["detail"].get("reason") != "my own"
        ]
        assert event["detail"] == {"sessions_ended": 1}
    assert {"reason": "my own"} in [each["detail"] for each in told[ann]["events"]]


async def test_one_export_is_made_at_a_time_and_the_last_one_kept(
    client: AsyncClient, ann: factories.User, conn: Connection, pools: Pools, execute: Execute
) -> None:
    first = await asked(client, ann)
    problem(await ask(client, ann), 409, "export_running")
    await make(pools, first)
    old = await link(conn, ann.email)

    second = await asked(client, ann)
    problem(await client.get(old), 400, "invalid_token")
    await make(pools, first)  # a job that comes late finds nothing to do
    await make(pools, second)

    new = await link(conn, ann.email)
    assert new != old
    assert (await client.get(new)).status_code == 200
    problem(await client.get(old), 400, "invalid_token")
    assert await execute("SELECT DISTINCT export_id::text FROM account_export_piece") == [(second,)]


async def test_an_export_whose_job_is_lost_may_be_asked_for_again(
    client: AsyncClient, ann: factories.User, execute: Execute
) -> None:
    await asked(client, ann)
    await execute("UPDATE account_export SET created_at = now() - interval '59 minutes'")
    problem(await ask(client, ann), 409, "export_running")
    await execute("UPDATE account_export SET created_at = now() - interval '61 minutes'")

    assert (await ask(client, ann)).status_code == 202


async def test_it_needs_a_fresh_sign_in_and_an_address_that_is_theirs(
    client: AsyncClient, conn: Connection, ann: factories.User, execute: Execute
) -> None:
    bob = await factories.user(conn)
    problem(await ask(client, bob), 403, "email_not_verified")
    await execute("UPDATE session SET authenticated_at = now() - interval '16 minutes'")
    problem(await ask(client, ann), 403, "fresh_login_required")
    assert await execute("SELECT 1 FROM account_export") == []


async def test_nobody_has_it_made_all_day(
    make_client: MakeClient, conn: Connection, pools: Pools, execute: Execute
) -> None:
    limits = LimitSettings(rates=RateSettings(export_account=2))
    client = await make_client(limits=limits)
    ann = await verified(conn, execute)
    for _ in range(2):
        await make(pools, await asked(client, ann))

    refused = await ask(client, ann)

    problem(refused, 429, "rate_limited")
    assert int(refused.headers["retry-after"]) > 3600


async def test_an_export_is_gone_after_a_day(
    client: AsyncClient, ann: factories.User, conn: Connection, pools: Pools, execute: Execute
) -> None:
    await make(pools, await asked(client, ann))
    address = await link(conn, ann.email)
    ((left,),) = await execute(
        "SELECT extract(epoch FROM expires_at - now())::int FROM account_export"
    )
    assert 86_300 < left <= 86_400
    await tasks.purge_exports(context(pools), timestamp=0)
    assert (await client.get(address)).status_code == 200

    await execute("UPDATE account_export SET expires_at = now()")
    problem(await client.get(address), 400, "invalid_token")
    problem(await client.get(EXPORT, headers=acting_as(ann)), 404, "export_not_found")
    await tasks.purge_exports(context(pools), timestamp=0)

    assert await execute("SELECT 1 FROM account_export") == []
    assert await execute("SELECT 1 FROM account_export_piece") == []


async def test_no_other_secret_fetches_it(
    client: AsyncClient, ann: factories.User, conn: Connection, pools: Pools
) -> None:
    await make(pools, await asked(client, ann))
    await leave(client, ann)
    other = await undo_token(conn, ann)
    file = f"{EXPORT}/file"

    problem(await client.get(file, params={"token": other}), 400, "invalid_token")
    problem(await client.get(file, params={"token": "core_once_x"}), 400, "invalid_token")
    assert (await client.get(file)).status_code == 422
    token = (await link(conn, ann.email)).partition("token=")[2]
    problem(await undo(client, token), 400, "invalid_token")


async def test_who_leaves_can_still_fetch_it_until_they_are_erased(
    client: AsyncClient, ann: factories.User, conn: Connection, pools: Pools, execute: Execute
) -> None:
    running = await asked(client, ann)
    await leave(client, ann)
    await make(pools, running)
    address = await link(conn, ann.email)
    assert (await client.get(address)).status_code == 200
    await let_days_pass(execute)

    await erase(pools)

    problem(await client.get(address), 400, "invalid_token")
    assert await execute("SELECT 1 FROM account_export") == []
    assert await execute("SELECT 1 FROM account_export_piece") == []
    await make(pools, running)  # and its job, come again, does nothing


async def test_what_is_too_large_fails_and_leaves_nothing(
    client: AsyncClient,
    ann: factories.User,
    conn: Connection,
    pools: Pools,
    execute: Execute,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exporting, "EXPORT_BYTES_MAX", 100)

    await make(pools, await asked(client, ann))

    shown = (await client.get(EXPORT, headers=acting_as(ann))).json()
    assert (shown["state"], shown["size"]) == ("failed", None)
    assert await execute("SELECT 1 FROM account_export_piece") == []
    assert await mail.messages(conn, template=Template.ACCOUNT_EXPORT_READY) == []
    assert (await ask(client, ann)).status_code == 202


async def test_of_many_who_ask_at_once_one_has_it_made(
    make_client: MakeClient, conn: Connection, execute: Execute
) -> None:
    client = await make_client(
        limits=LimitSettings(rates=RateSettings(export_account=0)),
        authentication=AuthenticationSettings(),
    )
    ann = await verified(conn, execute)

    answers = await asyncio.gather(*(ask(client, ann) for _ in range(CALLERS)))

    assert Counter(one.status_code for one in answers) == {202: 1, 409: CALLERS - 1}
    assert await execute(
        "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'privacy:export_account'"
    ) == [(1,)]


async def test_a_job_that_runs_twice_at_once_makes_one_file_and_one_mail(
    client: AsyncClient, ann: factories.User, conn: Connection, pools: Pools, execute: Execute
) -> None:
    export_id = await asked(client, ann)

    await asyncio.gather(*(make(pools, export_id) for _ in range(4)))

    assert len(await mail.messages(conn, template=Template.ACCOUNT_EXPORT_READY)) == 1
    fetched = await client.get(await link(conn, ann.email))
    assert files(fetched.content)["account"][0]["email"] == ann.email
    assert await execute(
        "SELECT count(DISTINCT run) FROM account_export_piece JOIN account_export USING (run)"
    ) == [(1,)]


async def test_a_fetch_waits_for_nobody_who_leaves(
    client: AsyncClient, ann: factories.User, conn: Connection, pools: Pools, execute: Execute
) -> None:
    """A run that ends while the account is erased: one of the two is first, and nobody hangs."""
    for _ in range(6):
        user = await verified(conn, execute)
        export_id = await asked(client, user)
        await leave(client, user)
        await let_days_pass(execute)

        await asyncio.gather(make(pools, export_id), erase(pools))

        assert await execute("SELECT 1 FROM account WHERE status = 'deleting'") == []
        assert await execute("SELECT 1 FROM account_export") == []
        assert await execute("SELECT 1 FROM message WHERE account_id = %(id)s", id=user.id) == []
    assert await service.purge(pools.write.single) == 0
