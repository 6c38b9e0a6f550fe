"""Teams themselves: making, finding, listing and changing them."""

import re
import secrets
import unicodedata
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from src.audit.constants import Action
from src.database import Connection, Json, sql
from src.pagination import PageRequest
from src.schemas import Page
from src.teams import exceptions
from src.teams.constants import SLUG_MIN, InvitedRole, InvitingRole, Role
from src.teams.schemas import (
    CreatedTeam,
    MyTeam,
    NewTeamSettings,
    Team,
    TeamId,
    TeamSettingsUpdate,
    TeamUpdate,
    TeamVersion,
)
from src.users.schemas import UserId

_STEM_MAX = 40
"""Leaves room for a hyphen and the digits that tell a slug from one that is taken."""
_TRIES = 5


@sql(
    """
    WITH new_team AS (
        INSERT INTO team (name, slug, time_zone, locale, invitations_by, default_invitation_role)
        SELECT %(name)s,
               CASE WHEN EXISTS (SELECT FROM team WHERE slug = %(slug)s)
                    THEN %(spare_slug)s
                    ELSE %(slug)s
               END,
               %(time_zone)s, %(locale)s, %(invitations_by)s, %(default_invitation_role)s
         WHERE count_owned_teams(%(user_id)s) < %(limit)s  -- if limit
        RETURNING id, name, slug, time_zone, locale, invitations_by, default_invitation_role,
                  version, created_at, updated_at
    ), new_owner AS (
        INSERT INTO team_member (team_id, account_id, role)
        SELECT id, %(user_id)s, 'owner'
          FROM new_team
    ), event AS (
        INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
        SELECT %(user_id)s, id, %(action)s, id, '{}'
          FROM new_team
    ), shown AS (
        SELECT new_team.id, new_team.name, new_team.slug,
               json_build_object(
                   'time_zone', new_team.time_zone,
                   'locale', new_team.locale,
                   'invitations_by', new_team.invitations_by,
                   'default_invitation_role', new_team.default_invitation_role
               ) AS settings,
               'owner' AS my_role, 1 AS member_count, new_team.version,
               instant(new_team.created_at) AS created_at,
               instant(new_team.updated_at) AS updated_at,
               NULL::rfc3339 AS deleted_at
          FROM new_team
    )
    SELECT id, row_to_json(shown) AS body
      FROM shown
    -- The caller has just been seen, the payload holds to the checks.
    -- allow constraint(team_member_account_id_fkey, team_name_length_check)
    -- allow constraint(team_slug_format_check)
    """,
    missing=exceptions.TeamLimit,
    constraints={"team_slug_key": exceptions.SlugTaken},
)
async def _create(
    conn: Connection,
    *,
    user_id: UserId,
    limit: int | None,
    name: str,
    slug: str,
    spare_slug: str,
    time_zone: str,
    locale: str,
    invitations_by: InvitingRole,
    default_invitation_role: InvitedRole,
    action: Action,
) -> CreatedTeam: ...


async def create(
    conn: Connection,
    *,
    user_id: UserId,
    limit: int | None,
    name: str,
    slug: str | None = None,
    settings: NewTeamSettings | None = None,
) -> CreatedTeam:
    """Create a team; its creator is the first owner.

    `limit` is how many teams one user may own, if it is limited. A slug that is not given is made
    of the name. Raises TeamLimit, or SlugTaken for a slug that is given.
    """
    chosen = settings or NewTeamSettings()
    stem = slug_of(name)
    for tries_left in reversed(range(_TRIES)):
        try:
            return await _create(
                conn,
                user_id=user_id,
                limit=limit,
                name=name,
                slug=slug or stem,
                spare_slug=slug or f"{stem}-{secrets.token_hex(4)}",
                time_zone=chosen.time_zone,
                locale=chosen.locale,
                invitations_by=chosen.invitations_by,
                default_invitation_role=chosen.default_invitation_role,
                action=Action.TEAM_CREATED,
            )
        except exceptions.SlugTaken:  # by somebody who has chosen it at the same moment
            if slug or not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


