"""People, teams and applets for tests, made through services; unique by counter.

Every factory takes a connection first and works inside its transaction.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import count
from typing import Any, cast

from argon2 import PasswordHasher

from src.applets import items
from src.applets import service as applets_service
from src.applets.schemas import Applet, CreatedVersion
from src.auth import keys, sessions
from src.auth import service as auth_service
from src.auth.api_keys import service as api_keys_service
from src.auth.api_keys.schemas import ApiKeyCreate
from src.auth.constants import Transport
from src.auth.schemas import SessionId
from src.config import AuthenticationSettings, PasswordHashSettings
from src.database import Connection, Pools, Transaction, sql
from src.permissions import PlatformRole, Scope
from src.security import Sealer
from src.teams import service as teams_service
from src.teams.constants import Role
from src.teams.schemas import MyTeam as Team
from src.teams.schemas import TeamId
from src.users import service as users_service
from src.users.schemas import UserId

SECRET_KEY = "kept-for-tests-and-for-nothing-else-0123456789"
PASSWORD = "seven herons over cold water"
SEALER = Sealer(SECRET_KEY.encode())

DIARY: dict[str, Any] = {
    "name": "Diary",
    "activities": [
        {
            "key": "M",
            "name": "mood",
            "items": [
                {
                    "name": "mood",
                    "type": "single_select",
                    "question": {"en": "How are you?", "de": "Wie geht es?"},
                    "config": {"add_scores": True, "skippable": False},
                    "values": {
                        "options": [
                            {"text": "fine", "value": 0, "score": 0},
                            {"text": "low", "value": 1, "score": 2},
                            {"text": "very low", "value": 2, "score": 3},
                        ]
                    },
                },
                {
                    "name": "why",
                    "type": "text",
                    "question": {"en": "Why?"},
                    "config": {"max_length": 20},
                    "condition": {
                        "match": "any",
                        "conditions": [
                            {
                                "item_name": "mood",
                                "type": "EQUAL_TO_OPTION",
                                "payload": {"option_value": 2},
                            }
                        ],
                    },
                },
            ],
            "scores_and_reports": {
                "scores": [{"name": "total", "calculation": "sum", "items": ["mood"]}]
            },
        }
    ],
}
"""One activity: a mood with scores, and a question asked when it is very low."""

_number = count(1)


@dataclass(frozen=True)
class User:
    """Somebody signed in. `acting_as(user)` makes the headers."""

    id: UserId
    email: str
    username: str
    password: str
    session_id: SessionId
    access_token: str
    refresh_token: str


async def user(
    conn: Connection,
    *,
    email: str | None = None,
    username: str | None = None,
    transport: Transport = Transport.BEARER,
) -> User:
    """An active account with PASSWORD, and a session."""
    number = next(_number)
    made = await users_service.create(
        conn,
        email=email or f"user{number}@example.org",
        username=username or f"user{number}",
        given_name="",
        family_name="",
        locale="en",
    )
    await auth_service.add_password(conn, user_id=made.id, hash=password_hash())
    signed_in = User(
        id=made.id,
        email=made.email,
        username=made.username or "",
        password=PASSWORD,
        session_id=SessionId(made.id),
        access_token="",
        refresh_token="",
    )
    return await session(conn, signed_in, transport=transport)


async def api_key(
    conn: Transaction, owner: User, *scopes: Scope, expires_at: datetime | None = None
) -> str:
    """A key of the user's, for these scopes; for all where none is given."""
    new = ApiKeyCreate(name="key", scopes=list(scopes or Scope), expires_at=expires_at)
    made = await api_keys_service.create(conn, user_id=owner.id, actor_id=owner.id, new=new)
    return made.key


async def session(
    conn: Connection,
    user: User,
    *,
    transport: Transport = Transport.BEARER,
    auth_methods: Sequence[str] = ("pwd",),
) -> User:
    """The same user, signed in once more."""
    issuer = await issuer_of(conn)
    issued = await sessions.start(
        conn,
        issuer,
        user_id=user.id,
        transport=transport,
        caller=sessions.Caller(ip_prefix="", user_agent=""),
        auth_methods=list(auth_methods),
        now=datetime.now(UTC),
    )
    return replace(
        user,
        session_id=issued.session_id,
        access_token=issued.access.text,
        refresh_token=issued.refresh_token,
    )


