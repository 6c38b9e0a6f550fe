"""Whose account an identity signs in to: the ten rules of linking."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from src.database import Transaction
from src.notifications.constants import Template
from tests import factories
from tests.auth.sso import going
from tests.auth.sso.going import sign_in
from tests.conftest import Execute
from tests.fakes.issuer import Issuer
from tests.http import acting_as, bearer, problem
from tests.mail import messages

TRUSTED: dict[str, Any] = {"email": "ann@example.org", "email_verified": True}
"""Which `op` may say."""


async def _ann(conn: Transaction, execute: Execute, *, is_verified: bool) -> factories.User:
    ann = await factories.user(conn, email="ann@example.org")
    if is_verified:
        await execute("UPDATE account SET email_verified_at = now() WHERE id = %(id)s", id=ann.id)
    return ann


@pytest.mark.parametrize(
    ("provider", "claims"),
    [
        ("op", {"email": "ann@example.org"}),
        ("op", {"email": "ann@example.org", "email_verified": False}),
        ("op", {"email": "ann@example.org", "email_verified": "false"}),
        ("op", {"email": "ann@example.org", "email_verified": "False"}),
        ("op", {"email": "ann@example.org", "email_verified": 1}),
        ("op", {"email": "ann@example.org", "email_verified": None}),
        ("op", {"email": "ann@example.com", "email_verified": True}),
        ("op", {"email": "ann@sub.example.org", "email_verified": True}),
        ("op", {"email": "ann@example.org.example.com", "email_verified": True}),
        ("other", TRUSTED),
    ],
)
async def test_a_new_email_counts_as_verified_only_on_the_word_of_who_may_say_so(
    client: AsyncClient, issuer: Issuer, other: Issuer, provider: str, claims: dict[str, Any]
) -> None:
    said = await sign_in(client, issuer if provider == "op" else other, provider=provider, **claims)

    assert said.status_code == 201
    assert said.json()["user"]["email_verified_at"] is None


@pytest.mark.parametrize("said", [True, "true"])
async def test_and_then_it_does(client: AsyncClient, issuer: Issuer, said: object) -> None:
    response = await sign_in(client, issuer, email="Ann@Example.ORG", email_verified=said)

    assert response.json()["user"]["email_verified_at"] is not None


async def test_an_identity_of_another_issuer_is_another_though_the_subject_is_the_same(
    client: AsyncClient, issuer: Issuer, other: Issuer
) -> None:
    first = await sign_in(client, issuer, sub="7", email="ann@example.org", email_verified=True)
    second = await sign_in(client, other, provider="other", sub="7", email="bob@example.org")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["user"]["id"] != second.json()["user"]["id"]


async def test_both_sides_verified_are_linked(
    client: AsyncClient, conn: Transaction, execute: Execute, issuer: Issuer
) -> None:
    ann = await _ann(conn, execute, is_verified=True)

    response = await sign_in(client, issuer, **TRUSTED)

    assert response.status_code == 200
    assert response.json()["user"]["id"] == str(ann.id)
    # She keeps what she had.
    assert (await client.get("/v1/users/me", headers=acting_as(ann))).status_code == 200
    assert await execute("SELECT account_id FROM password") == [(ann.id,)]
    assert await execute(
        "SELECT action FROM audit_event WHERE actor_id = %(id)s AND action LIKE 'identity%%'",
        id=ann.id,
    ) == [("identity.linked",)]

    assert await _told(conn) == ["identity_linked"]


async def _told(conn: Transaction) -> list[str]:
    """What the account's owner was written, to the address that is theirs."""
    found = await messages(conn, to="ann@example.org", template=Template.SECURITY_NOTICE)
    return [each.params["event"] for each in found]


_FACTORS = """
    WITH app AS (INSERT INTO totp (account_id, secret, confirmed_at)
                 VALUES (%(id)s, 'x', now()))
    INSERT INTO passkey (account_id, credential_id, public_key, sign_count, is_backed_up, name)
    VALUES (%(id)s, 'x', 'x', 0, false, 'of somebody else')
"""


async def test_a_second_factor_is_asked_for_here_too(
    client: AsyncClient, conn: Transaction, execute: Execute, issuer: Issuer
) -> None:
    ann = await _ann(conn, execute, is_verified=True)
    await execute(_FACTORS, id=ann.id)

    response = await sign_in(client, issuer, **TRUSTED)

    assert response.status_code == 200
    assert response.json()["mfa"]["methods"]
    assert "tokens" not in response.json()


