"""The two applications of the product, and what there is in the database of both."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import uuid5

import pytest
from httpx2 import AsyncClient, Response

from src.auth import cookies
from src.auth.api_keys import service as api_keys_service
from src.auth.api_keys.schemas import ApiKeyCreate
from src.auth.constants import Transport
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.sso import service as sso_service
from src.auth.sso.constants import Mode
from src.auth.sso.flows import challenge_of
from src.auth.sso.schemas import Asserted, Pending
from src.config import Settings
from src.database import Transaction
from src.permissions import Scope
from src.privacy import service as privacy_service
from tests import factories
from tests.answers.sending import put, sheet
from tests.auth.mfa.securing import secure, ticket
from tests.auth.passkeys.authenticator import Authenticator
from tests.auth.passkeys.registering import ask, options, register
from tests.auth.phone import verifying as phones
from tests.conftest import AppBy, Execute, RawConnection
from tests.devices.registering import bind
from tests.http import acting_as, client_of
from tests.routing.likeness import alike
from tests.routing.pairs import Recorded
from tests.routing.requests import NAMESPACE, Sent, World


@dataclass
class Both:
    """The two applications on the test's database; each request leaves it as it was."""

    raw: RawConnection
    sides: list[tuple[Recorded, AsyncClient]]

    async def send(self, sent: Sent) -> tuple[Response, bool]:
        """Send it to both, which must answer alike. Returns the answer, and if it was compiled."""
        responses = []
        for _, client in self.sides:
            async with self.raw.transaction(force_rollback=True):
                responses.append(
                    await client.request(
                        sent.method, sent.url, content=sent.body, headers=sent.raw_headers
                    )
                )
        compiled, plain = responses
        assert alike(compiled) == alike(plain), sent
        return compiled, self.sides[0][0].were_compiled[-1]


@pytest.fixture
async def both(app_by: AppBy, raw: RawConnection, world: World) -> AsyncIterator[Both]:
    async with AsyncExitStack() as stack:
        sides = []
        for is_compiled in (True, False):
            recorded = Recorded(app_by(is_compiled=is_compiled))
            sides.append((recorded, await stack.enter_async_context(client_of(recorded))))
        yield Both(raw, sides)


@pytest.fixture
async def world(app_by: AppBy, conn: Transaction, settings: Settings, execute: Execute) -> World:
    on = await sheet(conn)
    guest = await factories.user(conn)
    member = await factories.member(conn, team=on.published.team)
    deleted = await factories.team(conn, owner=on.owner)
    await execute("UPDATE team SET deleted_at = now() WHERE id = %(id)s", id=deleted.id)
    submission, answer = uuid5(NAMESPACE, "submission"), uuid5(NAMESPACE, "first")
    async with client_of(app_by(is_compiled=False)) as client:
        sent = await put(client, on.owner, on, on.part(), submission=submission, answer=answer)
        assert sent.status_code == 201, sent.text
        invited = await client.post(
            f"/v1/teams/{on.published.team.id}/invitations",
            json={"kind": "email", "email": guest.email},
            headers=acting_as(on.owner),
        )
        assert invited.status_code == 201, invited.text
        programs = f"/v1/teams/{on.published.team.id}/service-accounts"
        program = await client.post(programs, json={"name": "x"}, headers=acting_as(on.owner))
        program_key = await client.post(
            f"{programs}/{program.json()['id']}/keys",
            json={"name": "x", "scopes": ["teams:read"]},
            headers=acting_as(on.owner),
        )
        kept = await register(client, guest)
        asked, wanted = await ask(client), await options(client, member)
        device_id = str(uuid5(NAMESPACE, "device"))
        told = await phones.asked(conn, on.owner, "+4915112345677")
        await phones.say(client, on.owner, told)
        phone_code = await phones.asked(conn, on.owner, "+4915112345676")
        bound = await bind(client, on.owner, device_id)
        assert bound.status_code == 201, bound.text
    # Long enough ago for another link.
    await execute("UPDATE invitation SET sent_at = now() - interval '1 hour'")
    await execute("UPDATE account SET email_verified_at = now() WHERE id = %(id)s", id=guest.id)
    secured = await secure(conn)
    linked = await sso_service.link(
        conn, factories.SEALER, user_id=on.owner.id, asserted=_asserted("linked")
    )
    key = await api_keys_service.create(
        conn,
        user_id=on.owner.id,
        actor_id=on.owner.id,
        new=ApiKeyCreate(name="key", scopes=list(Scope)),
    )
    browser = await factories.user(conn, transport=Transport.COOKIE)
    return World(
        sheet=on,
        submission_id=str(submission),
        answer_id=str(answer),
        browser=browser,
        csrf_token=cookies.csrf_token(settings, browser.session_id),
        guest=guest,
        member=member,
        deleted=deleted,
        operator=await factories.operator(conn),
        invitation=invited.json(),
        secured=secured,
        ticket=await ticket(conn, secured.user),
        passkey_id=kept.id,
        assertion={"flow_id": asked["flow_id"], "assertion": kept.passkey.get(asked["options"])},
        credential={
            "flow_id": wanted["flow_id"],
            "credential": Authenticator().create(wanted["options"]),
            "name": "Phone",
        },
        device_id=device_id,
        phone_code=phone_code,
        links=await mailed(conn, settings, on.owner)
        | await leaver(conn, settings)
        | await export(conn, execute, settings, secured.user),
        login_code=await _login_code(conn, settings, Mode.LOGIN),
        link_code=await _login_code(conn, settings, Mode.LINK),
        identity_id=str(linked.id),
        key=key.key,
        key_id=str(key.api_key.id),
        program_id=program.json()["id"],
        program_key_id=program_key.json()["api_key"]["id"],
    )


