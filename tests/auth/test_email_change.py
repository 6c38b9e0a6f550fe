from collections.abc import Mapping

import pytest
from httpx2 import AsyncClient, Response

from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.config import AuthenticationSettings
from src.database import Connection, Transaction
from src.notifications.constants import Template
from tests import factories, mail
from tests.auth.mfa import securing
from tests.auth.passkeys import registering as passkeys
from tests.conftest import Execute, MakeClient
from tests.devices.registering import bind, new_id
from tests.http import acting_as, bearer, mistakes, problem

MINE = "/v1/users/me/email"
UNDO = "/v1/auth/email/undo"
NEW = "new@example.org"
THIEFS = "seven magpies beneath an open window"


@pytest.fixture
async def ann(conn: Connection, execute: Execute) -> factories.User:
    """Somebody whose email is verified, and who has had a password for a while."""
    ann = await factories.user(conn)
    await execute("UPDATE password SET changed_at = now() - interval '1 hour'")
    await execute("UPDATE account SET email_verified_at = now() - interval '1 day'")
    return ann


async def ask(client: AsyncClient, user: factories.User, email: str = NEW) -> Response:
    return await client.put(MINE, json={"email": email}, headers=acting_as(user))


async def confirm(client: AsyncClient, user: factories.User, **proof: str) -> Response:
    return await client.post(f"{MINE}/confirm", json=proof, headers=acting_as(user))


async def mailed(conn: Connection, to: str, template: Template) -> Mapping[str, str]:
    params = (await mail.last(conn, to=to, template=template)).params
    return {"token": params["link"].partition("token=")[2], "code": params.get("code", "")}


async def change(
    client: AsyncClient, conn: Connection, user: factories.User, email: str = NEW
) -> None:
    """Change the user's email from beginning to end."""
    assert (await ask(client, user, email)).status_code == 202
    token = (await mailed(conn, email, Template.CHANGE_EMAIL))["token"]
    assert (await confirm(client, user, token=token)).status_code == 204


async def undo_token(conn: Connection, to: str) -> str:
    return (await mailed(conn, to, Template.EMAIL_CHANGED_UNDO))["token"]


async def undo(client: AsyncClient, token: str) -> Response:
    return await client.post(UNDO, json={"token": token})


async def email_of(execute: Execute, user: factories.User) -> str:
    ((email,),) = await execute("SELECT email FROM account WHERE id = %(id)s", id=user.id)
    return str(email)


