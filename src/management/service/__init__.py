"""What operators of the platform see and do."""

from src.management.service.trail import list_events, list_signing_keys
from src.management.service.users import (
    get_user,
    list_users,
    revoke_sessions,
    set_disabled,
    set_roles,
    start_deletion,
)

__all__ = [
    "get_user",
    "list_events",
    "list_signing_keys",
    "list_users",
    "revoke_sessions",
    "set_disabled",
    "set_roles",
    "start_deletion",
]