async def export(
    conn: Transaction, execute: Execute, settings: Settings, user: factories.User
) -> dict[Purpose, str]:
    """The token of an export that is ready."""
    made = await privacy_service.start(conn, user_id=user.id, page="")
    await execute(
        "INSERT INTO account_export_piece VALUES (%(id)s, %(id)s, 0, 'not a ZIP file')", id=made.id
    )
    await execute(
        "UPDATE account_export SET state = 'ready', run = id, size = 14, ready_at = now()"
        " WHERE id = %(id)s",
        id=made.id,
    )
    issued = await onetime_service.issue(
        conn,
        settings.secret_key,
        purpose=Purpose.ACCOUNT_EXPORT,
        target=str(user.id),
        user_id=user.id,
        detail={"export_id": str(made.id)},
    )
    return {Purpose.ACCOUNT_EXPORT: issued.token}


async def leaver(conn: Transaction, settings: Settings) -> dict[Purpose, str]:
    """The token of somebody whose account is being deleted."""
    leaving = await factories.user(conn)
    await privacy_service.begin(conn, user_id=leaving.id, days=14, by_owner=True)
    issued = await onetime_service.issue(
        conn,
        settings.secret_key,
        purpose=Purpose.RESTORE_ACCOUNT,
        target=str(leaving.id),
        user_id=leaving.id,
    )
    return {Purpose.RESTORE_ACCOUNT: issued.token}


async def mailed(
    conn: Transaction, settings: Settings, owner: factories.User
) -> dict[Purpose, str]:
    """Tokens of the links that the owner has been sent, or somebody new."""
    links = {}
    for purpose in Purpose:
        email = owner.email if purpose is Purpose.VERIFY_EMAIL else f"{purpose}@example.org"
        described = {"username": None, "given_name": "", "family_name": "", "locale": "en"}
        issued = await onetime_service.issue(
            conn,
            settings.secret_key,
            purpose=purpose,
            target=email,
            user_id=None if purpose is Purpose.SIGNUP else owner.id,
            detail={"email": email, **described},
        )
        links[purpose] = issued.token
    return links


def _asserted(subject: str) -> Asserted:
    return Asserted(
        provider="facebook",
        issuer="https://www.facebook.com",
        subject=subject,
        email=f"{subject}@example.net",
        is_email_trusted=True,
    )


async def _login_code(conn: Transaction, settings: Settings, mode: Mode) -> str:
    issued = await onetime_service.issue(
        conn,
        settings.secret_key,
        purpose=Purpose.SSO_LOGIN,
        target=mode,
        user_id=None,
        detail=Pending(mode, challenge_of("v" * 43), _asserted(f"by{mode}")).detail(),
    )
    return issued.token
