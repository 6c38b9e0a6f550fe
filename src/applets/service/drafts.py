"""Drafts: what editors work on, written by hand or imported."""

from src.applets import exceptions, items
from src.applets.constants import ImportFormat
from src.applets.importers import reproschema
from src.applets.schemas import (
    ActivityId,
    Applet,
    AppletDraft,
    AppletId,
    Draft,
    Imported,
    ImportReport,
    NotCarried,
    Tree,
)
from src.audit import service as audit_service
from src.audit.constants import Action
from src.database import Connection, Transaction, sql
from src.exceptions import FieldError, Invalid
from src.users.schemas import UserId


@sql(
    "SELECT draft AS tree, draft_rev AS rev FROM applet WHERE id = %(applet_id)s",
    missing=exceptions.AppletNotFound,
)
async def get_draft(conn: Connection, *, applet_id: AppletId) -> Draft:
    """What editors work on."""
    ...


@sql(
    """
    UPDATE applet
       SET draft = %(tree)s,
           draft_rev = draft_rev + 1,
           draft_updated_by = %(user_id)s,
           draft_updated_at = now()
     WHERE id = %(applet_id)s
       AND (%(expected_rev)s::bigint IS NULL OR draft_rev = %(expected_rev)s)
    RETURNING draft AS tree, draft_rev AS rev
    -- The caller has just been seen.
    -- allow constraint(applet_draft_updated_by_fkey)
    """,
    missing=exceptions.StaleDraft,
)
async def _save_draft(
    conn: Connection, *, applet_id: AppletId, user_id: UserId, tree: Tree, expected_rev: int | None
) -> Draft: ...


@sql("SELECT id FROM activity WHERE applet_id = %(applet_id)s ORDER BY id")
async def _list_activity_ids(conn: Connection, *, applet_id: AppletId) -> list[ActivityId]: ...


async def save_draft(
    conn: Transaction, *, applet_id: AppletId, user_id: UserId, tree: Tree, expected_rev: int | None
) -> Draft:
    """Replace the draft, if it is still the one the caller has read (None: in any case).

    Raises StaleDraft, or Invalid for an activity id that is none of this applet's.
    """
    given = {
        place: activity["id"]
        for place, activity in enumerate(tree["activities"])
        if "id" in activity
    }
    if given:
        known = {str(key) for key in await _list_activity_ids(conn, applet_id=applet_id)}
        errors = [
            FieldError(
                f"/activities/{place}/id", "unknown_activity", "The applet has no such activity."
            )
            for place, key in given.items()
            if str(key) not in known
        ]
        if errors:
            raise Invalid(errors=errors)
    return await _save_draft(
        conn, applet_id=applet_id, user_id=user_id, tree=tree, expected_rev=expected_rev
    )


def read_import(data: bytes, *, filename: str | None) -> Imported:
    """A ReproSchema upload as a draft, with a report of what it lacks.

    Raises Invalid for what is none. Takes its time: call it from a thread.
    """
    read = reproschema.read(data, filename=filename)
    tree: Tree = items.normalise(AppletDraft.model_validate(read.draft))
    activities = tree["activities"]
    return Imported(
        draft=tree,
        report=ImportReport(
            format=ImportFormat.REPROSCHEMA,
            activities=len(activities),
            items=sum(len(activity["items"]) for activity in activities),
            scores=sum(len(activity["scores_and_reports"]["scores"]) for activity in activities),
            not_carried=[
                NotCarried(source=entry.source, code=entry.code, detail=entry.detail)
                for entry in read.report.entries
            ],
        ),
    )


async def save_import(
    conn: Transaction,
    *,
    applet: Applet,
    user_id: UserId,
    imported: Imported,
    expected_rev: int | None,
) -> Draft:
    """Make what was imported the draft. Raises StaleDraft."""
    draft = await save_draft(
        conn,
        applet_id=applet.id,
        user_id=user_id,
        tree=imported.draft,
        expected_rev=expected_rev,
    )
    report = imported.report
    await audit_service.record(
        conn,
        action=Action.APPLET_IMPORTED,
        actor_id=user_id,
        team_id=applet.team_id,
        object_id=applet.id,
        detail={"format": report.format, "not_carried": len(report.not_carried)},
    )
    return draft
