"""Changing the keys that sign access tokens, while requests go on."""

import asyncio

from src.audit import service as audit_service
from src.audit.constants import Action
from src.auth import keys
from src.auth import service as auth_service
from src.database import Connection, Pools
from src.security import Sealer

OVERLAP_SECONDS = keys.RELOAD_SECONDS + 1
"""How long the next key is published before it signs: each process has read it by then."""


async def rotate_signing_keys(
    pools: Pools, sealer: Sealer, *, overlap: float = OVERLAP_SECONDS
) -> str | None:
    """Sign with a new key after `overlap` seconds; returns its name. Old tokens live on.

    A key that has been announced already is the one. None where there was no key yet: the first
    request makes one.
    """
    new = keys.make_key(sealer)
    async with pools.write.transaction() as conn:
        await auth_service.announce_signing_key(
            conn, kid=new.kid, public_jwk=new.public_jwk, private_key=new.private_key, days=0
        )
    await asyncio.sleep(overlap)
    async with pools.write.transaction() as conn:
        if not await auth_service.retire_signing_key(conn, published_seconds=overlap):
            return None
        await auth_service.activate_signing_key(conn, published_seconds=overlap)
        kid = next(
            key.kid for key in await auth_service.list_signing_keys(conn) if key.state == "active"
        )
        await _record(conn, Action.SIGNING_KEYS_ROTATED, kid, 1)
    return kid


async def drop_signing_keys(pools: Pools, sealer: Sealer) -> str:
    """Sign with a new key at once, and let no other count; returns its name.

    All access tokens are refused within RELOAD_SECONDS; clients refresh and go on.
    """
    new = keys.make_key(sealer)
    async with pools.write.transaction() as conn:
        dropped = await auth_service.drop_signing_keys(conn)
        await auth_service.add_first_signing_key(
            conn, kid=new.kid, public_jwk=new.public_jwk, private_key=new.private_key
        )
        await _record(conn, Action.SIGNING_KEYS_DROPPED, new.kid, dropped)
    return new.kid


async def _record(conn: Connection, action: Action, kid: str, replaced: int) -> None:
    await audit_service.record(
        conn,
        action=action,
        actor_id=None,
        object_id=None,
        detail={"kid": kid, "replaced": replaced},
    )
