"""The applet of a route, and what its caller may do there."""

import asyncio
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from starlette.datastructures import UploadFile

from src.applets import exceptions, schemas, service
from src.applets.constants import ImportFormat
from src.auth.dependencies import CurrentUser, VerifiedClaims, current_user
from src.dependencies import Deciding, Pools
from src.exceptions import FieldError, Invalid, PreconditionRequired
from src.teams import exceptions as teams_exceptions
from src.teams.constants import Role


async def visible_applet(
    applet_id: schemas.AppletId, user: CurrentUser, conn: Deciding
) -> schemas.Applet:
    """Every member of the team sees its applets, and may answer them."""
    return await service.get(conn, applet_id=applet_id, user_id=user.id)


VisibleApplet = Annotated[schemas.Applet, Depends(visible_applet)]


async def editable_applet(applet: VisibleApplet) -> schemas.Applet:
    """Editors change drafts and publish."""
    if not applet.my_role.includes(Role.EDITOR):
        raise teams_exceptions.RoleTooLow()
    return applet


EditableApplet = Annotated[schemas.Applet, Depends(editable_applet)]


async def managed_applet(applet: VisibleApplet) -> schemas.Applet:
    """Admins and owners of the team read everybody's answers."""
    if not applet.my_role.includes(Role.ADMIN):
        raise teams_exceptions.RoleTooLow()
    return applet


ManagedApplet = Annotated[schemas.Applet, Depends(managed_applet)]

IfMatch = Annotated[
    str | None, Header(description="ETag of the draft as you have read it; `*` for any.")
]


async def expected_rev(if_match: IfMatch = None) -> int | None:
    """The state of the draft that the caller has read; None for any."""
    if if_match is None:
        raise PreconditionRequired()
    return _rev(if_match)


async def optional_rev(if_match: IfMatch = None) -> int | None:
    return None if if_match is None else _rev(if_match)


def _rev(if_match: str) -> int | None:
    if if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    # Digits that fit a bigint; anything else is a state that the draft never had.
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise exceptions.StaleDraft()
    return int(text)


ExpectedRev = Annotated[int | None, Depends(expected_rev)]
OptionalRev = Annotated[int | None, Depends(optional_rev)]


async def expected_editor(
    applet_id: schemas.AppletId, claims: VerifiedClaims, pools: Pools
) -> None:
    """Somebody who may edit the applet, seen before any work is done for them.

    It holds no connection meanwhile; the route itself asks again inside its transaction.
    """
    conn = pools.deciding.single
    user = await current_user(claims, conn)
    await editable_applet(await service.get(conn, applet_id=applet_id, user_id=user.id))


async def uploaded(
    request: Request,
    _: Annotated[None, Depends(expected_editor)],
    __: Annotated[ImportFormat, Query(alias="format", description="What the body is.")],
) -> schemas.Imported:
    """The upload, read as a draft before a transaction begins.

    Reading it is work for a thread: the other requests go on meanwhile.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == "multipart/form-data":
        data, name = await _first_file(request)
    else:
        data, name = await request.body(), None
    return await asyncio.to_thread(service.read_import, data, filename=name)


async def _first_file(request: Request) -> tuple[bytes, str | None]:
    async with request.form(max_files=1, max_fields=10) as form:
        for part in form.values():
            if isinstance(part, UploadFile):
                return await part.read(), part.filename
    raise Invalid(errors=[FieldError("/file", "required", "The form has no file.")])


Uploaded = Annotated[schemas.Imported, Depends(uploaded)]