def slug_of(name: str) -> str:
    """What addresses may call a team of this name: 3 to 40 lower-case letters, digits, hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_STEM_MAX].rstrip("-")
    return stem if len(stem) >= SLUG_MIN else f"team-{stem}".rstrip("-")


@sql(
    """
    SELECT team.id, team.name, team_member.role AS my_role, team.invitations_by,
           team.default_invitation_role
      FROM team_member
      JOIN team ON team.id = team_member.team_id
     WHERE team_member.team_id = %(team_id)s
       AND team_member.account_id = %(user_id)s
       AND team.deleted_at IS NULL
    """,
    missing=exceptions.TeamNotFound,
)
async def get(conn: Connection, *, team_id: TeamId, user_id: UserId) -> MyTeam:
    """Return the team as the user may use it; to a stranger it does not exist."""
    ...


@sql(
    """
    WITH shown AS (
        SELECT team.id, team.name, team.slug,
               json_build_object(
                   'time_zone', team.time_zone,
                   'locale', team.locale,
                   'invitations_by', team.invitations_by,
                   'default_invitation_role', team.default_invitation_role
               ) AS settings,
               team_member.role AS my_role,
               (SELECT count(*) FROM team_member AS any_member WHERE any_member.team_id = team.id)
               AS member_count,
               team.version, instant(team.created_at) AS created_at,
               instant(team.updated_at) AS updated_at, instant(team.deleted_at) AS deleted_at
          FROM team_member
          JOIN team ON team.id = team_member.team_id
         WHERE team_member.team_id = %(team_id)s
           AND team_member.account_id = %(user_id)s
           AND team.deleted_at IS NULL
    )
    SELECT version, row_to_json(shown) AS body
      FROM shown
    """,
    missing=exceptions.TeamNotFound,
)
async def show(conn: Connection, *, team_id: TeamId, user_id: UserId) -> TeamVersion:
    """The team on its way to the user; to a stranger it does not exist."""
    ...


@sql(
    """
    WITH shown AS (
        SELECT team.id, team.name, team.slug,
               json_build_object(
                   'time_zone', team.time_zone,
                   'locale', team.locale,
                   'invitations_by', team.invitations_by,
                   'default_invitation_role', team.default_invitation_role
               ) AS settings,
               team_member.role AS my_role,
               (SELECT count(*) FROM team_member AS any_member WHERE any_member.team_id = team.id)
               AS member_count,
               team.version, instant(team.created_at) AS created_at,
               instant(team.updated_at) AS updated_at, instant(team.deleted_at) AS deleted_at
          FROM team_member
          JOIN team ON team.id = team_member.team_id
         WHERE team_member.account_id = %(user_id)s
           AND team.deleted_at IS NULL  -- if state = live
           AND team.deleted_at > now() - interval '30 days'  -- if state = deleted
           AND team_member.role = 'owner'  -- if state = deleted
           AND team_member.role = %(role)s  -- if role
           AND (team.created_at, team.id) > (%(after_at)s, %(after_id)s)  -- if after_at
         ORDER BY team.created_at, team.id
         LIMIT %(limit)s + 1
    ), listed AS (
        SELECT row_to_json(shown) AS body, created_at, id,
               row_number() OVER (ORDER BY created_at, id) AS place
          FROM shown
    ), page AS (
        SELECT coalesce(json_agg(body ORDER BY created_at, id) FILTER (WHERE place <= %(limit)s),
                        '[]') AS items,
               CASE WHEN count(*) > %(limit)s
                    THEN max(created_at || '_' || id) FILTER (WHERE place = %(limit)s)
               END AS next_cursor
          FROM listed
    )
    SELECT row_to_json(page)
      FROM page
    """
)
async def _list(
    conn: Connection,
    *,
    user_id: UserId,
    state: Literal["live", "deleted"],
    role: Role | None,
    after_at: datetime | None,
    after_id: UUID | None,
    limit: int,
) -> Json[Page[Team]]: ...


async def list_mine(
    conn: Connection,
    *,
    user_id: UserId,
    page: PageRequest,
    role: Role | None = None,
    is_deleted: bool = False,
) -> Json[Page[Team]]:
    """The teams in which the user has the role, or any, oldest first.

    Or else the deleted ones that the user owns and may still restore.
    """
    place = page.place()
    return await _list(
        conn,
        user_id=user_id,
        state="deleted" if is_deleted else "live",
        role=role,
        after_at=place.at if place else None,
        after_id=place.id if place else None,
        limit=page.limit,
    )


@sql(
    """
    WITH changed AS (
        UPDATE team
           SET name = coalesce(%(name)s, name),
               slug = coalesce(%(slug)s, slug),
               time_zone = coalesce(%(time_zone)s, time_zone),
               locale = coalesce(%(locale)s, locale),
               invitations_by = coalesce(%(invitations_by)s, invitations_by),
               default_invitation_role
                   = coalesce(%(default_invitation_role)s, default_invitation_role),
               version = version + 1,
               updated_at = now()
         WHERE id = %(team_id)s
           AND deleted_at IS NULL
           AND version = %(expected_version)s  -- if expected_version
        RETURNING id, name, slug, time_zone, locale, invitations_by, default_invitation_role,
                  version, created_at, updated_at, deleted_at
    ), event AS (
        INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
        SELECT %(user_id)s, id, %(action)s, id, %(detail)s
          FROM changed
    ), shown AS (
        SELECT changed.id, changed.name, changed.slug,
               json_build_object(
                   'time_zone', changed.time_zone,
                   'locale', changed.locale,
                   'invitations_by', changed.invitations_by,
                   'default_invitation_role', changed.default_invitation_role
               ) AS settings,
               %(my_role)s::text AS my_role,
               (SELECT count(*) FROM team_member WHERE team_member.team_id = changed.id)
               AS member_count,
               changed.version, instant(changed.created_at) AS created_at,
               instant(changed.updated_at) AS updated_at,
               instant(changed.deleted_at) AS deleted_at
          FROM changed
    )
    SELECT version, row_to_json(shown) AS body
      FROM shown
    -- The payload holds to the checks.
    -- allow constraint(team_name_length_check, team_slug_format_check)
    """,
    constraints={"team_slug_key": exceptions.SlugTaken},
)
async def _update(
    conn: Connection,
    *,
    team_id: TeamId,
    user_id: UserId,
    my_role: Role,
    expected_version: int | None,
    name: str | None = None,
    slug: str | None = None,
    time_zone: str | None = None,
    locale: str | None = None,
    invitations_by: InvitingRole | None = None,
    default_invitation_role: InvitedRole | None = None,
    action: Action,
    detail: dict[str, Any],
) -> TeamVersion | None: ...


async def update(
    conn: Connection,
    *,
    team: MyTeam,
    user_id: UserId,
    changes: TeamUpdate,
    expected_version: int | None,
) -> TeamVersion:
    """Rename the team, or change its address, if it is still as the caller has read it.

    `expected_version` None: in any case. Raises SlugTaken, StaleTeam, TeamNotFound.
    """
    changed = await _update(
        conn,
        team_id=team.id,
        user_id=user_id,
        my_role=team.my_role,
        expected_version=expected_version,
        name=changes.name,
        slug=changes.slug,
        action=Action.TEAM_CHANGED,
        detail=changes.model_dump(exclude_none=True),
    )
    return _found(changed, expected_version)


async def update_settings(
    conn: Connection,
    *,
    team: MyTeam,
    user_id: UserId,
    changes: TeamSettingsUpdate,
    expected_version: int | None,
) -> TeamVersion:
    """Change what the team has settled for itself; otherwise as `update`."""
    changed = await _update(
        conn,
        team_id=team.id,
        user_id=user_id,
        my_role=team.my_role,
        expected_version=expected_version,
        time_zone=changes.time_zone,
        locale=changes.locale,
        invitations_by=changes.invitations_by,
        default_invitation_role=changes.default_invitation_role,
        action=Action.TEAM_SETTINGS_CHANGED,
        detail=changes.model_dump(exclude_none=True),
    )
    return _found(changed, expected_version)


def _found(changed: TeamVersion | None, expected_version: int | None) -> TeamVersion:
    if changed is None:
        raise exceptions.TeamNotFound() if expected_version is None else exceptions.StaleTeam()
    return changed
