"""Versions: publishing a draft, and reading what was published."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from src.applets import exceptions, items
from src.applets.schemas import (
    ActivityId,
    Applet,
    AppletId,
    Content,
    ContentMark,
    CreatedVersion,
    Measure,
    PublishableDraft,
    RevisionId,
    StoredRevision,
    StoredVersion,
    Tree,
    Unasked,
    Version,
    VersionId,
)
from src.audit import service as audit_service
from src.audit.constants import Action
from src.database import Connection, Json, Transaction, sql
from src.exceptions import FieldError, Invalid
from src.pagination import PageRequest
from src.schemas import Page
from src.users.schemas import UserId


@sql(
    "SELECT id FROM applet WHERE id = %(applet_id)s FOR NO KEY UPDATE",
    missing=exceptions.AppletNotFound,
)
async def _lock(conn: Transaction, *, applet_id: AppletId) -> AppletId: ...


@sql(
    """
    SELECT applet.draft AS tree, applet.draft_rev AS rev, applet_version.label AS current_label,
           coalesce(applet_version.seq, 0) AS current_seq,
           applet_version.content_sha256 AS current_sha256,
           applet_version.content AS current_tree
      FROM applet
      LEFT JOIN applet_version ON applet_version.id = applet.current_version_id
     WHERE applet.id = %(applet_id)s
    """,
    missing=exceptions.AppletNotFound,
)
async def _get_publishable(conn: Connection, *, applet_id: AppletId) -> PublishableDraft: ...


async def _lock_draft(conn: Transaction, *, applet_id: AppletId) -> PublishableDraft:
    """The draft, held until the transaction ends: publications of an applet take turns.

    Two statements: one that waits for its lock still sees the versions of before the wait.
    """
    await _lock(conn, applet_id=applet_id)
    return await _get_publishable(conn, applet_id=applet_id)


@sql(
    """
    INSERT INTO activity (id, applet_id)
    SELECT new_activity.id, %(applet_id)s
      FROM unnest(%(activity_ids)s::uuid[]) AS new_activity (id)
        ON CONFLICT (id) DO NOTHING
    -- `publish` holds the applet's row.
    -- allow constraint(activity_applet_id_fkey)
    """
)
async def _add_activities(
    conn: Connection, *, applet_id: AppletId, activity_ids: list[ActivityId]
) -> None: ...


@sql(
    """
    WITH new_revision AS (
        INSERT INTO activity_revision (activity_id, sha256, content)
        VALUES (%(activity_id)s, %(sha256)s, %(content)s)
            ON CONFLICT (activity_id, sha256) DO NOTHING
        RETURNING id
    )
    SELECT id
      FROM new_revision
     UNION ALL
    SELECT id
      FROM activity_revision
     WHERE activity_id = %(activity_id)s
       AND sha256 = %(sha256)s
     ORDER BY id
     LIMIT 1
    -- `publish` has just added the activity.
    -- allow constraint(activity_revision_activity_id_fkey)
    """
)
async def _find_or_add_revision(
    conn: Connection, *, activity_id: ActivityId, sha256: bytes, content: Tree
) -> RevisionId | None: ...


@sql(
    """
    WITH new_version AS (
        INSERT INTO applet_version (id, applet_id, seq, label, content, content_sha256, note,
                                    published_by, published_at)
        -- Not now(): transactions may get their turn in another order than they began in.
        VALUES (%(version_id)s, %(applet_id)s, %(seq)s, %(label)s, %(content)s, %(sha256)s,
                %(note)s, %(user_id)s, clock_timestamp())
        RETURNING id, applet_id, seq, label, note, published_by, published_at
    ), new_parts AS (
        INSERT INTO applet_version_activity (applet_version_id, activity_id, activity_revision_id,
                                             position)
        SELECT new_version.id, part.activity_id, part.revision_id, part.position
          FROM new_version
         CROSS JOIN unnest(%(activity_ids)s::uuid[], %(revision_ids)s::uuid[])
               WITH ORDINALITY AS part (activity_id, revision_id, position)
    ), current AS (
        UPDATE applet
           SET current_version_id = %(version_id)s,
               status = 'live',
               name = %(name)s,
               draft = %(draft)s,
               draft_rev = draft_rev + 1
         WHERE id = %(applet_id)s
    ), shown AS (
        SELECT id, applet_id, seq, label, note, published_by, instant(published_at) AS published_at
          FROM new_version
    )
    SELECT id, row_to_json(shown) AS body
      FROM shown
    -- `publish` holds the applet's row, so nobody else makes its next version.
    -- allow constraint(applet_version_applet_id_fkey, applet_version_published_by_fkey)
    -- allow constraint(applet_version_applet_id_label_key, applet_version_applet_id_seq_key)
    -- allow constraint(applet_version_pkey, applet_live_version_check)
    -- It has just added the activities and found the revisions, one of each.
    -- allow constraint(applet_version_activity_activity_id_fkey, applet_version_activity_pkey)
    -- allow constraint(applet_version_activity_activity_revision_id_fkey)
    """,
    constraints={"applet_team_id_name_key_key": exceptions.AppletNameTaken},
)
async def _add_version(
    conn: Connection,
    *,
    version_id: VersionId,
    applet_id: AppletId,
    seq: int,
    label: str,
    name: str,
    content: Tree,
    draft: Tree,
    sha256: bytes,
    note: str,
    user_id: UserId,
    activity_ids: list[ActivityId],
    revision_ids: list[RevisionId],
) -> CreatedVersion: ...


async def publish(
    conn: Transaction, *, applet: Applet, user_id: UserId, note: str
) -> CreatedVersion:
    """Make the draft the current version.

    Raises Invalid where the draft cannot be answered, NothingToPublish where it says nothing new.
    """
    draft = await _lock_draft(conn, applet_id=applet.id)
    errors = items.check(draft.tree) or _unanswerable(draft.tree)
    if errors:
        raise Invalid(errors=errors)
    tree = _with_activity_ids(draft.tree, draft.current_tree)
    digest = bytes.fromhex(items.sha256(tree))
    if digest == draft.current_sha256:
        raise exceptions.NothingToPublish()
    activity_ids = [ActivityId(UUID(activity["id"])) for activity in tree["activities"]]
    await _add_activities(conn, applet_id=applet.id, activity_ids=activity_ids)
    content = {**tree, "activities": [dict(activity) for activity in tree["activities"]]}
    revision_ids: list[RevisionId] = []
    for activity_id, activity in zip(activity_ids, content["activities"], strict=True):
        revision_id = await _find_or_add_revision(
            conn,
            activity_id=activity_id,
            sha256=bytes.fromhex(items.sha256(activity)),
            content=activity,
        )
        if revision_id is None:
            raise RuntimeError("a revision neither stands nor was made")
        revision_ids.append(revision_id)
        activity["revision_id"] = str(revision_id)
    label = items.next_label(draft.current_label, draft.current_tree, tree)
    version = await _add_version(
        conn,
        version_id=VersionId(uuid7()),
        applet_id=applet.id,
        seq=draft.current_seq + 1,
        label=label,
        name=tree["name"],
        content=content,
        draft=tree,
        sha256=digest,
        note=note,
        user_id=user_id,
        activity_ids=activity_ids,
        revision_ids=revision_ids,
    )
    await audit_service.record(
        conn,
        action=Action.APPLET_PUBLISHED,
        actor_id=user_id,
        team_id=applet.team_id,
        object_id=applet.id,
        detail={"version_id": str(version.id), "label": label},
    )
    return version


def _unanswerable(tree: Tree) -> list[FieldError]:
    """What a draft may lack, and a version may not."""
    if not tree["activities"]:
        return [FieldError("/activities", "empty", "A version needs at least one activity.")]
    return [
        FieldError(f"/activities/{place}/items", "empty", "An activity needs at least one item.")
        for place, activity in enumerate(tree["activities"])
        if not activity["items"]
    ]


def _with_activity_ids(tree: Tree, current: Mapping[str, Any] | None) -> Tree:
    """Every activity with its lasting id: the one it has, its namesake's in the current version,
    or a new one."""
    taken = {activity["id"] for activity in tree["activities"] if "id" in activity}
    by_name = {
        activity["name"].casefold(): activity["id"]
        for activity in (current or {}).get("activities", [])
        if activity["id"] not in taken
    }
    activities = [
        {**activity, "id": activity.get("id") or by_name.get(activity["name"].casefold(), "")}
        for activity in tree["activities"]
    ]
    for activity in activities:
        activity["id"] = activity["id"] or str(uuid7())
    return {**tree, "activities": activities}


@sql(
    """
    WITH shown AS (
        SELECT id, applet_id, seq, label, note, published_by, instant(published_at) AS published_at
          FROM applet_version
         WHERE applet_id = %(applet_id)s
           AND (published_at, id) < (%(before_at)s, %(before_id)s)  -- if before_at
         ORDER BY applet_version.published_at DESC, applet_version.id DESC
         LIMIT %(limit)s + 1
    ), listed AS (
        SELECT row_to_json(shown) AS body, published_at, id,
               row_number() OVER (ORDER BY published_at DESC, id DESC) AS place
          FROM shown
    ), page AS (
        SELECT coalesce(json_agg(body ORDER BY published_at DESC, id DESC)
                        FILTER (WHERE place <= %(limit)s), '[]') AS items,
               CASE WHEN count(*) > %(limit)s
                    THEN max(published_at || '_' || id) FILTER (WHERE place = %(limit)s)
               END AS next_cursor
          FROM listed
    )
    SELECT row_to_json(page)
      FROM page
    """
)
async def _list_versions(
    conn: Connection,
    *,
    applet_id: AppletId,
    before_at: datetime | None,
    before_id: UUID | None,
    limit: int,
) -> Json[Page[Version]]: ...


async def list_versions(
    conn: Connection, *, applet_id: AppletId, page: PageRequest
) -> Json[Page[Version]]:
    """The versions of an applet, newest first."""
    place = page.place()
    return await _list_versions(
        conn,
        applet_id=applet_id,
        before_at=place.at if place else None,
        before_id=place.id if place else None,
        limit=page.limit,
    )


@sql(
    """
    SELECT seq, content_sha256 AS sha256
      FROM applet_version
     WHERE id = %(version_id)s
       AND applet_id = %(applet_id)s
    """,
    missing=exceptions.VersionNotFound,
)
async def get_content_mark(
    conn: Connection, *, applet_id: AppletId, version_id: VersionId
) -> ContentMark:
    """What tells a version's content from any other."""
    ...


