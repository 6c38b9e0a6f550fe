"""Devices: known by an id that they make, proved by a secret that they are told once.

A push token addresses one installation, so whoever comes with one takes it over from the row that
had it: the token's own key decides, whatever arrives at the same time. Every change of a device
first takes its row.
"""

from datetime import datetime
from uuid import UUID

from src import security
from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth.constants import DeviceType
from src.auth.exceptions import DeviceOwned
from src.auth.schemas import DeviceId, SentDevice
from src.database import Connection, Json, Transaction, sql
from src.devices import exceptions
from src.devices.constants import FORGOTTEN_DAYS, SECRET_PREFIX, Service
from src.devices.schemas import (
    Bound,
    BoundDevice,
    Device,
    DeviceBind,
    DeviceRegister,
    PushAddress,
    Registered,
    RegisteredDevice,
)
from src.pagination import PageRequest
from src.schemas import Page
from src.security import Sealer
from src.users.schemas import UserId

_NOBODY = UserId(UUID(int=0))


@sql(
    """
    INSERT INTO device (id, type, app_version, secret_hash)
    VALUES (%(device_id)s, %(type)s, coalesce(%(app_version)s, ''), %(new_hash)s)
        ON CONFLICT (id) DO UPDATE
       SET type = excluded.type,
           app_version = coalesce(%(app_version)s, device.app_version),
           last_seen_at = now()
     WHERE device.secret_hash = %(sent_hash)s
    RETURNING app_version,
              EXISTS (SELECT FROM push_token WHERE push_token.device_id = device.id)
              AS has_push_token,
              old.id IS NULL AS is_new
    -- Hashes are made here.
    -- allow constraint(device_secret_hash_length_check)
    """,
    missing=DeviceOwned,
)
async def _register(
    conn: Connection,
    *,
    device_id: DeviceId,
    type: DeviceType,  # noqa: A002
    app_version: str | None,
    sent_hash: bytes | None,
    new_hash: bytes,
) -> Registered: ...


async def register(
    conn: Transaction,
    sealer: Sealer,
    *,
    device_id: DeviceId,
    sent: DeviceRegister,
    address: PushAddress | None,
    secret: str | None,
) -> tuple[RegisteredDevice, bool]:
    """A device speaks for itself; returns it, and whether it was unknown.

    An unknown one is told its secret. Who is signed in on a known one, and whether it is active,
    stays as it is. Raises DeviceOwned for a known one without its secret.
    """
    new_secret = security.random_token(SECRET_PREFIX)
    kept = await _register(
        conn,
        device_id=device_id,
        type=sent.type,
        app_version=sent.app_version,
        sent_hash=_hash(secret),
        new_hash=security.token_hash(new_secret),
    )
    if address is not None:
        await _take_push_token(conn, sealer, device_id=device_id, address=address)
    device = RegisteredDevice(
        id=device_id,
        type=sent.type,
        app_version=kept.app_version,
        has_push_token=kept.has_push_token or address is not None,
        device_secret=new_secret if kept.is_new else None,
    )
    return device, kept.is_new


@sql(
    """
    INSERT INTO device (id, account_id, type, name, is_active, secret_hash)
    VALUES (%(device_id)s, %(user_id)s, %(type)s, coalesce(%(name)s, ''), %(active)s,
            %(new_hash)s)
        ON CONFLICT (id) DO UPDATE
       SET account_id = excluded.account_id,
           type = excluded.type,
           name = CASE WHEN %(name)s IS NULL AND device.account_id = excluded.account_id
                       THEN device.name
                       ELSE excluded.name
                  END,
           is_active = excluded.is_active,
           secret_hash = coalesce(device.secret_hash, excluded.secret_hash),
           last_seen_at = now(),
           signed_in_at = CASE WHEN %(signs_in)s AND device.secret_hash = %(sent_hash)s THEN now()
                               WHEN device.account_id = excluded.account_id
                               THEN device.signed_in_at
                          END
     WHERE device.account_id = excluded.account_id
        OR device.secret_hash = %(sent_hash)s
    RETURNING name, app_version, is_active AS active,
              EXISTS (SELECT FROM push_token WHERE push_token.device_id = device.id)
              AS has_push_token,
              created_at, last_seen_at, old.id IS NULL AS is_new,
              coalesce(old.account_id = new.account_id, false) AS was_theirs,
              coalesce(new.secret_hash = %(new_hash)s, false) AS is_told
    -- The account has just been seen; hashes are made here.
    -- allow constraint(device_account_id_fkey, device_secret_hash_length_check)
    """,
    missing=DeviceOwned,
)
async def _bind(
    conn: Connection,
    *,
    device_id: DeviceId,
    user_id: UserId,
    type: DeviceType,  # noqa: A002
    name: str | None,
    active: bool,
    sent_hash: bytes | None,
    new_hash: bytes | None,
    signs_in: bool,
) -> Bound: ...


