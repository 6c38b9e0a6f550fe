"""The applet of a route, and whether its caller may do there what the route does."""

import asyncio
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from starlette.datastructures import UploadFile

from src.applets import exceptions, schemas, service
from src.applets.constants import IMPORT_MEDIA, ImportFormat
from src.auth.dependencies import (
    CurrentUser,
    ProcessAuthentication,
    VerifiedClaims,
    current_user,
)
from src.database import Json
from src.dependencies import Deciding, Pools
from src.exceptions import FieldError, Invalid, PreconditionRequired, UnsupportedMedia
from src.permissions import Role, enforces
from src.teams.dependencies import check_role


@enforces("applet")
async def applet_of_route(
    request: Request, applet_id: schemas.AppletId, user: CurrentUser, conn: Deciding
) -> schemas.Applet:
    """The applet of the address, to somebody with the role in its team that the route demands.

    Raises AppletNotFound for who is not a member, RoleTooLow for who may see the applet only.
    """
    applet = await service.get(conn, applet_id=applet_id, user_id=user.id)
    check_role(request, applet.my_role)
    return applet


AppletOfRoute = Annotated[schemas.Applet, Depends(applet_of_route)]


@enforces("applet", up_to=Role.VIEWER)
async def shown_applet(
    applet_id: schemas.AppletId, user: CurrentUser, conn: Deciding
) -> Json[schemas.Applet]:
    """The applet of the address as members see it, in the one statement that also asks for one.

    Raises AppletNotFound for who is not a member of its team.
    """
    return await service.show(conn, applet_id=applet_id, user_id=user.id)


ShownApplet = Annotated[Json[schemas.Applet], Depends(shown_applet)]

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


async def expected_caller(
    request: Request,
    applet_id: schemas.AppletId,
    claims: VerifiedClaims,
    authentication: ProcessAuthentication,
    pools: Pools,
) -> None:
    """Somebody whom the route takes, seen before any work is done for them.

    It holds no connection meanwhile; the route itself asks again, when the work is done.
    """
    conn = pools.deciding.single
    user = await current_user(request, claims, authentication, conn)
    await applet_of_route(request, applet_id, user, conn)


async def uploaded(
    request: Request,
    _: Annotated[None, Depends(expected_caller)],
    __: Annotated[ImportFormat, Query(alias="format", description="What the body is.")],
) -> schemas.Imported:
    """The upload, read as a draft before a transaction begins. What the body is called decides
    whether it is looked at, what is in it decides what it is.

    Reading it is work for a thread: the other requests go on meanwhile.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == "multipart/form-data":
        data, name = await _first_file(request)
    elif media in IMPORT_MEDIA or media.endswith("+json"):
        data, name = await request.body(), None
    else:
        raise UnsupportedMedia("Send the body as JSON, as a zip, or as the file of a form.")
    return await asyncio.to_thread(service.read_import, data, filename=name)


async def _first_file(request: Request) -> tuple[bytes, str | None]:
    async with request.form(max_files=1, max_fields=10) as form:
        for part in form.values():
            if isinstance(part, UploadFile):
                return await part.read(), part.filename
    raise Invalid(errors=[FieldError("/file", "required", "The form has no file.")])


Uploaded = Annotated[schemas.Imported, Depends(uploaded)]
