"""Passkeys that one has: making them, naming them, taking them away."""

import asyncio
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from src.config import AuthenticationSettings, PasskeySettings, Settings
from src.constants import Environment
from src.database import Pools, Transaction
from src.notifications.constants import Template
from tests import factories, mail
from tests.auth.mfa.securing import secure
from tests.auth.passkeys.authenticator import SITE, Authenticator
from tests.auth.passkeys.registering import MINE, ask, log_in, options, register, send
from tests.conftest import Execute, MakeClient
from tests.http import SignedIn, acting_as, mistakes, problem


async def test_the_options_ask_for_a_passkey_that_needs_neither_name_nor_password(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)

    asked = (await options(client, ann))["options"]

    assert asked["rp"] == {"id": SITE, "name": "Core API"}
    assert asked["user"]["name"] == ann.email
    chosen = asked["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "required")
    assert asked["attestation"] == "none"
    assert asked["excludeCredentials"] == []


async def test_a_passkey_is_registered_and_listed(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    asked = await options(client, ann)
    passkey = Authenticator()

    response = await send(client, ann, passkey.create(asked["options"]), asked["flow_id"], " Key ")

    assert response.status_code == 201, response.text
    made = response.json()["passkey"]
    assert response.headers["location"] == f"{MINE}/{made['id']}"
    assert (made["name"], made["is_backed_up"], made["last_used_at"]) == ("Key", False, None)
    listed = (await client.get(MINE, headers=acting_as(ann))).json()
    assert listed == {"items": [made], "next_cursor": None}
    assert (await client.get(MINE, headers=acting_as(bob))).json()["items"] == []
    again = (await options(client, ann))["options"]
    assert len(again["excludeCredentials"]) == 1
    assert ("user.passkey_added", ann.id) in await execute(
        "SELECT action, actor_id FROM audit_event"
    )
    (told,) = await mail.messages(conn, to=ann.email, template=Template.SECURITY_NOTICE)
    assert told.params == {"event": "passkey_added"}


async def test_the_first_factor_comes_with_recovery_codes_and_others_do_not(
    client: AsyncClient, conn: Transaction
) -> None:
    ann, bob = await factories.user(conn), (await secure(conn)).user

    assert len((await register(client, ann)).recovery_codes or []) == 10
    assert (await register(client, ann)).recovery_codes is None
    # Those that came with the authenticator app still hold.
    assert (await register(client, bob)).recovery_codes is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://test.local.evil.example"},
        {"site": "evil.example"},
        {"asks": False},
    ],
)
async def test_what_was_made_elsewhere_or_asks_nobody_is_refused(
    client: AsyncClient, conn: Transaction, wrong: dict[str, object]
) -> None:
    ann = await factories.user(conn)
    asked = await options(client, ann)
    credential = Authenticator().but(**wrong).create(asked["options"])

    response = await send(client, ann, credential, asked["flow_id"])

    problem(response, 400, "invalid_passkey")
    assert (await client.get(MINE, headers=acting_as(ann))).json()["items"] == []


async def test_a_challenge_is_for_one_passkey_of_one_user(
    client: AsyncClient, conn: Transaction
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    asked = await options(client, ann)
    flow_id = asked["flow_id"]

    others = await send(client, bob, Authenticator().create(asked["options"]), flow_id)
    asked = await options(client, ann)
    first = await send(client, ann, Authenticator().create(asked["options"]), asked["flow_id"])
    second = await send(client, ann, Authenticator().create(asked["options"]), asked["flow_id"])
    asked = await options(client, ann)
    flow = await send(client, ann, Authenticator().create(asked["options"]), flow_id)

    problem(others, 400, "invalid_passkey")
    assert first.status_code == 201
    problem(second, 400, "invalid_passkey")
    problem(flow, 400, "invalid_passkey")


async def test_a_challenge_dies_after_five_minutes(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    asked = await options(client, ann)
    ((seconds,),) = await execute(
        "SELECT extract(epoch FROM expires_at - created_at)::int FROM one_time_token"
    )
    await execute("UPDATE one_time_token SET expires_at = now()")

    response = await send(client, ann, Authenticator().create(asked["options"]), asked["flow_id"])

    assert seconds == 300
    problem(response, 400, "invalid_passkey")


async def test_a_challenge_to_sign_in_makes_no_passkey(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)
    asked = await ask(client)

    response = await send(client, ann, Authenticator().create(asked["options"]), asked["flow_id"])

    problem(response, 400, "invalid_passkey")


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"id": 1},
        {"response": None},
        {"response": {"clientDataJSON": "\u00e9"}},
        {"response": {"clientDataJSON": "bm90IGpzb24"}},
        {"response": {"clientDataJSON": "e30"}},
        {"response": {"clientDataJSON": "W10"}},
    ],
)
async def test_whatever_is_sent_for_a_passkey_is_no_500(
    client: AsyncClient, conn: Transaction, credential: dict[str, object]
) -> None:
    ann = await factories.user(conn)
    asked = await options(client, ann)

    problem(await send(client, ann, credential, asked["flow_id"]), 400, "invalid_passkey")


