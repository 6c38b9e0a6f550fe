"""Everything that the service can know of somebody, and where it stands in the database."""

from dataclasses import dataclass

from httpx2 import ASGITransport, AsyncClient
from starlette.types import ASGIApp

from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.auth.sso import service as sso_service
from src.auth.sso.schemas import Asserted
from src.database import Transaction
from src.notifications import service as notifications_service
from src.notifications.constants import Template
from src.permissions import PlatformRole
from src.teams.constants import Role
from tests import factories, mail
from tests.answers.sending import Sheet, put_all, sheet
from tests.auth.mfa.securing import secure
from tests.auth.passkeys.registering import register
from tests.auth.phone import verifying
from tests.conftest import Execute
from tests.devices.registering import bind, browser, new_id
from tests.http import BASE_URL, acting_as
from tests.invitations.inviting import Team, accept, decline, team_of

ADDRESS = "203.0.113.77"
NEEDLES = {
    "email": "quillfeather.zanna@example.org",
    "the email before": "quillfeather.before@example.org",
    "an email that was never confirmed": "quillfeather.mistyped@example.org",
    "an email that a provider knows": "quillfeather.provided@example.net",
    "username": "quillwright",
    "given name": "Zannabel",
    "family name": "Quillfeatherstone",
    "display name": "Zanna of the Quills",
    "phone": "+4915112398765",
    "address": "203.0.113.",
    "user agent": "Quillbrowser/7.3",
    "device": "Quill's own telephone",
    "passkey": "Quill's own key",
    "API key": "Quill's own program",
    "accent": "#a1b2c3",
    "time zone": "Pacific/Chatham",
}
"""What tells who somebody is, or was."""


@dataclass(frozen=True)
class Known:
    """Somebody of whom everything is known, and what others have made with them."""

    user: factories.User
    sheet: Sheet
    team: Team


async def known(app: ASGIApp, conn: Transaction, execute: Execute) -> Known:
    """Somebody who has done whatever one can do here."""
    transport = ASGITransport(app=app, client=(ADDRESS, 4321), raise_app_exceptions=False)
    headers = {"User-Agent": NEEDLES["user agent"]}
    async with AsyncClient(transport=transport, base_url=BASE_URL, headers=headers) as client:
        return await _known(client, conn, execute)


async def _known(client: AsyncClient, conn: Transaction, execute: Execute) -> Known:
    user = await factories.user(conn, email=NEEDLES["the email before"])
    await execute("UPDATE account SET email_verified_at = now() WHERE id = %(id)s", id=user.id)
    profile = {
        "username": NEEDLES["username"],
        "given_name": NEEDLES["given name"],
        "family_name": NEEDLES["family name"],
        "display_name": NEEDLES["display name"],
        "time_zone": NEEDLES["time zone"],
        "locale": "fr-CH",
    }
    me = acting_as(user)
    await _done(client, "PATCH", "/v1/users/me", profile, me)
    await _done(
        client, "PATCH", "/v1/users/me/preferences", {"theme": {"accent": NEEDLES["accent"]}}, me
    )
    await _join_by_the_email_before(client, conn, user)
    # Before it is theirs: the service does not know that it is the same person who asks.
    await _sign_up_by_mail(conn)
    await _change_email(client, conn, me)
    await _done(
        client,
        "PUT",
        "/v1/users/me/email",
        {"email": NEEDLES["an email that was never confirmed"]},
        me,
    )
    email = NEEDLES["email"]
    for path in ("/v1/auth/password/recovery", "/v1/auth/login/link", "/v1/auth/login/code"):
        await _done(client, "POST", path, {"email": email})
    device = {"id": new_id(), "type": "web", "name": NEEDLES["device"]}
    login = {"identifier": email, "password": user.password, "device": device}
    await _done(client, "POST", "/v1/auth/login", login)
    bound = await bind(client, user, device["id"], type="web", push_token=browser().subscription())
    assert bound.status_code == 200, bound.text
    await verifying.say(client, user, await verifying.asked(conn, user, NEEDLES["phone"]))
    kept = await register(client, user)
    await _done(
        client, "PATCH", f"/v1/users/me/passkeys/{kept.id}", {"name": NEEDLES["passkey"]}, me
    )
    await _done(
        client,
        "POST",
        "/v1/users/me/api-keys",
        {"name": NEEDLES["API key"], "scopes": ["profile:read"]},
        me,
    )
    await secure(conn, user)
    await sso_service.link(
        conn,
        factories.SEALER,
        user_id=user.id,
        asserted=Asserted(
            provider="facebook",
            issuer="https://www.facebook.com",
            subject="42",
            email=NEEDLES["an email that a provider knows"],
            is_email_trusted=True,
        ),
    )
    await execute(
        "INSERT INTO platform_role (account_id, role) VALUES (%(id)s, %(role)s)",
        id=user.id,
        role=PlatformRole.SUPPORT,
    )
    on, team = await _with_others(client, conn, user, email)
    return Known(user=user, sheet=on, team=team)