@sql("INSERT INTO platform_role (account_id, role) VALUES (%(user_id)s, %(role)s)")
async def _add_platform_role(conn: Connection, *, user_id: UserId, role: PlatformRole) -> None: ...


async def operator(
    conn: Connection, *, role: PlatformRole = PlatformRole.ADMIN, has_mfa: bool = True
) -> User:
    """Somebody new with a platform role, signed in with a second factor unless told otherwise."""
    new = await user(conn)
    await _add_platform_role(conn, user_id=new.id, role=role)
    methods = ("pwd", "otp", "mfa") if has_mfa else ("pwd",)
    return await session(conn, new, auth_methods=methods)


async def team(conn: Connection, *, owner: User, name: str | None = None) -> Team:
    created = await teams_service.create(
        conn, user_id=owner.id, limit=None, name=name or f"Team {next(_number)}"
    )
    return await teams_service.get(conn, team_id=created.id, user_id=owner.id)


@sql(
    """
    INSERT INTO team_member (team_id, account_id, role)
    VALUES (%(team_id)s, %(user_id)s, %(role)s)
    """
)
async def _add_member(
    conn: Connection, *, team_id: TeamId, user_id: UserId, role: Role
) -> None: ...


async def member(conn: Connection, *, team: Team, role: Role = Role.VIEWER) -> User:
    """Somebody new in the team."""
    new = await user(conn)
    await _add_member(conn, team_id=team.id, user_id=new.id, role=role)
    return new


_team = team
"""By a name that no parameter hides."""


@dataclass(frozen=True)
class Published:
    """An applet with a version, its team and the owner of both."""

    applet: Applet
    version: CreatedVersion
    team: Team
    owner: User


async def applet(
    conn: Transaction,
    *,
    owner: User | None = None,
    team: Team | None = None,
    draft: dict[str, Any] | None = None,
) -> Published:
    """A published applet; DIARY unless a draft is given. A team that is given is its owner's."""
    owner = owner or await user(conn)
    own = team or await _team(conn, owner=owner)
    tree = {**deepcopy(draft or DIARY), "name": f"Applet {next(_number)}"}
    created = await applets_service.create(
        conn, team_id=own.id, user_id=owner.id, my_role=Role.OWNER, name=tree["name"]
    )
    await applets_service.save_draft(
        conn,
        applet_id=created.id,
        user_id=owner.id,
        tree=items.normalise(items.AppletDraft.model_validate(tree)),
        expected_rev=None,
    )
    made = await applets_service.get(conn, applet_id=created.id, user_id=owner.id)
    version = await applets_service.publish(conn, applet=made, user_id=owner.id, note="")
    now = await applets_service.get(conn, applet_id=created.id, user_id=owner.id)
    return Published(applet=now, version=version, team=own, owner=owner)


@cache
def password_hash() -> str:
    """PASSWORD, hashed once a process with the service's own parameters."""
    today = PasswordHashSettings()
    hasher = PasswordHasher(time_cost=today.iterations, memory_cost=today.memory_kib, parallelism=1)
    return hasher.hash(PASSWORD)


async def issuer_of(conn: Connection) -> sessions.Issuer:
    """What signs tokens that an application on this connection takes."""
    ring = keys.KeyRing(SEALER)
    await ring.ensure(lending(conn))
    return sessions.Issuer(keys=ring, sealer=SEALER, settings=AuthenticationSettings())


class _Lent:
    """A pool of one connection that is already there."""

    def __init__(self, conn: Connection) -> None:
        self.single = conn

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        yield self.single

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        yield cast("Transaction", self.single)

    def stats(self) -> dict[str, int]:
        return {}


def lending(conn: Connection) -> Pools:
    """Pools that all lend this connection."""
    lent = _Lent(conn)
    return Pools(write=lent, read=lent, deciding=lent, stream=lent)
