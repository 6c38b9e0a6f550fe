"""Everybody who may call, and everything that they may call for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from uuid import uuid4

import time_machine
from fastapi import FastAPI

from src.auth import cookies
from src.auth.onetime import service as onetime_service
from src.auth.onetime.constants import Purpose
from src.config import Settings
from src.database import Transaction
from src.permissions import PlatformRole, Role, Scope
from tests import factories
from tests.answers import sending
from tests.authorisation.calling import Answer, call
from tests.conftest import Execute


class Who(StrEnum):
    """Every kind of caller."""

    ANONYMOUS = "anonymous"
    GARBAGE = "garbage token"
    EXPIRED = "expired token"
    SIGNED_OUT = "signed out"
    DISABLED = "disabled account"
    UNVERIFIED = "owner whose email waits for verification"
    OUTSIDER = "outsider"
    FORMER = "former member"
    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"
    OWNER = "owner"
    STALE = "owner, signed in long ago"
    NEIGHBOUR = "owner of another team"
    SUPPORT = "operator: support"
    USER_ADMIN = "operator: user admin"
    PLATFORM_ADMIN = "operator: admin"
    ONE_FACTOR = "operator: admin, without a second factor"
    KEY = "key of an owner, for everything"
    NARROW_KEY = "key of an owner, to read their profile"
    OTHER_KEY = "key of a viewer, for all but their profile"
    OPERATORS_KEY = "key of an operator, for everything"
    UNVERIFIED_KEY = "key of an owner whose email waits for verification"
    EXPIRED_KEY = "key that has expired"
    DELETED_KEY = "key that was deleted"
    DISABLED_KEY = "key of a disabled account"
    SERVICE_KEY = "key of a service account: an admin, for all that one may have"


MAILED = (
    Purpose.SIGNUP,
    Purpose.VERIFY_EMAIL,
    Purpose.CHANGE_EMAIL,
    Purpose.UNDO_EMAIL,
    Purpose.RESTORE_ACCOUNT,
)
PROPOSED = {"given_name": "", "family_name": "", "locale": "en"}


class Whose(StrEnum):
    """Every kind of object: those of the team whose members call, and others."""

    OWN = "own"
    OTHER = "another team's"
    MISSING = "missing"
    DELETED = "deleted"
    MIXED = "own, with parts of another team's"


_ALL = frozenset(Scope)
KEYS = {
    Who.KEY: _ALL,
    Who.NARROW_KEY: frozenset({Scope.PROFILE_READ}),
    Who.OTHER_KEY: _ALL - {Scope.PROFILE_READ, Scope.PROFILE_WRITE},
    Who.OPERATORS_KEY: _ALL,
    Who.UNVERIFIED_KEY: _ALL,
    Who.EXPIRED_KEY: _ALL,
    Who.DELETED_KEY: _ALL,
    Who.DISABLED_KEY: _ALL,
    Who.SERVICE_KEY: frozenset(scope for scope in Scope if not scope.is_personal),
}
"""Those who call by a key, and what it was made for."""
DEAD_KEYS = frozenset({Who.EXPIRED_KEY, Who.DELETED_KEY, Who.DISABLED_KEY})
NOBODY = DEAD_KEYS | {Who.ANONYMOUS, Who.GARBAGE, Who.EXPIRED, Who.SIGNED_OUT, Who.DISABLED}
"""Those whom the service does not know, or no longer."""
UNSIGNED = frozenset({Who.ANONYMOUS, Who.GARBAGE, Who.EXPIRED, *KEYS})
"""Those who have no token that its signature and its date would let pass in a cookie."""

_MEMBERS = {
    Who.VIEWER: Role.VIEWER,
    Who.EDITOR: Role.EDITOR,
    Who.ADMIN: Role.ADMIN,
    Who.OWNER: Role.OWNER,
    Who.STALE: Role.OWNER,
    Who.UNVERIFIED: Role.OWNER,
    Who.SIGNED_OUT: Role.OWNER,
    Who.DISABLED: Role.OWNER,
    Who.KEY: Role.OWNER,
    Who.NARROW_KEY: Role.OWNER,
    Who.OTHER_KEY: Role.VIEWER,
    Who.UNVERIFIED_KEY: Role.OWNER,
    Who.EXPIRED_KEY: Role.OWNER,
    Who.DELETED_KEY: Role.OWNER,
    Who.DISABLED_KEY: Role.OWNER,
    Who.SERVICE_KEY: Role.ADMIN,
}


OPERATORS = {
    Who.SUPPORT: PlatformRole.SUPPORT,
    Who.USER_ADMIN: PlatformRole.USER_ADMIN,
    Who.PLATFORM_ADMIN: PlatformRole.ADMIN,
    Who.ONE_FACTOR: PlatformRole.ADMIN,
    Who.OPERATORS_KEY: PlatformRole.ADMIN,
}
"""Those with a platform role; they are in no team."""


def role_of(who: Who, whose: Whose) -> Role | None:
    """The role that somebody has in the team of an object; None for who has none."""
    if who is Who.NEIGHBOUR:
        return Role.OWNER if whose is Whose.OTHER else None
    return _MEMBERS.get(who) if whose in {Whose.OWN, Whose.MIXED, Whose.DELETED} else None


@dataclass(frozen=True)
class Caller:
    """What somebody sends to be known."""

    who: Who
    id: str
    email: str
    token: str | None
    refresh_token: str
    csrf_token: str


@dataclass(frozen=True)
class Place:
    """A team, one of its applets, and what belongs to them: ids as addresses have them."""

    whose: Whose
    team_id: str
    team_name: str
    applet_id: str
    part: Mapping[str, Any]
    """Answers to the applet, as they are sent."""
    member_id: str
    """A viewer who is none of the callers."""
    member_submission: str
    submissions: Mapping[Who, str]
    """Who has answered, and under which id."""
    service_account_id: str = ""
    key_id: str = ""
    """A key of that account."""
    invitation_id: str = ""
    invitation_token: str = ""


@dataclass
class World:
    callers: dict[Who, Caller] = field(default_factory=dict)
    places: dict[Whose, Place] = field(default_factory=dict)
    links: dict[tuple[Purpose, Who], str] = field(default_factory=dict)
    """Tokens that have been mailed, and to whom."""


async def make(app: FastAPI, conn: Transaction, execute: Execute, settings: Settings) -> World:
    """Everybody and everything, on the test's connection."""
    world = World()
    users = {who: await _caller(conn, who) for who in Who}
    await _verify_everybody(execute)
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False):
        expired = await factories.session(conn, users[Who.EXPIRED])
    tokens = {
        **{who: user.access_token for who, user in users.items()},
        Who.ANONYMOUS: None,
        Who.GARBAGE: "not.a.token",
        Who.EXPIRED: expired.access_token,
    }
    for who, user in users.items():
        csrf = cookies.csrf_token(settings, user.session_id)
        world.callers[who] = Caller(
            who, str(user.id), user.email, tokens[who], user.refresh_token, csrf
        )
        for purpose in MAILED:
            target = f"new-{purpose}-{user.id}@example.net"
            issued = await onetime_service.issue(
                conn,
                settings.secret_key,
                purpose=purpose,
                target=user.email if purpose is Purpose.VERIFY_EMAIL else target,
                user_id=None if purpose is Purpose.SIGNUP else user.id,
                detail={"email": target, "username": None, **PROPOSED},
            )
            world.links[purpose, who] = issued.token
    await _give_keys(conn, world, users, execute)
    for whose in (Whose.OWN, Whose.OTHER, Whose.DELETED):
        world.places[whose] = await _place(app, whose, conn, execute, users)
    own, other = world.places[Whose.OWN], world.places[Whose.OTHER]
    world.places[Whose.MISSING] = replace(
        own, whose=Whose.MISSING, team_id=str(uuid4()), applet_id=str(uuid4())
    )
    world.places[Whose.MIXED] = replace(
        other, whose=Whose.MIXED, team_id=own.team_id, applet_id=own.applet_id, part=own.part
    )
    await execute(
        "UPDATE session SET revoked_at = now(), revoke_reason = 'logout' WHERE id = %(id)s",
        id=users[Who.SIGNED_OUT].session_id,
    )
    await execute(
        "UPDATE session SET authenticated_at = now() - interval '15 minutes 1 second',"
        " created_at = now() - interval '1 hour' WHERE id = %(id)s",
        id=users[Who.STALE].session_id,
    )
    await execute(
        "UPDATE account SET email_verified_at = NULL WHERE id = ANY(%(ids)s)",
        ids=[users[Who.UNVERIFIED].id, users[Who.UNVERIFIED_KEY].id],
    )
    await execute(
        "UPDATE account SET status = 'disabled' WHERE id = ANY(%(ids)s)",
        ids=[users[Who.DISABLED].id, users[Who.DISABLED_KEY].id],
    )
    await _serves(execute, users[Who.SERVICE_KEY])
    await execute(
        "UPDATE team SET deleted_at = now() WHERE id = %(id)s",
        id=world.places[Whose.DELETED].team_id,
    )
    return world


