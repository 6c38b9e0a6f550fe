"""What operators of the platform see and do."""

from src.management.service.importing import Tally, import_users
from src.management.service.keys import OVERLAP_SECONDS, drop_signing_keys, rotate_signing_keys
from src.management.service.sealing import Resealed, reseal
from src.management.service.trail import list_events, list_signing_keys
from src.management.service.users import (
    create_user,
    get_user,
    list_users,
    make_admin,
    reset_mfa,
    revoke_sessions,
    send_password_reset,
    set_disabled,
    set_roles,
    start_deletion,
    unlock,
)

__all__ = [
    "OVERLAP_SECONDS",
    "Resealed",
    "Tally",
    "create_user",
    "drop_signing_keys",
    "get_user",
    "import_users",
    "list_events",
    "list_signing_keys",
    "list_users",
    "make_admin",
    "reseal",
    "reset_mfa",
    "revoke_sessions",
    "rotate_signing_keys",
    "send_password_reset",
    "set_disabled",
    "set_roles",
    "start_deletion",
    "unlock",
]
