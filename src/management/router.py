"""`/v1/admin`: operating the platform."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from pydantic import StringConstraints

from src.audit.constants import Action
from src.auth.api_keys.schemas import ApiKeyId
from src.auth.dependencies import CurrentLinks, ProcessAuthentication
from src.auth.platform import exceptions as platform_exceptions
from src.auth.platform.dependencies import OPERATOR_PROBLEMS, CurrentOperator
from src.auth.platform.schemas import Operator
from src.constants import API_PREFIX
from src.database import Json
from src.dependencies import Deciding, PageRequest, Pools, ProcessSettings, Transaction
from src.management import exceptions, schemas, service
from src.management.constants import SEARCH_MAX
from src.openapi import payload_problems, private_problems
from src.pagination import InvalidCursor
from src.routing import Route
from src.schemas import Page, Printable
from src.teams.exceptions import SoleOwnerOfTeam
from src.users import exceptions as users_exceptions
from src.users.constants import Status
from src.users.schemas import UserId

router = APIRouter(prefix="/admin", tags=["management"], route_class=Route)

_ACTED = (
    *OPERATOR_PROBLEMS,
    users_exceptions.UserNotFound,
    exceptions.CannotActOnSelf,
    exceptions.PlatformRoleAboveOwn,
    exceptions.AccountErased,
)


@router.get("/whoami", summary="My platform roles", responses=private_problems(*OPERATOR_PROBLEMS))
async def get_operator(operator: CurrentOperator) -> Operator:
    """Show what the caller may do as an operator of the platform."""
    return operator


@router.get(
    "/users",
    summary="Accounts",
    responses=payload_problems(*OPERATOR_PROBLEMS, InvalidCursor),
)
async def list_users(
    operator: CurrentOperator,
    conn: Deciding,
    page: PageRequest,
    q: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=SEARCH_MAX), Printable] | None,
        Query(description="How the email or the username begins; without case."),
    ] = None,
    status: Annotated[Status | None, Query(description="Only those of this status.")] = None,
) -> Json[Page[schemas.ListedUser]]:
    """List accounts, the newest first."""
    return await service.list_users(conn, q=q, status=status, page=page)


@router.post(
    "/users",
    status_code=status.HTTP_201_CREATED,
    summary="Create an account for somebody",
    responses=payload_problems(
        *OPERATOR_PROBLEMS, users_exceptions.EmailTaken, users_exceptions.UsernameTaken
    ),
)
async def create_user(
    operator: CurrentOperator,
    new: schemas.UserCreate,
    response: Response,
    authentication: ProcessAuthentication,
    links: CurrentLinks,
    settings: ProcessSettings,
    conn: Transaction,
) -> Json[schemas.ManagedUser]:
    """Make an account, and mail its owner a link and a code to choose a password by.

    The link works for 30 minutes. After that its owner asks for another, as who has forgotten a
    password does; that proves the email as well.
    """
    user_id, made = await service.create_user(
        conn,
        authentication.issuer.sealer,
        settings.secret_key,
        operator=operator,
        new=new,
        detail={"page": links.reset_password(), "home": links.sign_in()},
    )
    response.headers["Location"] = f"{API_PREFIX}/admin/users/{user_id}"
    return made


@router.get(
    "/users/{user_id}",
    summary="An account",
    responses=payload_problems(*OPERATOR_PROBLEMS, users_exceptions.UserNotFound),
)
async def get_user(
    operator: CurrentOperator, user_id: UserId, conn: Deciding
) -> Json[schemas.ManagedUser]:
    """Show an account: how it is used, and nothing by which one could use it."""
    return await service.get_user(conn, user_id=user_id)


@router.patch(
    "/users/{user_id}",
    summary="Disable or enable an account",
    responses=payload_problems(*_ACTED, platform_exceptions.LastAdmin),
)
async def update_user(
    operator: CurrentOperator, user_id: UserId, change: schemas.UserUpdate, conn: Transaction
) -> Json[schemas.ManagedUser]:
    """Let nobody use the account, which ends its sessions; or let its owner use it again.

    Either takes a deletion back whose days are not over.
    """
    await service.set_disabled(
        conn, operator=operator, user_id=user_id, disabled=change.disabled, reason=change.reason
    )
    return await service.get_user(conn, user_id=user_id)


@router.delete(
    "/users/{user_id}",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Delete an account",
    responses=payload_problems(*_ACTED, SoleOwnerOfTeam, platform_exceptions.LastAdmin),
)
async def delete_user(
    operator: CurrentOperator,
    user_id: UserId,
    why: schemas.Reasoned,
    authentication: ProcessAuthentication,
    settings: ProcessSettings,
    conn: Transaction,
) -> Json[schemas.ManagedUser]:
    """Delete the account: its sessions end, nobody signs in to it, and at `erase_at` it is erased.

    Until then it can be taken back here (`PATCH`), not by its owner, who is told by mail. The only
    owner of teams is not deleted: the problem names them in `teams`.
    """
    await service.start_deletion(
        conn,
        authentication.issuer.sealer,
        operator=operator,
        user_id=user_id,
        reason=why.reason,
        days=settings.privacy.deletion_grace_days,
    )
    return await service.get_user(conn, user_id=user_id)


@router.put(
    "/users/{user_id}/roles",
    summary="Set platform roles",
    responses=payload_problems(
        *OPERATOR_PROBLEMS,
        users_exceptions.UserNotFound,
        exceptions.AccountErased,
        exceptions.CannotActOnSelf,
        platform_exceptions.LastAdmin,
    ),
)
async def put_user_roles(
    operator: CurrentOperator, user_id: UserId, change: schemas.RolesUpdate, conn: Transaction
) -> Json[schemas.ManagedUser]:
    """Give the account exactly these roles; none makes it an ordinary one."""
    await service.set_roles(
        conn, operator=operator, user_id=user_id, roles=change.roles, reason=change.reason
    )
    return await service.get_user(conn, user_id=user_id)


@router.post(
    "/users/{user_id}/revoke-sessions",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Sign an account out everywhere",
    responses=payload_problems(*_ACTED),
)
async def revoke_user_sessions(
    operator: CurrentOperator, user_id: UserId, why: schemas.Reasoned, conn: Transaction
) -> None:
    """End all sessions of the account at once.

    Its API keys stay: disabling the account stops them too.
    """
    await service.revoke_sessions(conn, operator=operator, user_id=user_id, reason=why.reason)


@router.post(
    "/users/{user_id}/mfa-reset",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Take an account's second factors away",
    responses=payload_problems(*_ACTED),
)
async def reset_user_mfa(
    operator: CurrentOperator,
    user_id: UserId,
    why: schemas.Reasoned,
    authentication: ProcessAuthentication,
    conn: Transaction,
) -> None:
    """Remove the authenticator app, the passkeys and the recovery codes of who has lost them.

    The account's sessions end, and its owner is told by mail.
    """
    await service.reset_mfa(
        conn,
        authentication.issuer.sealer,
        operator=operator,
        user_id=user_id,
        reason=why.reason,
    )


@router.post(
    "/users/{user_id}/password-reset",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Send an account a link for a new password",
    responses=payload_problems(*_ACTED),
)
async def reset_user_password(
    operator: CurrentOperator,
    user_id: UserId,
    why: schemas.Reasoned,
    links: CurrentLinks,
    settings: ProcessSettings,
    conn: Transaction,
) -> schemas.Sent:
    """Mail the link and the code that its owner could ask for. Nobody chooses it for them.

    The password of now works until then: to end the sessions too, revoke them.
    """
    await service.send_password_reset(
        conn,
        settings.secret_key,
        operator=operator,
        user_id=user_id,
        reason=why.reason,
        detail={"page": links.reset_password(), "home": links.sign_in()},
    )
    return schemas.Sent(status="sent")


@router.post(
    "/users/{user_id}/unlock",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Let an account's password be tried again",
    responses=payload_problems(*_ACTED),
)
async def unlock_user(
    operator: CurrentOperator,
    user_id: UserId,
    why: schemas.Reasoned,
    pools: Pools,
    conn: Transaction,
) -> None:
    """Forget the failures that slow signing in by password down, or have switched it off."""
    await service.unlock(conn, pools, operator=operator, user_id=user_id, reason=why.reason)


@router.get(
    "/audit-log",
    summary="Audit trail",
    responses=payload_problems(*OPERATOR_PROBLEMS, InvalidCursor),
)
async def list_audit_events(
    operator: CurrentOperator,
    conn: Deciding,
    page: PageRequest,
    action: Annotated[Action | None, Query(description="Only events of this kind.")] = None,
    actor_id: Annotated[UserId | None, Query(description="Only what this account did.")] = None,
    key_id: Annotated[
        ApiKeyId | None, Query(description="Only what was done by this API key.")
    ] = None,
    object_id: Annotated[
        UUID | None, Query(description="Only what was done to this account, team or other thing.")
    ] = None,
    team_id: Annotated[UUID | None, Query(description="Only events of this team.")] = None,
    since: Annotated[schemas.Since | None, Query(description="Only from then on.")] = None,
    until: Annotated[schemas.Since | None, Query(description="Only before then.")] = None,
) -> Json[Page[schemas.AuditEvent]]:
    """List what has happened on the platform, the newest first. Nobody can change what is there."""
    return await service.list_events(
        conn,
        action=action,
        actor_id=actor_id,
        key_id=key_id,
        object_id=object_id,
        team_id=team_id,
        since=since,
        until=until,
        page=page,
    )


@router.get(
    "/signing-keys",
    summary="Keys of access tokens",
    responses=private_problems(*OPERATOR_PROBLEMS),
)
async def list_signing_keys(operator: CurrentOperator, conn: Deciding) -> schemas.SigningKeys:
    """List the keys that sign access tokens, have signed them, or will; never what they sign by."""
    return schemas.SigningKeys(items=await service.list_signing_keys(conn))
