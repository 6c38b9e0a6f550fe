"""What can be done with teams."""

from src.teams.service.core import create, get, list_mine, show, slug_of, update, update_settings
from src.teams.service.events import list_events
from src.teams.service.life import delete, get_deleted, list_due, purge, restore
from src.teams.service.members import (
    add_member,
    change_role,
    get_person,
    leave,
    list_members,
    lock,
    remove,
    standing,
    transfer,
)
from src.teams.service.succession import bequeath, list_owned_alone, lock_owned

__all__ = [
    "add_member",
    "bequeath",
    "change_role",
    "create",
    "delete",
    "get",
    "get_deleted",
    "get_person",
    "leave",
    "list_due",
    "list_events",
    "list_members",
    "list_mine",
    "list_owned_alone",
    "lock",
    "lock_owned",
    "purge",
    "remove",
    "restore",
    "show",
    "slug_of",
    "standing",
    "transfer",
    "update",
    "update_settings",
]