async def test_an_account_that_somebody_else_may_have_prepared_is_wiped_first(
    client: AsyncClient, conn: Transaction, execute: Execute, issuer: Issuer, other: Issuer
) -> None:
    ann = await _ann(conn, execute, is_verified=False)
    await execute(
        "INSERT INTO identity (account_id, provider, issuer, subject)"
        " VALUES (%(id)s, 'other', %(issuer)s, 'the one who waits')",
        id=ann.id,
        issuer=other.url,
    )
    await execute(_FACTORS, id=ann.id)
    key = await factories.api_key(conn, ann)

    response = await sign_in(client, issuer, **TRUSTED)

    assert response.status_code == 200
    problem(await client.get("/v1/users/me", headers=bearer(key)), 401, "invalid_token")
    assert response.json()["user"]["id"] == str(ann.id)
    assert response.json()["user"]["email_verified_at"] is not None
    assert response.json()["tokens"] is not None
    assert await execute("SELECT 1 FROM password") == []
    assert await execute("SELECT 1 FROM totp UNION ALL SELECT 1 FROM passkey") == []
    problem(await client.get("/v1/users/me", headers=acting_as(ann)), 401, "invalid_token")
    login = {"identifier": ann.email, "password": ann.password}
    problem(await client.post("/v1/auth/login", json=login), 401, "invalid_credentials")
    waiting = await sign_in(client, other, provider="other", sub="the one who waits")
    problem(waiting, 409, "sso_email_missing")
    assert await execute(
        "SELECT action FROM audit_event WHERE actor_id = %(id)s AND action = 'user.reclaimed'",
        id=ann.id,
    ) == [("user.reclaimed",)]
    assert await _told(conn) == ["password_wiped", "identity_linked"]


@pytest.mark.parametrize("is_verified", [True, False])
@pytest.mark.parametrize(
    ("provider", "is_said_verified"), [("op", False), ("op", "false"), ("other", True)]
)
async def test_nobody_is_linked_on_less(
    client: AsyncClient,
    conn: Transaction,
    execute: Execute,
    issuer: Issuer,
    other: Issuer,
    is_verified: bool,
    provider: str,
    is_said_verified: object,
) -> None:
    ann = await _ann(conn, execute, is_verified=is_verified)

    response = await sign_in(
        client,
        issuer if provider == "op" else other,
        provider=provider,
        email="ANN@example.org",
        email_verified=is_said_verified,
    )

    problem(response, 409, "account_exists_login_to_link")
    assert await execute("SELECT 1 FROM identity") == []
    assert (await client.get("/v1/users/me", headers=acting_as(ann))).status_code == 200


async def test_without_an_email_there_is_no_account(client: AsyncClient, issuer: Issuer) -> None:
    problem(await sign_in(client, issuer), 409, "sso_email_missing")


@pytest.mark.parametrize("email", ["no address", "ann@", "a" * 300 + "@example.org", 7, ["a@b.c"]])
async def test_an_email_that_is_none_is_none(
    client: AsyncClient, issuer: Issuer, email: object
) -> None:
    response = await sign_in(client, issuer, email=email, email_verified=True)

    problem(response, 409, "sso_email_missing")


@pytest.mark.parametrize("status", ["disabled", "deleting"])
async def test_who_is_disabled_does_not_come_in(
    client: AsyncClient, execute: Execute, issuer: Issuer, status: str
) -> None:
    await sign_in(client, issuer, **TRUSTED)
    await execute(
        "UPDATE account SET status = %(status)s,"
        " erase_at = CASE %(status)s WHEN 'deleting' THEN now() END",
        status=status,
    )

    problem(await sign_in(client, issuer, **TRUSTED), 403, f"account_{status}")
    again = await sign_in(client, issuer, sub="a new identity", **TRUSTED)
    problem(again, 403, f"account_{status}")


async def test_names_that_cannot_be_kept_are_left_out(client: AsyncClient, issuer: Issuer) -> None:
    response = await sign_in(client, issuer, given_name="a\nb\0", family_name={"x": 1}, **TRUSTED)

    assert response.status_code == 201
    user = response.json()["user"]
    assert (user["given_name"], user["family_name"]) == ("", "")


async def _link_code(client: AsyncClient, issuer: Issuer, **claims: Any) -> str:
    back = going.ended(await going.round_trip(client, issuer, mode="link", **claims))
    return back["login_code"]


async def _link(client: AsyncClient, user: factories.User, code: str, **changes: str) -> Any:
    body = {"login_code": code, "code_verifier": going.VERIFIER, **changes}
    return await client.post("/v1/users/me/identities", json=body, headers=acting_as(user))


async def test_who_is_signed_in_links_and_then_signs_in_with_it(
    client: AsyncClient, conn: Transaction, issuer: Issuer
) -> None:
    ann = await factories.user(conn)

    linked = await _link(client, ann, await _link_code(client, issuer, email="x@example.com"))

    assert linked.status_code == 201, linked.text
    assert linked.json() | {"id": "", "created_at": "", "last_used_at": ""} == {
        "id": "",
        "provider": "op",
        "issuer": issuer.url,
        "email": "x@example.com",
        "created_at": "",
        "last_used_at": "",
    }
    assert (await sign_in(client, issuer)).json()["user"]["id"] == str(ann.id)
    listed = await client.get("/v1/users/me/identities", headers=acting_as(ann))
    assert [each["id"] for each in listed.json()["items"]] == [linked.json()["id"]]


