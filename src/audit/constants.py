"""What is written down about who did what."""

from enum import StrEnum


class Action(StrEnum):
    SIGNED_UP = "user.signed_up"
    SESSION_REVOKED = "session.revoked"
    REFRESH_TOKEN_REUSED = "session.refresh_token_reused"  # noqa: S105  (an action's name)
    TEAM_CREATED = "team.created"
    APPLET_CREATED = "applet.created"
    APPLET_PUBLISHED = "applet.published"
    APPLET_IMPORTED = "applet.imported"