@sql(
    """
    WITH shown AS (
        SELECT row_to_json(version) AS version, content.name, content.description, content.about,
               content.activities, content.flows
          FROM applet_version
         CROSS JOIN LATERAL
               (SELECT applet_version.id, applet_version.applet_id, applet_version.seq,
                       applet_version.label, applet_version.note, applet_version.published_by,
                       instant(applet_version.published_at) AS published_at) AS version
         CROSS JOIN jsonb_to_record(applet_version.content)
               AS content (name text, description jsonb, about jsonb, activities jsonb, flows jsonb)
         WHERE applet_version.id = %(version_id)s
           AND applet_version.applet_id = %(applet_id)s
    )
    SELECT row_to_json(shown)
      FROM shown
    -- What is published has the shape of a draft, and `items` has checked that.
    -- allow json
    """,
    missing=exceptions.VersionNotFound,
)
async def show_content(
    conn: Connection, *, applet_id: AppletId, version_id: VersionId
) -> Json[Content]:
    """What clients load in order to ask."""
    ...


@sql(
    """
    SELECT id, applet_id, seq, label, note, published_by, published_at, content, content_sha256
      FROM applet_version
     WHERE id = %(version_id)s
       AND applet_id = %(applet_id)s
    """,
    missing=exceptions.VersionNotFound,
)
async def get_version(
    conn: Connection, *, applet_id: AppletId, version_id: VersionId
) -> StoredVersion: ...