async def bind(
    conn: Transaction,
    sealer: Sealer,
    *,
    device_id: DeviceId,
    user_id: UserId,
    sent: DeviceBind,
    address: PushAddress | None,
    secret: str | None,
) -> tuple[BoundDevice, bool]:
    """Bind a device to a user who is signed in on it; returns it, and whether it was unknown.

    One that has no secret yet is told one. Raises DeviceOwned for one that is known and not
    theirs, unless its secret is given.
    """
    new_secret = security.random_token(SECRET_PREFIX)
    kept = await _bind(
        conn,
        device_id=device_id,
        user_id=user_id,
        type=sent.type,
        name=sent.name,
        active=sent.active,
        sent_hash=_hash(secret),
        new_hash=security.token_hash(new_secret),
        signs_in=False,
    )
    if address is not None:
        await _take_push_token(conn, sealer, device_id=device_id, address=address)
    if not kept.was_theirs:
        await _record(conn, Action.DEVICE_BOUND, user_id, device_id)
    device = BoundDevice(
        id=device_id,
        type=sent.type,
        name=kept.name,
        app_version=kept.app_version,
        active=kept.active,
        has_push_token=kept.has_push_token or address is not None,
        created_at=kept.created_at,
        last_seen_at=kept.last_seen_at,
        device_secret=new_secret if kept.is_told else None,
    )
    return device, kept.is_new


class SignedInDevices:
    """What signing in and out does to devices; `src.auth.binding` says it in full."""

    async def sign_in(
        self, conn: Transaction, *, user_id: UserId, device: SentDevice, secret: str | None
    ) -> None:
        """Bind the device, active. Raises DeviceOwned as `bind` does."""
        kept = await _bind(
            conn,
            device_id=device.id,
            user_id=user_id,
            type=device.type,
            name=device.name,
            active=True,
            sent_hash=_hash(secret),
            new_hash=None,
            signs_in=True,
        )
        if not kept.was_theirs:
            await _record(conn, Action.DEVICE_BOUND, user_id, device.id)

    async def is_proved(
        self, conn: Connection, *, user_id: UserId | None, device_id: DeviceId, secret: str
    ) -> bool:
        """Whether the user has signed in on it with this secret. It takes as long without a user.

        A key or a session can bind a device, and is told its secret: that alone proves nothing.
        """
        return await _is_proved(
            conn,
            device_id=device_id,
            user_id=user_id or _NOBODY,
            secret_hash=security.token_hash(secret),
        )

    async def sign_out(self, conn: Transaction, *, user_id: UserId, device_id: DeviceId) -> None:
        """Send the device no more pushes, if it is the user's."""
        await _deactivate(conn, device_id=device_id, user_id=user_id)


@sql(
    """
    SELECT EXISTS (SELECT FROM device
                    WHERE id = %(device_id)s
                      AND account_id = %(user_id)s
                      AND secret_hash = %(secret_hash)s
                      AND signed_in_at IS NOT NULL)
    """
)
async def _is_proved(
    conn: Connection, *, device_id: DeviceId, user_id: UserId, secret_hash: bytes
) -> bool: ...


@sql(
    """
    UPDATE device
       SET is_active = false
     WHERE id = %(device_id)s
       AND account_id = %(user_id)s
    """
)
async def _deactivate(conn: Connection, *, device_id: DeviceId, user_id: UserId) -> None: ...


@sql(
    """
    DELETE FROM push_token
     WHERE device_id = %(device_id)s
       AND token_hash <> %(token_hash)s
    """
)
async def _drop_other_token(
    conn: Transaction, *, device_id: DeviceId, token_hash: bytes
) -> None: ...


