"""Service accounts: programs that are members of a team, and belong to it.

Each is an account that nobody signs in to, with a membership, so that whatever asks for a role asks
it of them too. Whatever is done to one first takes the team's row: the role of who does it still
holds then.
"""

from typing import Any

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth import notices
from src.auth.api_keys import service as api_keys_service
from src.auth.api_keys.schemas import ApiKeyId, NewApiKey
from src.database import Connection, Transaction, sql
from src.notifications.constants import SecurityEvent
from src.security import Sealer
from src.service_accounts import exceptions
from src.service_accounts.constants import ACCOUNTS_MAX
from src.service_accounts.schemas import (
    ServiceAccount,
    ServiceAccountCreate,
    ServiceAccountUpdate,
    ServiceKeyCreate,
)
from src.teams import service as teams_service
from src.teams.constants import Role
from src.teams.schemas import TeamId
from src.users import service as users_service
from src.users.schemas import UserId


@sql(
    """
    SELECT account.id, account.display_name AS name, team_member.role, account.created_at
      FROM team_member
      JOIN account ON account.id = team_member.account_id
     WHERE team_member.team_id = %(team_id)s
       AND account.kind = 'service'
     ORDER BY account.id
    """
)
async def list_for_team(conn: Connection, *, team_id: TeamId) -> list[ServiceAccount]:
    """A team's service accounts, oldest first."""
    ...


@sql(
    """
    SELECT account.id, account.display_name AS name, team_member.role, account.created_at
      FROM team_member
      JOIN account ON account.id = team_member.account_id
     WHERE team_member.team_id = %(team_id)s
       AND account.id = %(account_id)s
       AND account.kind = 'service'
    """,
    missing=exceptions.ServiceAccountNotFound,
)
async def get(conn: Connection, *, team_id: TeamId, account_id: UserId) -> ServiceAccount: ...


async def _hold(conn: Transaction, *, team_id: TeamId, actor_id: UserId) -> None:
    """Keep the team as it is. Raises TeamNotFound and RoleTooLow, as the actor stands now."""
    await teams_service.standing(
        conn, team_id=team_id, actor_id=actor_id, user_id=actor_id, role=Role.ADMIN
    )


async def _record(
    conn: Transaction,
    action: Action,
    team_id: TeamId,
    actor_id: UserId,
    account_id: UserId,
    detail: dict[str, Any],
) -> None:
    await audit_service.record(
        conn,
        action=action,
        actor_id=actor_id,
        object_id=account_id,
        team_id=team_id,
        detail=detail,
    )


async def create(
    conn: Transaction, *, team_id: TeamId, actor_id: UserId, new: ServiceAccountCreate
) -> ServiceAccount:
    """Make a service account. Raises ServiceAccountLimit, TeamNotFound and RoleTooLow.

    Whoever may make one may give any role that it can have: none is owner.
    """
    await _hold(conn, team_id=team_id, actor_id=actor_id)
    if len(await list_for_team(conn, team_id=team_id)) >= ACCOUNTS_MAX:
        raise exceptions.ServiceAccountLimit()
    account_id = await users_service.create_service(conn, name=new.name)
    await teams_service.add_member(conn, team_id=team_id, user_id=account_id, role=Role(new.role))
    detail = {"name": new.name, "role": new.role}
    await _record(conn, Action.SERVICE_ACCOUNT_CREATED, team_id, actor_id, account_id, detail)
    return await get(conn, team_id=team_id, account_id=account_id)


@sql(
    """
    UPDATE account
       SET display_name = %(name)s, updated_at = now()
     WHERE id = %(account_id)s
       AND kind = 'service'
    """
)
async def _rename(conn: Transaction, *, account_id: UserId, name: str) -> int: ...


@sql(
    """
    UPDATE team_member
       SET role = %(role)s
     WHERE team_id = %(team_id)s
       AND account_id = %(account_id)s
       AND EXISTS (SELECT FROM account
                    WHERE account.id = %(account_id)s
                      AND account.kind = 'service')
    """
)
async def _set_role(
    conn: Transaction, *, team_id: TeamId, account_id: UserId, role: Role
) -> int: ...


async def update(
    conn: Transaction,
    *,
    team_id: TeamId,
    actor_id: UserId,
    account_id: UserId,
    changes: ServiceAccountUpdate,
) -> ServiceAccount:
    """Give it another name or role; its keys have the role with the next request.

    Raises ServiceAccountNotFound, TeamNotFound and RoleTooLow.
    """
    await _hold(conn, team_id=team_id, actor_id=actor_id)
    before = await get(conn, team_id=team_id, account_id=account_id)
    if changes.name is not None:
        await _rename(conn, account_id=account_id, name=changes.name)
    if changes.role is not None:
        await _set_role(conn, team_id=team_id, account_id=account_id, role=Role(changes.role))
    after = await get(conn, team_id=team_id, account_id=account_id)
    if after != before:
        detail = {"from": before.role, "to": after.role, "name": after.name}
        await _record(conn, Action.SERVICE_ACCOUNT_CHANGED, team_id, actor_id, account_id, detail)
    return after


@sql(
    """
    WITH left_team AS (
        DELETE FROM team_member
         WHERE team_id = %(team_id)s
           AND account_id = %(account_id)s
        RETURNING account_id
    )
    UPDATE account
       SET status = 'disabled', updated_at = now()
      FROM left_team
     WHERE account.id = left_team.account_id
       AND account.kind = 'service'
    """
)
async def _end(conn: Transaction, *, team_id: TeamId, account_id: UserId) -> int: ...


async def delete(
    conn: Transaction, *, team_id: TeamId, actor_id: UserId, account_id: UserId
) -> None:
    """End it and its keys. What it has done stays, and so does its name beside it.

    Raises ServiceAccountNotFound, TeamNotFound and RoleTooLow.
    """
    await _hold(conn, team_id=team_id, actor_id=actor_id)
    ending = await get(conn, team_id=team_id, account_id=account_id)
    await api_keys_service.delete_all(conn, user_id=account_id)
    await _end(conn, team_id=team_id, account_id=account_id)
    await _record(
        conn,
        Action.SERVICE_ACCOUNT_DELETED,
        team_id,
        actor_id,
        account_id,
        {"name": ending.name, "role": ending.role},
    )


async def create_key(
    conn: Transaction,
    sealer: Sealer,
    *,
    team_id: TeamId,
    actor_id: UserId,
    account_id: UserId,
    new: ServiceKeyCreate,
) -> NewApiKey:
    """Make a key for it, and tell by mail whoever makes it.

    Raises ServiceAccountNotFound, ApiKeyLimit, ExpiryPassed, TeamNotFound and RoleTooLow.
    """
    await _hold(conn, team_id=team_id, actor_id=actor_id)
    await get(conn, team_id=team_id, account_id=account_id)
    made = await api_keys_service.create(
        conn, user_id=account_id, actor_id=actor_id, new=new, team_id=team_id
    )
    await notices.send(conn, sealer, user_id=actor_id, event=SecurityEvent.API_KEY_CREATED)
    return made


async def delete_key(
    conn: Transaction,
    *,
    team_id: TeamId,
    actor_id: UserId,
    account_id: UserId,
    key_id: ApiKeyId,
) -> None:
    """End a key of its. Raises ServiceAccountNotFound, ApiKeyNotFound, TeamNotFound, RoleTooLow."""
    await _hold(conn, team_id=team_id, actor_id=actor_id)
    await get(conn, team_id=team_id, account_id=account_id)
    await api_keys_service.delete(
        conn, user_id=account_id, actor_id=actor_id, key_id=key_id, team_id=team_id
    )
