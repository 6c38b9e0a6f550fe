"""`/v1/users/me/api-keys`: keys by which one's own programs call."""

from fastapi import APIRouter, Response, status

from src.auth import exceptions as auth_exceptions
from src.auth.api_keys import exceptions, schemas, service
from src.auth.dependencies import CALLER_PROBLEMS, CurrentUser, ProcessAuthentication
from src.constants import API_PREFIX
from src.dependencies import Deciding, Transaction
from src.openapi import payload_problems, private_problems
from src.routing import Route
from src.schemas import Page

router = APIRouter(prefix="/users/me/api-keys", tags=["API keys"], route_class=Route)


@router.get("", summary="My API keys", responses=private_problems(*CALLER_PROBLEMS))
async def list_api_keys(user: CurrentUser, conn: Deciding) -> Page[schemas.ApiKey]:
    """List the caller's keys, oldest first: 25 at most, on one page."""
    items = await service.list_for_user(conn, user_id=user.id)
    return Page[schemas.ApiKey](items=items, next_cursor=None)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Make an API key",
    responses=payload_problems(
        *CALLER_PROBLEMS, auth_exceptions.FreshLoginRequired, exceptions.ApiKeyLimit
    ),
)
async def create_api_key(
    new: schemas.ApiKeyCreate,
    user: CurrentUser,
    authentication: ProcessAuthentication,
    conn: Transaction,
    response: Response,
) -> schemas.NewApiKey:
    """Make a key for a program of one's own; it is sent as a token is: `Bearer core_key_...`.

    The answer shows the key this once. It may do what its scopes name, and never more than its
    owner may at that moment. Its owner is told by mail.
    """
    response.headers["Cache-Control"] = "no-store"
    made = await service.create_own(conn, authentication.issuer.sealer, user_id=user.id, new=new)
    response.headers["Location"] = f"{API_PREFIX}/users/me/api-keys/{made.api_key.id}"
    return made


@router.delete(
    "/{key_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete an API key",
    responses=private_problems(*CALLER_PROBLEMS, exceptions.ApiKeyNotFound),
)
async def delete_api_key(key_id: schemas.ApiKeyId, user: CurrentUser, conn: Transaction) -> None:
    """End a key: the very next request that it comes with is refused."""
    await service.delete(conn, user_id=user.id, actor_id=user.id, key_id=key_id)
