"""`/v1/applets`: drafts, versions, and the content that clients load."""

from typing import Annotated

from fastapi import APIRouter, Body, Header, Query, Response, status

from src.applets import exceptions, items, schemas, service
from src.applets.constants import IMPORT_BODY_BYTES
from src.applets.dependencies import (
    AppletOfRoute,
    ExpectedRev,
    OptionalRev,
    ShownApplet,
    Uploaded,
)
from src.applets.examples import DIARY
from src.auth.dependencies import CurrentUser
from src.auth.exceptions import InvalidToken
from src.constants import API_PREFIX
from src.database import Json
from src.dependencies import Database, Deciding, PageRequest, Transaction
from src.exceptions import Invalid, PayloadTooLarge, PreconditionRequired
from src.openapi import payload_problems, private_problems
from src.pagination import InvalidCursor
from src.routing import Route
from src.schemas import Page
from src.teams import exceptions as teams_exceptions
from src.teams.dependencies import TeamOfRoute

router = APIRouter(prefix="/applets", tags=["applets"], route_class=Route)
team_router = APIRouter(prefix="/teams/{team_id}/applets", tags=["applets"], route_class=Route)

_SEEN = (InvalidToken, exceptions.AppletNotFound)
_EDITED = (*_SEEN, teams_exceptions.RoleTooLow)

IfNoneMatch = Annotated[
    str | None, Header(description="ETag of the content you have; 304 if it still holds.")
]


@team_router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Create an applet",
    responses=payload_problems(
        InvalidToken,
        teams_exceptions.TeamNotFound,
        teams_exceptions.RoleTooLow,
        exceptions.AppletNameTaken,
    ),
)
async def create_applet(
    team: TeamOfRoute,
    new: schemas.AppletCreate,
    user: CurrentUser,
    conn: Database,
    response: Response,
) -> Json[schemas.Applet]:
    """Create an applet with an empty draft."""
    applet = await service.create(
        conn, team_id=team.id, user_id=user.id, my_role=team.my_role, name=new.name
    )
    response.headers["Location"] = f"{API_PREFIX}/applets/{applet.id}"
    return applet.body


@team_router.get(
    "",
    summary="A team's applets",
    responses=payload_problems(InvalidToken, teams_exceptions.TeamNotFound, InvalidCursor),
)
async def list_applets(
    team: TeamOfRoute, conn: Database, page: PageRequest
) -> Json[Page[schemas.Applet]]:
    """List the applets of a team, oldest first."""
    return await service.list_for_team(conn, team_id=team.id, my_role=team.my_role, page=page)


@router.get("/{applet_id}", summary="An applet", responses=private_problems(*_SEEN, Invalid))
async def get_applet(applet: ShownApplet) -> Json[schemas.Applet]:
    """Show an applet of one of your teams."""
    return applet


@router.get(
    "/{applet_id}/draft", summary="The draft", responses=private_problems(*_EDITED, Invalid)
)
async def get_draft(
    applet: AppletOfRoute, conn: Database, response: Response
) -> Json[schemas.Tree]:
    """What editors work on. Its ETag goes into `If-Match` of the next change."""
    return _sent(response, await service.get_draft(conn, applet_id=applet.id))


@router.put(
    "/{applet_id}/draft",
    summary="Replace the draft",
    responses=payload_problems(*_EDITED, exceptions.StaleDraft, PreconditionRequired),
)
async def put_draft(
    applet: AppletOfRoute,
    user: CurrentUser,
    expected_rev: ExpectedRev,
    draft: Annotated[schemas.AppletDraft, Body(examples=[DIARY])],
    conn: Transaction,
    response: Response,
) -> Json[schemas.Tree]:
    """Replace the whole draft. All of its errors are reported at once, each with a pointer."""
    saved = await service.save_draft(
        conn,
        applet_id=applet.id,
        user_id=user.id,
        tree=items.normalise(draft),
        expected_rev=expected_rev,
    )
    return _sent(response, saved)


