"""What can be done with invitations."""

from src.invitations.service.answering import (
    accept,
    decline,
    find,
    find_mine,
    list_mine,
    preview,
)
from src.invitations.service.core import get, list_for_team
from src.invitations.service.making import create, resend, revoke, toggle, update
from src.invitations.service.signing_up import InvitedSignups

__all__ = [
    "InvitedSignups",
    "accept",
    "create",
    "decline",
    "find",
    "find_mine",
    "get",
    "list_for_team",
    "list_mine",
    "preview",
    "resend",
    "revoke",
    "toggle",
    "update",
]