@pytest.mark.parametrize("place", ["id", "rawId", "type", "clientDataJSON", "attestationObject"])
@pytest.mark.parametrize("value", [None, "", "A", "oA", "o2NmbXQ", 7, {}, "\0"])
async def test_a_broken_part_is_a_refusal(
    client: AsyncClient, conn: Transaction, place: str, value: object
) -> None:
    ann = await factories.user(conn)
    asked = await options(client, ann)
    credential = Authenticator().create(asked["options"])
    (credential if place in credential else credential["response"])[place] = value

    problem(await send(client, ann, credential, asked["flow_id"]), 400, "invalid_passkey")


async def test_a_passkey_belongs_to_one_account(client: AsyncClient, conn: Transaction) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    passkey = (await register(client, ann)).passkey
    asked = await options(client, bob)

    response = await send(client, bob, passkey.create(asked["options"]), asked["flow_id"])

    problem(response, 409, "passkey_known")


async def test_an_account_holds_ten_passkeys(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    for _ in range(10):
        await register(client, ann)
    asked = await options(client, ann)

    response = await send(client, ann, Authenticator().create(asked["options"]), asked["flow_id"])

    problem(response, 409, "passkey_limit")
    assert await execute("SELECT count(*) FROM passkey") == [(10,)]


async def test_a_passkey_is_renamed_by_its_owner(client: AsyncClient, conn: Transaction) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    kept = await register(client, ann)
    url = f"{MINE}/{kept.id}"

    renamed = await client.patch(url, json={"name": "Tablet"}, headers=acting_as(ann))
    others = await client.patch(url, json={"name": "Mine"}, headers=acting_as(bob))
    nothing = await client.patch(url, json={"name": " "}, headers=acting_as(ann))

    assert renamed.json()["name"] == "Tablet"
    problem(others, 404, "passkey_not_found")
    assert mistakes(nothing) == {("/name", "too_short")}


async def test_a_passkey_that_was_removed_is_refused(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    kept = await register(client, ann)
    url = f"{MINE}/{kept.id}"

    problem(await client.delete(url, headers=acting_as(bob)), 404, "passkey_not_found")
    assert (await log_in(client, kept.passkey)).status_code == 200
    removed = await client.delete(url, headers=acting_as(ann))

    assert removed.status_code == 204, removed.text
    problem(await log_in(client, kept.passkey), 400, "invalid_passkey")
    problem(await client.delete(url, headers=acting_as(ann)), 404, "passkey_not_found")
    assert await execute("SELECT count(*) FROM recovery_code") == [(0,)]
    assert ("user.passkey_removed", ann.id) in await execute(
        "SELECT action, actor_id FROM audit_event"
    )


async def test_the_last_way_to_sign_in_is_kept(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    kept, other = await register(client, ann), await register(client, ann)
    await execute("DELETE FROM password")

    assert (await client.delete(f"{MINE}/{other.id}", headers=acting_as(ann))).status_code == 204
    problem(
        await client.delete(f"{MINE}/{kept.id}", headers=acting_as(ann)), 409, "last_login_method"
    )

    assert (await log_in(client, kept.passkey)).status_code == 200


async def test_with_a_passkey_the_password_may_go(client: AsyncClient, conn: Transaction) -> None:
    ann = await factories.user(conn)

    refused = await client.delete("/v1/users/me/password", headers=acting_as(ann))
    await register(client, ann)
    removed = await client.delete("/v1/users/me/password", headers=acting_as(ann))

    problem(refused, 409, "last_login_method")
    assert removed.status_code == 204


async def test_a_short_password_keeps_the_last_passkey(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    kept = await register(client, ann)
    await execute("UPDATE password SET is_short = true")

    response = await client.delete(f"{MINE}/{kept.id}", headers=acting_as(ann))

    problem(response, 409, "longer_password_required")


async def test_passkeys_are_changed_after_a_fresh_sign_in_only(
    client: AsyncClient, conn: Transaction, execute: Execute
) -> None:
    ann = await factories.user(conn)
    await execute("UPDATE session SET authenticated_at = now() - interval '16 minutes'")
    body: dict[str, object] = {"flow_id": str(uuid4()), "credential": {"id": "x"}}

    for method, path, sent in (
        ("POST", f"{MINE}/options", None),
        ("POST", MINE, body),
        ("DELETE", f"{MINE}/{uuid4()}", None),
    ):
        response = await client.request(method, path, json=sent, headers=acting_as(ann))
        problem(response, 403, "fresh_login_required")


async def test_the_site_is_that_of_the_settings(make_client: MakeClient, conn: Transaction) -> None:
    ann = await factories.user(conn)
    public = await make_client(public_url="https://Core.example.org:443/api")
    given = PasskeySettings(rp_id="example.org", origins=("https://app.example.org",))
    own = await make_client(authentication=AuthenticationSettings(passkeys=given))

    assert (await options(public, ann))["options"]["rp"]["id"] == "core.example.org"
    made = Authenticator(origin="https://core.example.org", site="core.example.org")
    await register(public, ann, made)
    made = Authenticator(origin="https://app.example.org", site="example.org")
    await register(own, ann, made)
    asked = await options(own, ann)
    foreign = made.but(origin="https://core.example.org", credential_id=b"other" * 4)
    response = await send(own, ann, foreign.create(asked["options"]), asked["flow_id"])
    problem(response, 400, "invalid_passkey")


async def test_in_production_a_host_header_does_not_say_which_site_it_is(
    make_client: MakeClient, conn: Transaction, settings: Settings
) -> None:
    client = await make_client(
        environment=Environment.PRODUCTION,
        authentication=AuthenticationSettings(require_verified_email=False),
        base_url="https://evil.example",
    )
    ann = await factories.user(conn)

    problem(await client.post("/v1/auth/passkeys/options"), 404, "passkeys_disabled")
    problem(await client.post(f"{MINE}/options", headers=acting_as(ann)), 404, "passkeys_disabled")


@pytest.mark.committed
async def test_two_passkeys_that_go_at_once_are_not_both_the_last_but_one(
    client: AsyncClient, pools: Pools, execute: Execute
) -> None:
    async with pools.write.transaction() as conn:
        ann = await factories.user(conn)
    kept = [await register(client, ann) for _ in range(2)]
    await execute("DELETE FROM password")

    answers = await asyncio.gather(
        *(client.delete(f"{MINE}/{each.id}", headers=acting_as(ann)) for each in kept)
    )

    assert sorted(answer.status_code for answer in answers) == [204, 409]
    assert await execute("SELECT count(*) FROM passkey") == [(1,)]


async def test_the_other_sessions_end_with_a_passkey_and_without_it(
    client: AsyncClient, conn: Transaction
) -> None:
    ann = await factories.user(conn)

    async def is_signed_in(session: SignedIn) -> bool:
        response = await client.get("/v1/users/me", headers=acting_as(session))
        return response.status_code == 200

    elsewhere = await factories.session(conn, ann)
    kept = await register(client, ann)
    assert [await is_signed_in(each) for each in (ann, elsewhere)] == [True, False]

    elsewhere = await factories.session(conn, ann)
    removed = await client.delete(f"{MINE}/{kept.id}", headers=acting_as(ann))
    assert removed.status_code == 204, removed.text
    assert [await is_signed_in(each) for each in (ann, elsewhere)] == [True, False]