@sql(
    """
    SELECT activity_revision.id, activity_revision.activity_id, activity_revision.sha256,
           activity_revision.content
      FROM applet_version_activity
      JOIN activity_revision
        ON activity_revision.id = applet_version_activity.activity_revision_id
     WHERE applet_version_activity.applet_version_id = %(version_id)s
     ORDER BY applet_version_activity.position, applet_version_activity.activity_id
    """
)
async def list_revisions(conn: Connection, *, version_id: VersionId) -> list[StoredRevision]:
    """The forms of a version, in its order."""
    ...


@sql("SELECT id, activity_id, sha256, content FROM activity_revision WHERE id = %(revision_id)s")
async def get_revision(conn: Connection, *, revision_id: RevisionId) -> StoredRevision: ...


@sql(
    """
    WITH newest AS (
        SELECT DISTINCT ON (applet_version_activity.activity_id)
               applet_version_activity.activity_revision_id, applet_version.seq,
               applet_version_activity.position
          FROM applet_version
          JOIN applet_version_activity
            ON applet_version_activity.applet_version_id = applet_version.id
         WHERE applet_version.applet_id = %(applet_id)s
         ORDER BY applet_version_activity.activity_id, applet_version.seq DESC
    )
    SELECT activity_revision_id
      FROM newest
     ORDER BY seq DESC, position, activity_revision_id
    """
)
async def list_newest_revisions(conn: Connection, *, applet_id: AppletId) -> list[RevisionId]:
    """The newest form of every activity that was ever published, newest version first."""
    ...