async def _give_keys(
    conn: Transaction, world: World, users: Mapping[Who, factories.User], execute: Execute
) -> None:
    """Who calls by a key has it in place of a token."""
    for who, scopes in KEYS.items():
        key = await factories.api_key(conn, users[who], *sorted(scopes))
        world.callers[who] = replace(world.callers[who], token=key)
    await execute(
        "UPDATE api_key SET created_at = now() - interval '2 hours',"
        " expires_at = now() - interval '1 second' WHERE account_id = %(id)s",
        id=users[Who.EXPIRED_KEY].id,
    )
    await execute("DELETE FROM api_key WHERE account_id = %(id)s", id=users[Who.DELETED_KEY].id)


async def _serves(execute: Execute, user: factories.User) -> None:
    """Make a program of somebody."""
    await execute(
        "UPDATE account SET kind = 'service', email = id || '@service.invalid' WHERE id = %(id)s",
        id=user.id,
    )
    await execute("DELETE FROM password WHERE account_id = %(id)s", id=user.id)


async def _caller(conn: Transaction, who: Who) -> factories.User:
    if who in OPERATORS:
        return await factories.operator(
            conn, role=OPERATORS[who], has_mfa=who is not Who.ONE_FACTOR
        )
    return await factories.user(conn)


async def _place(
    app: FastAPI,
    whose: Whose,
    conn: Transaction,
    execute: Execute,
    users: Mapping[Who, factories.User],
) -> Place:
    owner = users[Who.NEIGHBOUR if whose is Whose.OTHER else Who.OWNER]
    sheet = await sending.sheet(conn, owner=owner)
    team = sheet.published.team
    ids: dict[Who, str] = {}
    for who in (*Who, Who.FORMER):
        role = Role.VIEWER if who is Who.FORMER and whose is Whose.OWN else role_of(who, whose)
        if role is None or who in ids:
            continue
        if users[who] is not owner:
            await execute(
                "INSERT INTO team_member (team_id, account_id, role)"
                " VALUES (%(team)s, %(user)s, %(role)s)",
                team=team.id,
                user=users[who].id,
                role=role,
            )
        ids[who] = await _submitted(app, users[who], sheet)
    await execute("DELETE FROM team_member WHERE account_id = %(user)s", user=users[Who.FORMER].id)
    member = await factories.member(conn, team=team)
    await _verify_everybody(execute)
    place = Place(
        whose,
        str(team.id),
        team.name,
        str(sheet.published.applet.id),
        sheet.part(),
        str(member.id),
        await _submitted(app, member, sheet),
        ids,
    )
    return await _invited(app, await _served(app, place, owner), owner)