@router.post(
    "/{applet_id}/versions",
    status_code=status.HTTP_201_CREATED,
    summary="Publish the draft",
    responses=payload_problems(*_EDITED, exceptions.NothingToPublish, exceptions.AppletNameTaken),
)
async def publish_version(
    applet: AppletOfRoute,
    user: CurrentUser,
    conn: Transaction,
    response: Response,
    new: schemas.VersionCreate | None = None,
) -> Json[schemas.Version]:
    """Make the draft the current version: it is what people answer from now on, and never changes.

    The label grows by what changed: the set of activities (2.0.0), of items (1.2.0), or else
    (1.1.1).
    """
    note = new.note if new else ""
    version = await service.publish(conn, applet=applet, user_id=user.id, note=note)
    response.headers["Location"] = f"{API_PREFIX}/applets/{applet.id}/content?version={version.id}"
    return version.body


@router.get(
    "/{applet_id}/versions",
    summary="Versions",
    responses=payload_problems(*_SEEN, InvalidCursor),
)
async def list_versions(
    applet: AppletOfRoute, conn: Database, page: PageRequest
) -> Json[Page[schemas.Version]]:
    """List the published versions, newest first."""
    return await service.list_versions(conn, applet_id=applet.id, page=page)


@router.get(
    "/{applet_id}/content",
    summary="What to ask",
    responses={
        **private_problems(*_SEEN, exceptions.NotPublished, exceptions.VersionNotFound, Invalid),
        304: {"description": "The content that `If-None-Match` names still holds."},
    },
)
async def get_content(
    applet: AppletOfRoute,
    conn: Deciding,
    response: Response,
    version: Annotated[
        schemas.VersionId | None, Query(description="A version; the default is the current one.")
    ] = None,
    if_none_match: IfNoneMatch = None,
) -> Json[schemas.Content] | Response:
    """What clients load in order to ask: a version's activities with their items."""
    version_id = version or applet.current_version_id
    if version_id is None:
        raise exceptions.NotPublished()
    mark = await service.get_content_mark(conn, applet_id=applet.id, version_id=version_id)
    etag = f'"{mark.sha256.hex()}-{mark.seq}"'
    if if_none_match is not None and _names(if_none_match, etag):
        return Response(
            status_code=status.HTTP_304_NOT_MODIFIED,
            headers={"ETag": etag, "Cache-Control": "private, no-cache"},
        )
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"
    return await service.show_content(conn, applet_id=applet.id, version_id=version_id)


@router.post(
    "/{applet_id}/import",
    summary="Import a questionnaire",
    max_body_size=IMPORT_BODY_BYTES,
    responses=payload_problems(*_EDITED, exceptions.StaleDraft, PayloadTooLarge),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                media: {"schema": {"type": "string", "format": "binary"}}
                for media in ("application/zip", "application/json", "multipart/form-data")
            },
        }
    },
)
async def import_draft(
    imported: Uploaded,
    applet: AppletOfRoute,
    user: CurrentUser,
    expected_rev: OptionalRev,
    conn: Transaction,
    response: Response,
) -> schemas.Imported:
    """Make a draft of a questionnaire of another system, and report what it lacks.

    The body is one ReproSchema JSON document or a zip of an activity's folder, as it is or as the
    only file of a form.
    """
    draft = await service.save_import(
        conn,
        applet=applet,
        user_id=user.id,
        imported=imported,
        expected_rev=expected_rev,
    )
    response.headers["ETag"] = f'"{draft.rev}"'
    return imported


def _names(if_none_match: str, etag: str) -> bool:
    """Whether the header names this state (weak comparison, RFC 9110)."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags


def _sent(response: Response, draft: schemas.Draft) -> Json[schemas.Tree]:
    response.headers["ETag"] = f'"{draft.rev}"'
    return draft.tree
