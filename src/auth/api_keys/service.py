"""API keys: making them, finding whose they are, taking them away."""

from datetime import datetime
from uuid import UUID

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth import notices
from src.auth import service as auth_service
from src.auth.api_keys import exceptions, spelling
from src.auth.api_keys.constants import KEYS_MAX
from src.auth.api_keys.schemas import ApiKey, ApiKeyCreate, ApiKeyId, KeyHolder, NewApiKey
from src.database import Connection, Transaction, sql
from src.notifications.constants import SecurityEvent
from src.security import Sealer
from src.users.schemas import UserId


@sql(
    """
    SELECT account.id, account.email_verified_at IS NOT NULL AS is_verified,
           api_key.id AS key_id, api_key.key_hash, api_key.scopes,
           coalesce(api_key.last_used_at < now() - interval '5 minutes', true) AS is_use_due
      FROM api_key
      JOIN account ON account.id = api_key.account_id
     WHERE api_key.key_hash = ANY(%(hashes)s)
       AND coalesce(api_key.expires_at > now(), true)
       AND account.status IN ('active', 'pending')
     ORDER BY api_key.id
    """
)
async def list_holders(conn: Connection, *, hashes: list[bytes]) -> list[KeyHolder]:
    """Who calls by these keys; nobody once a key or its owner's account has ended."""
    ...


@sql(
    """
    UPDATE api_key
       SET last_used_at = now()
     WHERE id = ANY(%(key_ids)s)
       AND coalesce(last_used_at < now() - interval '5 minutes', true)
    """
)
async def note_uses(conn: Connection, *, key_ids: list[ApiKeyId]) -> int:
    """Write down that these keys are in use, every few minutes; returns for how many."""
    ...


@sql(
    """
    SELECT id, name, prefix, scopes, created_at, last_used_at, expires_at
      FROM api_key
     WHERE account_id = %(user_id)s
     ORDER BY id
    """
)
async def list_for_user(conn: Connection, *, user_id: UserId) -> list[ApiKey]:
    """An account's keys, oldest first; those that have expired too."""
    ...


@sql(
    """
    SELECT count(*)
      FROM api_key
     WHERE account_id = %(user_id)s
       AND coalesce(expires_at > now(), true)
    """
)
async def _count(conn: Transaction, *, user_id: UserId) -> int:
    """How many keys of an account still let anybody in."""
    ...


@sql(
    """
    DELETE FROM api_key
     WHERE id IN (SELECT id
                    FROM api_key
                   WHERE account_id = %(user_id)s
                     AND expires_at <= now()
                   ORDER BY expires_at DESC, id DESC
                  OFFSET %(kept)s)
    """
)
async def _forget_expired(conn: Transaction, *, user_id: UserId, kept: int) -> int:
    """Forget expired keys but for so many, the latest; returns how many."""
    ...


@sql(
    """
    INSERT INTO api_key (account_id, name, prefix, key_hash, scopes, expires_at)
    VALUES (%(user_id)s, %(name)s, %(prefix)s, %(key_hash)s, %(scopes)s, %(expires_at)s)
    RETURNING id, name, prefix, scopes, created_at, last_used_at, expires_at
    -- The account is held, the key random, and the payload holds to the rest.
    -- allow constraint(api_key_account_id_fkey, api_key_key_hash_key, api_key_name_length_check)
    -- allow constraint(api_key_scopes_check)
    """,
    constraints={"api_key_expires_at_check": exceptions.ExpiryPassed},
)
async def _add(
    conn: Transaction,
    *,
    user_id: UserId,
    name: str,
    prefix: str,
    key_hash: bytes,
    scopes: list[str],
    expires_at: datetime | None,
) -> ApiKey: ...


async def create(
    conn: Transaction,
    *,
    user_id: UserId,
    actor_id: UserId,
    new: ApiKeyCreate,
    team_id: UUID | None = None,
) -> NewApiKey:
    """Make a key for an account, somebody's or a team's. Raises ApiKeyLimit and ExpiryPassed.

    Those that have expired do not count. They are listed while there is room.
    """
    await auth_service.hold_account(conn, user_id=user_id)
    others = await _count(conn, user_id=user_id)
    if others >= KEYS_MAX:
        raise exceptions.ApiKeyLimit()
    await _forget_expired(conn, user_id=user_id, kept=KEYS_MAX - others - 1)
    made = spelling.make()
    key = await _add(
        conn,
        user_id=user_id,
        name=new.name,
        prefix=made.prefix,
        key_hash=made.hash,
        scopes=list(new.scopes),
        expires_at=new.expires_at,
    )
    await audit_service.record(
        conn,
        action=Action.API_KEY_CREATED,
        actor_id=actor_id,
        object_id=key.id,
        team_id=team_id,
        detail={"owner_id": str(user_id), "prefix": key.prefix, "scopes": key.scopes},
    )
    return NewApiKey(api_key=key, key=made.text)


async def create_own(
    conn: Transaction, sealer: Sealer, *, user_id: UserId, new: ApiKeyCreate
) -> NewApiKey:
    """Make a key for somebody, and tell them by mail. Raises ApiKeyLimit and ExpiryPassed."""
    made = await create(conn, user_id=user_id, actor_id=user_id, new=new)
    await notices.send(conn, sealer, user_id=user_id, event=SecurityEvent.API_KEY_CREATED)
    return made


@sql(
    """
    DELETE FROM api_key
     WHERE id = %(key_id)s
       AND account_id = %(user_id)s
    RETURNING prefix
    """,
    missing=exceptions.ApiKeyNotFound,
)
async def _delete(conn: Transaction, *, user_id: UserId, key_id: ApiKeyId) -> str: ...


async def delete(
    conn: Transaction,
    *,
    user_id: UserId,
    actor_id: UserId,
    key_id: ApiKeyId,
    team_id: UUID | None = None,
) -> None:
    """End a key of an account: the very next request finds it gone. Raises ApiKeyNotFound."""
    prefix = await _delete(conn, user_id=user_id, key_id=key_id)
    await audit_service.record(
        conn,
        action=Action.API_KEY_DELETED,
        actor_id=actor_id,
        object_id=key_id,
        team_id=team_id,
        detail={"owner_id": str(user_id), "prefix": prefix},
    )


@sql("DELETE FROM api_key WHERE account_id = %(user_id)s")
async def delete_all(conn: Transaction, *, user_id: UserId) -> int:
    """End all keys of an account."""
    ...