async def _join_by_the_email_before(
    client: AsyncClient, conn: Transaction, user: factories.User
) -> None:
    """In a team, and out of it again, by an invitation to an address that is not theirs later."""
    made = await team_of(client, conn)
    invited = await made.invite(email=user.email)
    assert (await accept(client, invited, user)).status_code == 200
    left = await client.delete(f"/v1/teams/{made.id}/members/{user.id}", headers=acting_as(user))
    assert left.status_code == 204


async def _sign_up_by_mail(conn: Transaction) -> None:
    """As the route does it, whatever the limits of an address say."""
    email = NEEDLES["email"]
    named = {"given_name": NEEDLES["given name"], "username": NEEDLES["username"]}
    issued = await onetime_service.issue(
        conn,
        factories.SECRET_KEY.encode(),
        purpose=Purpose.SIGNUP,
        target=email,
        user_id=None,
        detail={"email": email, **named},
    )
    await notifications_service.send_mail(
        conn,
        factories.SEALER,
        template=Template.SIGNUP,
        to=email.upper(),
        locale="fr-CH",
        params={"link": "https://core.example.org/", "code": issued.code},
    )


async def _change_email(client: AsyncClient, conn: Transaction, me: dict[str, str]) -> None:
    email = NEEDLES["email"]
    await _done(client, "PUT", "/v1/users/me/email", {"email": email}, me)
    link = (await mail.last(conn, to=email, template=Template.CHANGE_EMAIL)).params["link"]
    token = link.partition("token=")[2]
    await _done(client, "POST", "/v1/users/me/email/confirm", {"token": token}, me)


async def _with_others(
    client: AsyncClient, conn: Transaction, user: factories.User, email: str
) -> tuple[Sheet, Team]:
    """In teams of others: invited in every way, an author there, and one who has answered."""
    on = await sheet(conn)
    team = Team(client=client, id=str(on.published.team.id), owner=on.owner, made=on.published.team)
    joined = await team.invite(email=email, role="admin")
    assert (await accept(client, joined, user)).status_code == 200
    await put_all(client, user, on, None)
    await team.invite(by=user, email="somebody.else@example.org")
    applet = on.url
    draft = await client.put(
        f"{applet}/draft",
        json={**factories.DIARY, "name": "Changed"},
        headers={**acting_as(user), "If-Match": "*"},
    )
    assert draft.status_code == 200, draft.text
    await _done(client, "POST", f"{applet}/versions", {}, acting_as(user))
    for answer in (decline, None):
        other = await factories.team(conn, owner=await factories.user(conn))
        inviting = Team(client=client, id=str(other.id), owner=on.owner, made=other)
        owner = await factories.member(conn, team=other, role=Role.OWNER)
        invited = await inviting.invite(by=owner, email=email.upper())
        if answer is not None:
            assert (await answer(client, invited, user)).status_code == 204
    return on, team


async def _done(
    client: AsyncClient, method: str, path: str, body: object, me: dict[str, str] | None = None
) -> None:
    response = await client.request(method, path, json=body, headers=me)
    assert response.is_success, f"{method} {path}: {response.text}"


async def places(execute: Execute, needle: str) -> set[str]:
    """Every column of every table that has the text somewhere, whatever its type and its case."""
    columns = await execute(
        "SELECT columns.table_name, columns.column_name, columns.data_type"
        "  FROM information_schema.columns"
        "  JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE columns.table_schema = 'public' AND tables.table_type = 'BASE TABLE'"
    )
    found = set()
    for table, column, kind in columns:
        has = (
            f'position(lower(%(needle)s)::bytea IN "{column}") > 0'
            f' OR position(%(needle)s::bytea IN "{column}") > 0'
            if kind == "bytea"
            else f'strpos(lower("{column}"::text), lower(%(needle)s)) > 0'
        )
        if await execute(f'SELECT 1 FROM "{table}" WHERE {has} LIMIT 1', needle=needle):
            found.add(f"{table}.{column}")
    return found