@sql(
    """
    INSERT INTO push_token (token_hash, device_id, service, token)
    VALUES (%(token_hash)s, %(device_id)s, %(service)s, %(token)s)
        ON CONFLICT (token_hash) DO UPDATE
       SET device_id = excluded.device_id,
           service = excluded.service,
           token = excluded.token,
           updated_at = now()
    -- The device's row is held, and its other token has just been dropped. Hashes are made here.
    -- allow constraint(push_token_device_id_fkey, push_token_device_id_key)
    -- allow constraint(push_token_token_hash_length_check)
    """
)
async def _move_token(
    conn: Transaction, *, token_hash: bytes, device_id: DeviceId, service: Service, token: bytes
) -> None: ...


async def _take_push_token(
    conn: Transaction, sealer: Sealer, *, device_id: DeviceId, address: PushAddress
) -> None:
    """Give a device, whose row the transaction holds, this token in place of any other.

    The device that had it has none then.
    """
    token_hash = security.token_hash(f"{address.service}:{address.key}")
    await _drop_other_token(conn, device_id=device_id, token_hash=token_hash)
    await _move_token(
        conn,
        token_hash=token_hash,
        device_id=device_id,
        service=address.service,
        token=sealer.seal(address.token.encode(), place=place(device_id)),
    )


@sql(
    """
    WITH shown AS (
        SELECT device.id, device.type, device.name, device.app_version,
               device.is_active AS active,
               EXISTS (SELECT FROM push_token WHERE push_token.device_id = device.id)
               AS has_push_token,
               instant(device.created_at) AS created_at,
               instant(device.last_seen_at) AS last_seen_at
          FROM device
         WHERE device.account_id = %(user_id)s
           AND (device.created_at, device.id) < (%(after_at)s, %(after_id)s)  -- if after_at
         ORDER BY device.created_at DESC, device.id DESC
         LIMIT %(limit)s + 1
    ), listed AS (
        SELECT row_to_json(shown) AS body, created_at, id,
               row_number() OVER (ORDER BY created_at DESC, id DESC) AS place
          FROM shown
    ), page AS (
        SELECT coalesce(json_agg(body ORDER BY created_at DESC, id DESC)
                        FILTER (WHERE place <= %(limit)s),
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
    after_at: datetime | None,
    after_id: UUID | None,
    limit: int,
) -> Json[Page[Device]]: ...


async def list_mine(conn: Connection, *, user_id: UserId, page: PageRequest) -> Json[Page[Device]]:
    """A user's devices, newest first, without their push tokens."""
    at = page.place()
    return await _list(
        conn,
        user_id=user_id,
        after_at=at.at if at else None,
        after_id=at.id if at else None,
        limit=page.limit,
    )


@sql(
    """
    DELETE FROM device
     WHERE id = %(device_id)s
       AND account_id = %(user_id)s
    RETURNING id
    """,
    missing=exceptions.DeviceNotFound,
)
async def _remove(conn: Connection, *, device_id: DeviceId, user_id: UserId) -> DeviceId: ...


async def remove(conn: Transaction, *, device_id: DeviceId, user_id: UserId) -> None:
    """Forget a device of the user's and its push token. Raises DeviceNotFound.

    Whoever is signed in there stays so.
    """
    await _remove(conn, device_id=device_id, user_id=user_id)
    await _record(conn, Action.DEVICE_REMOVED, user_id, device_id)


@sql(
    """
    WITH old AS (
        SELECT id
          FROM device
         WHERE account_id IS NULL
           AND last_seen_at < now() - interval '1 day' * %(days)s
         ORDER BY last_seen_at, id
         LIMIT 1000
           FOR UPDATE SKIP LOCKED
    )
    DELETE FROM device
     USING old
     WHERE device.id = old.id
    """
)
async def _purge(conn: Connection, *, days: int) -> int: ...


async def purge(conn: Connection) -> int:
    """Forget some devices that nobody signed in on and that went silent; returns how many."""
    return await _purge(conn, days=FORGOTTEN_DAYS)


def place(device_id: DeviceId) -> str:
    """Where a push token is sealed for."""
    return f"push_token.token:{device_id}"


def _hash(secret: str | None) -> bytes | None:
    return None if secret is None else security.token_hash(secret)


async def _record(conn: Connection, action: Action, user_id: UserId, device_id: DeviceId) -> None:
    await audit_service.record(
        conn, action=action, actor_id=user_id, object_id=device_id, detail={}
    )
