"""Pushes to the devices of a user: left in the caller's transaction, sent by the worker."""

from collections.abc import Mapping
from types import MappingProxyType

from src.auth.schemas import DeviceId
from src.config import Settings
from src.database import Connection, sql
from src.devices.constants import PUSH_TASK, TARGETS_MAX, Push, Service
from src.devices.schemas import TargetSecret
from src.jobs import service as jobs_service
from src.users.schemas import UserId

WORDS: Mapping[Push, Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        Push.TEST: {
            "en": ("It works", "This device gets your notifications."),
            "fr": ("Tout fonctionne", "Cet appareil reçoit vos notifications."),
            "el": ("Λειτουργεί", "Αυτή η συσκευή λαμβάνει τις ειδοποιήσεις σας."),
        },
    }
)
"""Title and body of each push, by language."""


@sql(
    """
    SELECT device.id
      FROM device
      JOIN push_token ON push_token.device_id = device.id
     WHERE device.account_id = %(user_id)s
       AND device.is_active
       AND push_token.service = ANY(%(services)s)
     ORDER BY device.last_seen_at DESC, device.id
     LIMIT %(limit)s
    """
)
async def _list_targets(
    conn: Connection, *, user_id: UserId, services: list[Service], limit: int
) -> list[DeviceId]: ...


async def push(conn: Connection, *, user_id: UserId, kind: Push, services: list[Service]) -> int:
    """Leave a push for each active device of a user; returns how many there are.

    It is sent once the caller's transaction is kept. `services` are those of `reachable`.
    """
    targets = await _list_targets(conn, user_id=user_id, services=services, limit=TARGETS_MAX)
    for device_id in targets:
        await jobs_service.defer(
            conn,
            task=PUSH_TASK,
            args={"device_id": str(device_id), "user_id": str(user_id), "kind": kind},
        )
    return len(targets)


def reachable(settings: Settings) -> list[Service]:
    """The services that pushes go by: those with settings; in `local` and `test` all of them."""
    given = {
        Service.FCM: settings.push.fcm.is_given,
        Service.WEB: settings.push.web.is_given,
    }
    return [
        service
        for service, is_given in given.items()
        if is_given or settings.environment.is_relaxed
    ]


@sql(
    """
    SELECT push_token.token_hash, push_token.service, push_token.token, account.locale
      FROM device
      JOIN push_token ON push_token.device_id = device.id
      JOIN account ON account.id = device.account_id
     WHERE device.id = %(device_id)s
       AND device.account_id = %(user_id)s
       AND device.is_active
    """
)
async def find_target(
    conn: Connection, *, device_id: DeviceId, user_id: UserId
) -> TargetSecret | None:
    """Where pushes for a user reach a device; None if they do not, or no longer."""
    ...


@sql("DELETE FROM push_token WHERE token_hash = %(token_hash)s")
async def drop_target(conn: Connection, *, token_hash: bytes) -> None:
    """Forget a push token by which nothing is reached; one that has replaced it stays."""
    ...


def words(kind: Push, locale: str) -> tuple[str, str]:
    """Title and body in the user's language, or else in English."""
    texts = WORDS[kind]
    return texts.get(locale.partition("-")[0].lower(), texts["en"])