async def test_linking_again_is_as_good_as_once(
    client: AsyncClient, conn: Transaction, issuer: Issuer
) -> None:
    ann = await factories.user(conn)

    first = await _link(client, ann, await _link_code(client, issuer))
    again = await _link(client, ann, await _link_code(client, issuer))

    assert first.json()["id"] == again.json()["id"]


async def test_linking_needs_a_fresh_sign_in_and_a_code_for_it(
    client: AsyncClient, conn: Transaction, execute: Execute, issuer: Issuer
) -> None:
    ann = await factories.user(conn)
    code = await _link_code(client, issuer)
    for_login = going.ended(await going.round_trip(client, issuer))["login_code"]

    problem(await _link(client, ann, for_login), 400, "code_verifier_invalid")
    await execute("UPDATE session SET authenticated_at = now() - interval '16 minutes'")

    problem(await _link(client, ann, code), 403, "fresh_login_required")


async def test_a_code_to_link_is_of_no_use_to_who_did_not_begin(
    client: AsyncClient, conn: Transaction, execute: Execute, issuer: Issuer
) -> None:
    ann = await factories.user(conn)
    code = await _link_code(client, issuer)

    problem(await _link(client, ann, code, code_verifier="x" * 43), 400, "code_verifier_invalid")
    assert await execute("SELECT 1 FROM identity") == []


async def test_an_identity_belongs_to_one_account(
    client: AsyncClient, conn: Transaction, issuer: Issuer
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    await _link(client, ann, await _link_code(client, issuer))

    problem(await _link(client, bob, await _link_code(client, issuer)), 409, "identity_taken")


async def test_there_is_a_limit_to_linking(
    client: AsyncClient, conn: Transaction, execute: Execute, issuer: Issuer
) -> None:
    ann = await factories.user(conn)
    await execute(
        "INSERT INTO identity (account_id, provider, issuer, subject)"
        " SELECT %(id)s, 'op', 'https://op', n::text FROM generate_series(1, 20) AS n",
        id=ann.id,
    )

    problem(await _link(client, ann, await _link_code(client, issuer)), 409, "identity_limit")
    assert await execute("SELECT 1 FROM identity WHERE issuer = %(url)s", url=issuer.url) == []


async def _unlink(client: AsyncClient, user: factories.User, identity_id: str) -> Any:
    return await client.delete(f"/v1/users/me/identities/{identity_id}", headers=acting_as(user))


async def test_what_was_linked_is_unlinked_and_written_down(
    client: AsyncClient, conn: Transaction, execute: Execute, issuer: Issuer
) -> None:
    ann = await factories.user(conn, email="ann@example.org")
    linked = (await _link(client, ann, await _link_code(client, issuer))).json()

    elsewhere = await factories.session(conn, ann)

    assert (await _unlink(client, ann, linked["id"])).status_code == 204

    ended = await client.get("/v1/users/me", headers=acting_as(elsewhere))
    problem(ended, 401, "invalid_token")
    assert await _told(conn) == ["identity_linked", "identity_unlinked"]
    problem(await sign_in(client, issuer), 409, "sso_email_missing")
    assert await execute(
        "SELECT action FROM audit_event WHERE actor_id = %(id)s ORDER BY id", id=ann.id
    ) == [("identity.linked",), ("identity.unlinked",), ("session.revoked",)]


async def test_the_last_way_to_sign_in_stays(
    client: AsyncClient, conn: Transaction, execute: Execute, issuer: Issuer
) -> None:
    ann = await factories.user(conn)
    first = (await _link(client, ann, await _link_code(client, issuer))).json()
    second = (await _link(client, ann, await _link_code(client, issuer, sub="again"))).json()
    await execute("DELETE FROM password")

    assert (await _unlink(client, ann, first["id"])).status_code == 204
    problem(await _unlink(client, ann, second["id"]), 409, "last_login_method")


async def test_with_an_identity_the_password_may_go(
    client: AsyncClient, conn: Transaction, issuer: Issuer
) -> None:
    ann = await factories.user(conn)
    problem(
        await client.delete("/v1/users/me/password", headers=acting_as(ann)),
        409,
        "last_login_method",
    )
    await _link(client, ann, await _link_code(client, issuer))

    elsewhere = await factories.session(conn, ann)

    gone = await client.delete("/v1/users/me/password", headers=acting_as(ann))

    assert gone.status_code == 204
    ended = await client.get("/v1/users/me", headers=acting_as(elsewhere))
    problem(ended, 401, "invalid_token")


async def test_nobody_unlinks_for_another(
    client: AsyncClient, conn: Transaction, issuer: Issuer
) -> None:
    ann, bob = await factories.user(conn), await factories.user(conn)
    linked = (await _link(client, ann, await _link_code(client, issuer))).json()

    problem(await _unlink(client, bob, linked["id"]), 404, "identity_not_found")
