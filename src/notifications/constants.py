"""What can be sent, in which words, and what each of them needs to be told."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

SEND_TASK = "notifications:send"
"""The job that sends a message, as the queue knows it."""
LANGUAGES = ("en", "fr", "el")
"""Those that we have words in; the first one is for everybody else."""
LOST_AFTER = timedelta(hours=1)
"""A message that is due for so long has no job any more, whatever became of it."""
KEPT_DAYS = 30
"""Days for which it can be seen what was sent, or given up."""


class Channel(StrEnum):
    MAIL = "mail"
    SMS = "sms"


class State(StrEnum):
    """Where a message stands. One that is `dead` has been given up."""

    QUEUED = "queued"
    SENT = "sent"
    DEAD = "dead"


GIVE_UP_AFTER = {Channel.MAIL: timedelta(hours=24), Channel.SMS: timedelta(minutes=10)}
"""How long it is tried. An SMS holds a code that is dead by then."""


class Template(StrEnum):
    """What a message is about. Its words are in `templates/<template>/`."""

    VERIFY_EMAIL = "verify_email"
    SIGNUP = "signup"
    SIGNUP_KNOWN_EMAIL = "signup_known_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105  (no password)
    PASSWORD_RECOVERY_SSO = "password_recovery_sso"  # noqa: S105  (no password)
    CHANGE_EMAIL = "change_email"
    EMAIL_CHANGED_UNDO = "email_changed_undo"
    MAGIC_LINK = "magic_link"
    LOGIN_CODE = "login_code"
    SECURITY_NOTICE = "security_notice"
    ACCOUNT_EXPORT_READY = "account_export_ready"
    ACCOUNT_DELETION = "account_deletion"
    TEAM_INVITATION = "team_invitation"
    ADMIN_CREATED_USER = "admin_created_user"
    PHONE_CODE = "phone_code"


class SecurityEvent(StrEnum):
    """What a `security_notice` tells, as its `event`."""

    PASSWORD_CHANGED = "password_changed"  # noqa: S105  (no password)
    PASSWORD_RESET = "password_reset"  # noqa: S105  (no password)
    PASSWORD_WIPED = "password_wiped"  # noqa: S105  (no password)
    EMAIL_CHANGED = "email_changed"
    EMAIL_CHANGE_UNDONE = "email_change_undone"
    PHONE_CHANGED = "phone_changed"
    PHONE_REMOVED = "phone_removed"
    TOTP_ADDED = "totp_added"
    TOTP_REMOVED = "totp_removed"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    RECOVERY_CODE_USED = "recovery_code_used"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"
    REFRESH_TOKEN_REUSED = "refresh_token_reused"  # noqa: S105  (no password)
    SESSIONS_REVOKED = "sessions_revoked"
    API_KEY_CREATED = "api_key_created"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_DELETING = "account_deleting"
    ACCOUNT_DELETED = "account_deleted"


@dataclass(frozen=True, slots=True)
class Needs:
    """Where a template is sent, and the names of its `params`."""

    params: frozenset[str]
    optional: frozenset[str] = field(default=frozenset())
    """Names that may be left out: they are then empty."""
    channel: Channel = Channel.MAIL


def _names(*names: str) -> frozenset[str]:
    return frozenset(names)


NEEDS = {
    Template.VERIFY_EMAIL: Needs(_names("link", "code")),
    Template.SIGNUP: Needs(_names("link", "code")),
    Template.SIGNUP_KNOWN_EMAIL: Needs(_names("link")),
    Template.RESET_PASSWORD: Needs(_names("link", "code")),
    # `methods`: how they do sign in, such as "Google, Facebook".
    Template.PASSWORD_RECOVERY_SSO: Needs(_names("methods", "link")),
    Template.CHANGE_EMAIL: Needs(_names("link", "code")),
    # To the old address. `email`: the new one; `link`: takes the change back.
    Template.EMAIL_CHANGED_UNDO: Needs(_names("email", "link")),
    Template.MAGIC_LINK: Needs(_names("link", "code")),
    Template.LOGIN_CODE: Needs(_names("code")),
    # `event`: a SecurityEvent.
    Template.SECURITY_NOTICE: Needs(_names("event")),
    Template.ACCOUNT_EXPORT_READY: Needs(_names("link")),
    # `days`: until the account is erased; `link`: where to sign in and keep it.
    Template.ACCOUNT_DELETION: Needs(_names("days"), _names("link")),
    Template.TEAM_INVITATION: Needs(_names("team", "link"), _names("inviter")),
    Template.ADMIN_CREATED_USER: Needs(_names("link"), _names("code")),
    Template.PHONE_CODE: Needs(_names("code"), channel=Channel.SMS),
}
