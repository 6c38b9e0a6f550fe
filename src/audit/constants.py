"""What is written down about who did what."""

from enum import StrEnum


class Action(StrEnum):
    SIGNED_UP = "user.signed_up"
    SESSION_REVOKED = "session.revoked"
    REFRESH_TOKEN_REUSED = "session.refresh_token_reused"  # noqa: S105  (an action's name)
    SESSION_CONFIRMED = "session.confirmed"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105  (an action's name)
    PASSWORD_RESET = "password.reset"  # noqa: S105  (an action's name)
    PASSWORD_REMOVED = "password.removed"  # noqa: S105  (an action's name)
    TOTP_ADDED = "user.totp_added"
    TOTP_REMOVED = "user.totp_removed"
    RECOVERY_CODES_MADE = "user.recovery_codes_made"
    RECOVERY_CODE_USED = "user.recovery_code_used"
    PASSKEY_ADDED = "user.passkey_added"
    PASSKEY_REMOVED = "user.passkey_removed"
    PASSKEY_COUNTER_WENT_BACK = "user.passkey_counter_went_back"
    SECOND_FACTOR_REFUSED = "user.second_factor_refused"
    TEAM_CREATED = "team.created"
    TEAM_CHANGED = "team.changed"
    TEAM_SETTINGS_CHANGED = "team.settings_changed"
    TEAM_DELETED = "team.deleted"
    TEAM_RESTORED = "team.restored"
    TEAM_PURGED = "team.purged"
    TEAM_OWNERSHIP_TRANSFERRED = "team.ownership_transferred"
    TEAM_ROLE_CHANGED = "team.role_changed"
    TEAM_MEMBER_REMOVED = "team.member_removed"
    TEAM_MEMBER_LEFT = "team.member_left"
    APPLET_CREATED = "applet.created"
    APPLET_PUBLISHED = "applet.published"
    APPLET_IMPORTED = "applet.imported"
    INVITATION_CREATED = "invitation.created"
    INVITATION_CHANGED = "invitation.changed"
    INVITATION_RESENT = "invitation.resent"
    INVITATION_REVOKED = "invitation.revoked"
    INVITATION_ACCEPTED = "invitation.accepted"
    INVITATION_DECLINED = "invitation.declined"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_DELETED = "user.deleted"
    USER_ROLES_CHANGED = "user.roles_changed"
    USER_SESSIONS_REVOKED = "user.sessions_revoked"
    SIGNING_KEYS_ROTATED = "signing_keys.rotated"
    SIGNING_KEYS_DROPPED = "signing_keys.dropped"
    SECRETS_RESEALED = "secrets.resealed"