async def _verify_everybody(execute: Execute) -> None:
    await execute("UPDATE account SET email_verified_at = now()")


async def _submitted(app: FastAPI, user: factories.User, sheet: sending.Sheet) -> str:
    submission_id = str(uuid4())
    path = f"{sheet.url}/submissions/{submission_id}/answers/{uuid4()}"
    sent = await as_user(app, user, "PUT", path, sheet.part())
    assert sent.status == 201, sent.body
    return submission_id


async def _served(app: FastAPI, place: Place, owner: factories.User) -> Place:
    """The place, with a service account of its team and a key of that."""
    url = f"/v1/teams/{place.team_id}/service-accounts"
    made = await as_user(app, owner, "POST", url, {"name": "import"})
    assert made.status == 201, made.body
    account_id = made.json()["id"]
    new = {"name": "key", "scopes": ["teams:read"]}
    keyed = await as_user(app, owner, "POST", f"{url}/{account_id}/keys", new)
    assert keyed.status == 201, keyed.body
    return replace(place, service_account_id=account_id, key_id=keyed.json()["api_key"]["id"])


async def _invited(app: FastAPI, place: Place, owner: factories.User) -> Place:
    """The place, with an invitation to its team."""
    body = {"kind": "link", "role": "viewer", "max_uses": 1000}
    made = await as_user(app, owner, "POST", f"/v1/teams/{place.team_id}/invitations", body)
    if made.status == 404:
        return place
    assert made.status == 201, made.body
    shown = made.json()
    return replace(place, invitation_id=shown["id"], invitation_token=shown["token"])


async def as_user(
    app: FastAPI, user: factories.User, method: str, path: str, body: object
) -> Answer:
    """Send JSON for somebody whose request must not fail for who they are."""
    headers = {
        "authorization": f"Bearer {user.access_token}",
        "content-type": "application/json",
    }
    return await call(app, method, path, headers=headers, body=json.dumps(body).encode())