@sql(
    """
    WITH revision AS (
        SELECT DISTINCT ON (applet_version_activity.activity_revision_id)
               applet_version_activity.activity_revision_id AS id,
               applet_version_activity.activity_id, applet_version.seq
          FROM applet_version
          JOIN applet_version_activity
            ON applet_version_activity.applet_version_id = applet_version.id
         WHERE applet_version.applet_id = %(applet_id)s
         ORDER BY applet_version_activity.activity_revision_id, applet_version.seq DESC
    ), newest AS (
        SELECT DISTINCT ON (activity_id) activity_id, id
          FROM revision
         ORDER BY activity_id, seq DESC
    ), asked AS (
        SELECT revision.activity_id, revision.id AS revision_id, item.name, item.type
          FROM revision
          JOIN activity_revision ON activity_revision.id = revision.id
         CROSS JOIN jsonb_to_recordset(activity_revision.content -> 'items')
               AS item (name text, type text)
    ), unasked AS (
        SELECT revision.activity_id, revision.id AS revision_id, asked.name, asked.type
          FROM newest
          JOIN asked ON asked.revision_id = newest.id
          JOIN revision ON revision.activity_id = newest.activity_id
        EXCEPT
        SELECT activity_id, revision_id, name, type
          FROM asked
    )
    SELECT activity_id, revision_id, name
      FROM unasked
     ORDER BY revision_id, name
    -- Every item has a name.
    -- not null: name
    """
)
def stream_unasked(conn: Transaction, *, applet_id: AppletId) -> AsyncIterator[Unasked]:
    """Where older forms differ from the newest of their activity.

    The trees stay in the database: together they can be far larger than memory.
    """
    ...


@sql(
    """
    WITH last_use AS (
        SELECT DISTINCT ON (applet_version_activity.activity_revision_id)
               applet_version_activity.activity_revision_id, applet_version_activity.activity_id,
               applet_version.seq, applet_version_activity.position
          FROM applet_version
          JOIN applet_version_activity
            ON applet_version_activity.applet_version_id = applet_version.id
         WHERE applet_version.applet_id = %(applet_id)s
         ORDER BY applet_version_activity.activity_revision_id, applet_version.seq DESC
    ), revision AS (
        SELECT last_use.activity_id, last_use.seq, last_use.position, activity_revision.content,
               first_value(activity_revision.content ->> 'name')
                   OVER (PARTITION BY last_use.activity_id ORDER BY last_use.seq DESC) AS activity
          FROM last_use
          JOIN activity_revision ON activity_revision.id = last_use.activity_revision_id
    ), measure AS (
        SELECT revision.activity_id, revision.activity, part.kind, item.content ->> 'name' AS name,
               ARRAY[-revision.seq, revision.position, 0, item.place, part.place] AS place
          FROM revision
         CROSS JOIN jsonb_array_elements(revision.content -> 'items')
               WITH ORDINALITY AS item (content, place)
         CROSS JOIN (VALUES ('value', 0), ('text', 1)) AS part (kind, place)
         WHERE item.content ->> 'type' <> 'message'
           AND (part.kind = 'value'
                OR item.content @> '{"config": {"extra_text": {"enabled": true}}}')
         UNION ALL
        SELECT revision.activity_id, revision.activity, 'score', score.content ->> 'name',
               ARRAY[-revision.seq, revision.position, 1, score.place, 0]
          FROM revision
         CROSS JOIN jsonb_array_elements(revision.content #> '{scores_and_reports,scores}')
               WITH ORDINALITY AS score (content, place)
    )
    SELECT activity_id, activity, kind, name
      FROM measure
     GROUP BY activity_id, activity, kind, name
     ORDER BY min(place), activity_id, kind, name
    -- Every activity, item and score has a name.
    -- not null: activity, name
    """
)
async def list_measures(conn: Connection, *, applet_id: AppletId) -> list[Measure]:
    """What all versions have asked and computed, the newest version's first, each once."""
    ...