async def test_asking_changes_nothing_yet(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    response = await ask(client, ann)

    assert (response.status_code, response.json()) == (202, {"status": "check_email"})
    assert await email_of(execute, ann) == ann.email
    assert [one.to for one in await mail.messages(conn)] == [NEW]


@pytest.mark.parametrize("proof", ["token", "code"])
async def test_the_new_address_confirms(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute, proof: str
) -> None:
    elsewhere = await factories.session(conn, ann)
    await ask(client, ann)
    sent = await mailed(conn, NEW, Template.CHANGE_EMAIL)

    response = await confirm(client, ann, **{proof: sent[proof]})

    assert response.status_code == 204, response.text
    me = await client.get("/v1/users/me", headers=acting_as(ann))
    assert me.json()["email"] == NEW
    assert me.json()["email_verified_at"] is not None
    problem(await client.get("/v1/users/me", headers=acting_as(elsewhere)), 401, "invalid_token")
    told = await mail.last(conn, to=ann.email)
    assert told.template is Template.EMAIL_CHANGED_UNDO
    assert told.params["email"] == NEW
    actions = await execute("SELECT action FROM audit_event ORDER BY action")
    assert actions == [
        ("session.revoked",),
        ("user.email_change_requested",),
        ("user.email_changed",),
    ]


async def test_it_needs_a_fresh_sign_in(
    client: AsyncClient, ann: factories.User, execute: Execute
) -> None:
    await execute("UPDATE session SET authenticated_at = now() - interval '16 minutes'")

    problem(await ask(client, ann), 403, "fresh_login_required")


async def test_an_unverified_user_may_mend_a_wrong_address(
    make_client: MakeClient, conn: Connection
) -> None:
    strict = await make_client(authentication=AuthenticationSettings(require_verified_email=True))
    bob = await factories.user(conn)

    await change(strict, conn, bob)

    assert (await strict.get("/v1/teams", headers=acting_as(bob))).status_code == 200


async def test_an_address_that_was_never_verified_gets_no_way_back(
    client: AsyncClient, conn: Connection
) -> None:
    """It may be a stranger's, by a slip of the hand."""
    bob = await factories.user(conn)

    await change(client, conn, bob)

    assert await mail.messages(conn, to=bob.email) == []


async def test_an_open_service_says_that_an_address_is_taken(
    client: AsyncClient, ann: factories.User, conn: Connection
) -> None:
    bob = await factories.user(conn)

    problem(await ask(client, ann, bob.email.upper()), 409, "email_taken")
    assert (await ask(client, ann, ann.email.upper())).status_code == 202


async def test_a_private_service_does_not(
    make_client: MakeClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    private = await make_client(authentication=AuthenticationSettings(signup="private"))
    bob = await factories.user(conn)

    answers = [await ask(private, ann, email) for email in (bob.email, NEW)]

    assert {(one.status_code, one.content) for one in answers} == {(202, answers[0].content)}
    (to_bob,) = await mail.messages(conn, to=bob.email)
    assert to_bob.template is Template.SIGNUP_KNOWN_EMAIL
    assert "token" not in to_bob.params["link"]
    assert await email_of(execute, ann) == ann.email


async def test_who_confirms_second_finds_the_address_taken(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    bob = await factories.user(conn)
    await ask(client, ann)
    token = (await mailed(conn, NEW, Template.CHANGE_EMAIL))["token"]
    await execute("DELETE FROM rate_limit")
    await change(client, conn, bob)

    problem(await confirm(client, ann, token=token), 409, "email_taken")

    assert await email_of(execute, ann) == ann.email
    assert await email_of(execute, bob) == NEW


async def test_somebody_elses_link_confirms_nothing_and_stays_theirs(
    client: AsyncClient, ann: factories.User, conn: Connection
) -> None:
    bob = await factories.user(conn)
    await ask(client, ann)
    sent = await mailed(conn, NEW, Template.CHANGE_EMAIL)

    problem(await confirm(client, bob, token=sent["token"]), 400, "invalid_token")
    problem(await confirm(client, bob, code=sent["code"]), 400, "invalid_code")
    assert (await confirm(client, ann, token=sent["token"])).status_code == 204


async def test_asking_again_kills_what_was_sent_before(
    client: AsyncClient, ann: factories.User, conn: Connection
) -> None:
    await ask(client, ann, "wrong@example.org")
    await ask(client, ann)

    token = (await mailed(conn, "wrong@example.org", Template.CHANGE_EMAIL))["token"]
    problem(await confirm(client, ann, token=token), 400, "invalid_token")


async def test_what_the_old_address_was_sent_is_dead(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    for purpose in (Purpose.RESET_PASSWORD, Purpose.MAGIC_LINK, Purpose.VERIFY_EMAIL):
        await onetime_service.issue(conn, b"key", purpose=purpose, target=ann.email, user_id=ann.id)

    await change(client, conn, ann)

    rows = await execute("SELECT purpose FROM one_time_token ORDER BY purpose")
    assert rows == [("change_email",), ("undo_email",)]


async def test_the_old_address_takes_the_change_back_and_everybody_is_signed_out(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    await change(client, conn, ann)
    await onetime_service.issue(
        conn, b"key", purpose=Purpose.RESET_PASSWORD, target=NEW, user_id=ann.id
    )

    response = await undo(client, await undo_token(conn, ann.email))

    assert response.status_code == 204, response.text
    assert await email_of(execute, ann) == ann.email
    problem(await client.get("/v1/users/me", headers=acting_as(ann)), 401, "invalid_token")
    assert await execute("SELECT 1 FROM one_time_token WHERE purpose = 'reset_password'") == []
    assert await execute(
        "SELECT count(*) FROM audit_event WHERE action = 'user.email_change_undone'"
    ) == [(1,)]
    notice = await mail.last(conn, to=ann.email)
    assert notice.params == {"event": "email_change_undone"}


async def make_ways_in(
    client: AsyncClient, conn: Transaction, execute: Execute, user: factories.User, subject: str
) -> dict[str, str]:
    """A key, a passkey and an identity."""
    key = await factories.api_key(conn, user)
    await passkeys.register(client, user)
    await execute(
        "INSERT INTO identity (account_id, provider, issuer, subject)"
        " VALUES (%(id)s, 'op', 'https://op.example.org', %(subject)s)",
        id=user.id,
        subject=subject,
    )
    return bearer(key)


async def log_in(client: AsyncClient, identifier: str, password: str) -> Response:
    body = {"identifier": identifier, "password": password}
    return await client.post("/v1/auth/login", json=body)


async def change_and_settle(
    client: AsyncClient, conn: Transaction, execute: Execute, user: factories.User
) -> securing.Secured:
    """Change the email, and then all that an account can be kept by."""
    await change(client, conn, user)
    response = await client.put(
        "/v1/users/me/password",
        json={"current_password": user.password, "new_password": THIEFS},
        headers=acting_as(user),
    )
    assert response.status_code == 204, response.text
    assert (await bind(client, user, new_id())).status_code == 201
    await execute(
        "INSERT INTO phone (account_id, number) VALUES (%(id)s, '+15005550006')", id=user.id
    )
    return await securing.secure(conn, user)


async def test_taking_it_back_leaves_only_ways_in_from_before_it(
    client: AsyncClient, ann: factories.User, conn: Transaction, execute: Execute
) -> None:
    mine = await make_ways_in(client, conn, execute, ann, "ann")
    bob = await factories.user(conn)
    bobs = bearer(await factories.api_key(conn, bob))
    for table in ("api_key", "passkey", "identity"):
        await execute(f"UPDATE {table} SET created_at = now() - interval '1 hour'")
    kept = await execute("SELECT id FROM passkey")
    await change(client, conn, ann)
    prepared = await make_ways_in(client, conn, execute, ann, "who waits")
    assert (await client.get("/v1/users/me", headers=prepared)).status_code == 200

    assert (await undo(client, await undo_token(conn, ann.email))).status_code == 204

    problem(await client.get("/v1/users/me", headers=prepared), 401, "invalid_token")
    for headers in (mine, bobs):
        assert (await client.get("/v1/users/me", headers=headers)).status_code == 200
    assert await execute("SELECT id FROM passkey") == kept
    assert await execute("SELECT subject FROM identity") == [("ann",)]
    assert await execute(
        "SELECT detail FROM audit_event WHERE action = 'user.email_change_undone'"
    ) == [({"ways_in_removed": 3},)]


async def test_taking_it_back_leaves_a_thief_nothing(
    client: AsyncClient, ann: factories.User, conn: Transaction, execute: Execute
) -> None:
    """Whoever has changed the address has made themselves at home: another password, an app."""
    secured = await change_and_settle(client, conn, execute, ann)
    assert (await log_in(client, NEW, THIEFS)).json()["mfa"] is not None
    ticket = await securing.ticket(conn, ann)
    exported = await onetime_service.issue(
        conn, b"key", purpose=Purpose.ACCOUNT_EXPORT, target=str(ann.id), user_id=ann.id
    )

    assert (await undo(client, await undo_token(conn, ann.email))).status_code == 204

    for identifier in (NEW, ann.email):
        problem(await log_in(client, identifier, THIEFS), 401, "invalid_credentials")
    response = await securing.second_step(client, ticket, code=securing.code_of(secured.seed))
    problem(response, 401, "invalid_mfa_code")
    for table in ("totp", "recovery_code", "device", "phone", "password"):
        assert await execute(f"SELECT 1 FROM {table}") == [], table
    response = await client.get(f"/v1/users/me/export/file?token={exported.token}")
    problem(response, 400, "invalid_token")
    assert await execute(
        "SELECT detail FROM audit_event WHERE action = 'user.email_change_undone'"
    ) == [({"ways_in_removed": 2},)]
    # Its owner sets a password by mail, and is asked for nobody else's app.
    reset = await onetime_service.issue(
        conn, b"key", purpose=Purpose.RESET_PASSWORD, target=ann.email, user_id=ann.id
    )
    body = {"token": reset.token, "password": "nine wrens on a frozen gate"}
    response = await client.post("/v1/auth/password/reset", json=body)
    assert response.status_code == 204, response.text
    assert (await log_in(client, ann.email, body["password"])).json()["tokens"] is not None


async def test_taking_it_back_leaves_what_its_owner_had(
    client: AsyncClient, ann: factories.User, conn: Transaction, execute: Execute
) -> None:
    secured = await securing.secure(conn, ann)
    for table, column in (
        ("totp", "confirmed_at"),
        ("recovery_code", "created_at"),
    ):
        await execute(f"UPDATE {table} SET {column} = now() - interval '1 hour'")
    await change(client, conn, ann)

    assert (await undo(client, await undo_token(conn, ann.email))).status_code == 204

    step = (await log_in(client, ann.email, ann.password)).json()["mfa"]
    response = await securing.second_step(
        client, step["ticket"], code=securing.code_of(secured.seed)
    )
    assert response.status_code == 200, response.text
    assert await execute("SELECT count(*) FROM recovery_code") == [(10,)]


@pytest.mark.parametrize("is_replaced", [True, False])
async def test_a_password_that_was_enough_beside_an_app_is_not_left_alone(
    client: AsyncClient,
    ann: factories.User,
    conn: Transaction,
    execute: Execute,
    is_replaced: bool,
) -> None:
    await securing.secure(conn, ann)
    await execute("UPDATE password SET is_short = true")
    await execute("UPDATE recovery_code SET created_at = now() - interval '1 hour'")
    await change(client, conn, ann)
    app = "now()" if is_replaced else "now() - interval '1 hour'"
    await execute(f"UPDATE totp SET confirmed_at = {app} + interval '1 second'")

    assert (await undo(client, await undo_token(conn, ann.email))).status_code == 204

    left = 0 if is_replaced else 1
    assert await execute("SELECT count(*) FROM password") == [(left,)]
    assert await execute("SELECT count(*) FROM recovery_code") == [(10 * left,)]


async def test_a_deletion_after_the_change_is_taken_back_with_it(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    """Whoever has stolen an account may not rid its owner of it either."""
    await change(client, conn, ann)
    deleted = await client.request(
        "DELETE", "/v1/users/me", json={"confirm": NEW}, headers=acting_as(ann)
    )
    assert deleted.status_code == 202, deleted.text
    thiefs = await mailed(conn, NEW, Template.ACCOUNT_DELETION)

    response = await undo(client, await undo_token(conn, ann.email))

    assert response.status_code == 204, response.text
    login = {"identifier": ann.email, "password": ann.password}
    assert (await client.post("/v1/auth/login", json=login)).status_code == 200
    assert await execute("SELECT status, erase_at FROM account") == [("active", None)]
    assert await execute(
        "SELECT count(*) FROM audit_event WHERE action = 'user.deletion_undone'"
    ) == [(1,)]
    response = await client.post("/v1/auth/deletion/undo", json={"token": thiefs["token"]})
    problem(response, 400, "invalid_token")


@pytest.mark.parametrize("is_deleting", [False, True])
async def test_a_deletion_by_an_operator_is_not_taken_back(
    client: AsyncClient,
    ann: factories.User,
    conn: Transaction,
    execute: Execute,
    is_deleting: bool,
) -> None:
    await change(client, conn, ann)
    if is_deleting:  # by the user, before the operator has decided
        body = {"confirm": NEW}
        await client.request("DELETE", "/v1/users/me", json=body, headers=acting_as(ann))
    operator = await factories.operator(conn)
    deleted = await client.request(
        "DELETE",
        f"/v1/admin/users/{ann.id}",
        json={"reason": "a report of abuse"},
        headers=acting_as(operator),
    )
    assert deleted.status_code in {200, 202, 204}, deleted.text

    problem(await undo(client, await undo_token(conn, ann.email)), 400, "invalid_token")

    rows = await execute("SELECT status FROM account WHERE id = %(id)s", id=ann.id)
    assert rows == [("deleting",)]


async def test_a_change_can_be_taken_back_for_72_hours(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    await change(client, conn, ann)
    token = await undo_token(conn, ann.email)
    rows = await execute(
        "SELECT expires_at - created_at = interval '72 hours' FROM one_time_token"
        " WHERE purpose = 'undo_email'"
    )
    await execute("UPDATE one_time_token SET expires_at = now()")

    assert rows == [(True,)]
    problem(await undo(client, token), 400, "expired_token")
    assert await email_of(execute, ann) == NEW


async def test_a_second_change_does_not_take_the_first_ones_way_back(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    """A thief who changes the address twice gains nothing, and cannot return to the first step."""
    await change(client, conn, ann)
    await execute("UPDATE one_time_token SET created_at = created_at - interval '1 second'")
    await change(client, conn, ann, "third@example.org")
    first, second = await undo_token(conn, ann.email), await undo_token(conn, NEW)

    assert (await undo(client, first)).status_code == 204

    assert await email_of(execute, ann) == ann.email
    problem(await undo(client, second), 400, "invalid_token")


async def test_taking_back_a_later_change_leaves_the_earlier_way_back(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    await change(client, conn, ann)
    await execute("UPDATE one_time_token SET created_at = created_at - interval '1 second'")
    await change(client, conn, ann, "third@example.org")
    first, second = await undo_token(conn, ann.email), await undo_token(conn, NEW)

    assert (await undo(client, second)).status_code == 204
    assert await email_of(execute, ann) == NEW
    assert (await undo(client, first)).status_code == 204
    assert await email_of(execute, ann) == ann.email


async def test_an_old_address_that_somebody_else_has_by_now_is_theirs(
    client: AsyncClient, ann: factories.User, conn: Connection, execute: Execute
) -> None:
    await change(client, conn, ann)
    await factories.user(conn, email=ann.email)

    problem(await undo(client, await undo_token(conn, ann.email)), 409, "email_taken")

    assert await email_of(execute, ann) == NEW


@pytest.mark.parametrize("proof", [{}, {"token": "x", "code": "123456"}])
async def test_a_token_or_a_code_is_asked_for(
    client: AsyncClient, ann: factories.User, proof: dict[str, str]
) -> None:
    assert mistakes(await confirm(client, ann, **proof)) == {("", "token_or_code")}
