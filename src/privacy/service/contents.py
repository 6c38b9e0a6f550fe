"""What the service holds about somebody: a statement a file, each row a JSON object.

Nothing of others is in it, and nothing that lets one in: no hash, no key, no seed. A domain that
comes to know something of people adds a statement and its entry in `PARTS`; a test demands that
every table that refers to an account is in one, or in `LEFT_OUT`.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from src.applets.schemas import AppletId
from src.database import Connection, Json, Transaction, sql
from src.users.schemas import UserId

Line = Json[dict[str, Any]]
LEFT_OUT = {
    "account_export.account_id": "the file itself",
}
"""References to an account that no file tells of, and why."""


@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id, email, username, given_name, family_name, display_name, locale, time_zone,
                   status, instant(email_verified_at) AS email_verified_at,
                   instant(erase_at) AS erase_at, instant(created_at) AS created_at,
                   instant(updated_at) AS updated_at
              FROM account
             WHERE id = %(user_id)s) AS shown
    """
)
def account(conn: Transaction, *, user_id: UserId) -> AsyncIterator[Line]: ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT theme_mode, theme_accent, mails, pushes, instant(updated_at) AS updated_at
              FROM account_preference
             WHERE account_id = %(user_id)s) AS shown
    """
)
def preferences(conn: Transaction, *, user_id: UserId) -> AsyncIterator[Line]: ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT number, instant(verified_at) AS verified_at
              FROM phone
             WHERE account_id = %(user_id)s) AS shown
    """
)
def phone(conn: Transaction, *, user_id: UserId) -> AsyncIterator[Line]: ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM identity
     CROSS JOIN LATERAL
           (SELECT id, provider, issuer, subject, email, instant(created_at) AS created_at,
                   instant(last_used_at) AS last_used_at) AS shown
     WHERE identity.account_id = %(user_id)s
     ORDER BY identity.id
    """
)
def identities(conn: Transaction, *, user_id: UserId) -> AsyncIterator[Line]: ...


@sql(
    """
    SELECT json_build_object('kind', kind, 'name', name, 'created_at', instant(created_at),
                             'last_used_at', instant(last_used_at))
      FROM (SELECT 'password' AS kind, '' AS name, changed_at AS created_at,
                   NULL::timestamptz AS last_used_at
              FROM password
             WHERE account_id = %(user_id)s
             UNION ALL
            SELECT 'authenticator app', '', created_at, NULL
              FROM totp
             WHERE account_id = %(user_id)s
             UNION ALL
            SELECT 'recovery code', '', created_at, used_at
              FROM recovery_code
             WHERE account_id = %(user_id)s
             UNION ALL
            SELECT 'passkey', name, created_at, last_used_at
              FROM passkey
             WHERE account_id = %(user_id)s) AS way
     ORDER BY kind, created_at, name
    """
)
def ways_in(conn: Transaction, *, user_id: UserId) -> AsyncIterator[Line]: ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM api_key
     CROSS JOIN LATERAL
           (SELECT id, name, prefix, scopes, instant(created_at) AS created_at,
                   instant(last_used_at) AS last_used_at, instant(expires_at) AS
                   expires_at) AS shown
     WHERE api_key.account_id = %(user_id)s
     ORDER BY api_key.id
    """
)
def api_keys(conn: Transaction, *, user_id: UserId) -> AsyncIterator[Line]: ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM session
     CROSS JOIN LATERAL
           (SELECT id, transport, auth_methods, aal, ip_prefix, user_agent, device_id,
                   revoke_reason, instant(created_at) AS created_at,
                   instant(last_seen_at) AS last_seen_at, instant(expires_at) AS
                   expires_at, instant(revoked_at) AS revoked_at) AS shown
     WHERE session.account_id = %(user_id)s
     ORDER BY session.id
    """
)
def sessions(conn: Transaction, *, user_id: UserId) -> AsyncIterator[Line]: ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM device
     CROSS JOIN LATERAL
           (SELECT id, type, name, app_version, is_active, EXISTS (SELECT FROM push_token
                   WHERE push_token.device_id = device.id) AS gets_pushes,
                   instant(created_at) AS created_at, instant(last_seen_at) AS
                   last_seen_at, instant(signed_in_at) AS signed_in_at) AS shown
     WHERE device.account_id = %(user_id)s
     ORDER BY device.id
    """
)
def devices(conn: Transaction, *, user_id: UserId) -> AsyncIterator[Line]: ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM platform_role
     CROSS JOIN LATERAL
           (SELECT role, instant(granted_at) AS granted_at) AS shown
     WHERE platform_role.account_id = %(user_id)s
     ORDER BY platform_role.role
    """
)
def platform_roles(conn: Transaction, *, user_id: UserId) -> AsyncIterator[Line]: ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM team_member
      JOIN team ON team.id = team_member.team_id
     CROSS JOIN LATERAL
           (SELECT team.id AS team_id, team.name AS team_name, team_member.role,
                   instant(team_member.joined_at) AS joined_at) AS shown
     WHERE team_member.account_id = %(user_id)s
     ORDER BY team.id
    """
)
def memberships(conn: Transaction, *, user_id: UserId) -> AsyncIterator[Line]: ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM (SELECT id
              FROM invitation
             WHERE email_key = (SELECT email_key FROM account WHERE account.id = %(user_id)s)
             UNION
            SELECT invitation_id
              FROM invitation_use
             WHERE account_id = %(user_id)s) AS mine
      JOIN invitation ON invitation.id = mine.id
      JOIN team ON team.id = invitation.team_id
      LEFT JOIN invitation_use AS own
        ON own.invitation_id = invitation.id
       AND own.account_id = %(user_id)s
     CROSS JOIN LATERAL
           (SELECT invitation.id, team.name AS team_name, invitation.email, invitation.role,
                   instant(invitation.created_at) AS created_at,
                   instant(invitation.expires_at) AS expires_at,
                   instant(invitation.declined_at) AS declined_at,
                   instant(own.used_at) AS accepted_at) AS shown
     ORDER BY invitation.id
    """
)
def invitations_received(conn: Transaction, *, user_id: UserId) -> AsyncIterator[Line]:
    """By whom is told to nobody: it is somebody else."""
    ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM invitation
     CROSS JOIN LATERAL
           (SELECT id, team_id, kind, role, max_uses, uses, is_active,
                   instant(created_at) AS created_at, instant(expires_at) AS expires_at,
                   instant(revoked_at) AS revoked_at) AS shown
     WHERE invitation.invited_by = %(user_id)s
     ORDER BY invitation.id
    """
)
def invitations_sent(conn: Transaction, *, user_id: UserId) -> AsyncIterator[Line]:
    """Without the addresses: they are other people's."""
    ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM message
     CROSS JOIN LATERAL
           (SELECT id, channel, template, recipient, locale, state, instant(created_at)
                   AS created_at, instant(sent_at) AS sent_at) AS shown
     WHERE message.account_id = %(user_id)s
     ORDER BY message.id
    """
)
def messages(conn: Transaction, *, user_id: UserId) -> AsyncIterator[Line]: ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM one_time_token
     CROSS JOIN LATERAL
           (SELECT purpose, instant(created_at) AS created_at, instant(expires_at) AS
                   expires_at, instant(used_at) AS used_at) AS shown
     WHERE one_time_token.account_id = %(user_id)s
     ORDER BY one_time_token.id
    """
)
def mailed_links(conn: Transaction, *, user_id: UserId) -> AsyncIterator[Line]: ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM applet
     CROSS JOIN LATERAL
           (SELECT id, team_id, name, instant(draft_updated_at) AS draft_updated_at) AS shown
     WHERE applet.draft_updated_by = %(user_id)s
     ORDER BY applet.id
    """
)
def drafts(conn: Transaction, *, user_id: UserId) -> AsyncIterator[Line]: ...


@sql(
    """
    SELECT row_to_json(shown)
      FROM applet_version
     CROSS JOIN LATERAL
           (SELECT id, applet_id, label, note, instant(published_at) AS published_at) AS shown
     WHERE applet_version.published_by = %(user_id)s
     ORDER BY applet_version.id
    """
)
def versions(conn: Transaction, *, user_id: UserId) -> AsyncIterator[Line]: ...


@sql(
    """
    SELECT json_build_object(
               'id', id, 'at', instant(at), 'action', action, 'team_id', team_id,
               'object_id', object_id,
               'key_id', CASE WHEN actor_id = %(user_id)s THEN key_id END,
               -- What operators say of others in words of their own is neither's to take along.
               'detail', CASE WHEN actor_id = object_id THEN detail ELSE detail - 'reason' END,
               'by', CASE WHEN actor_id = %(user_id)s THEN 'you'
                          WHEN actor_id IS NULL THEN 'the service'
                          ELSE 'somebody else' END)
      FROM (SELECT id, at, action, team_id, object_id, key_id, detail, actor_id
              FROM audit_event
             WHERE actor_id = %(user_id)s
             UNION
            SELECT id, at, action, team_id, object_id, key_id, detail, actor_id
              FROM audit_event
             WHERE object_id = %(user_id)s) AS event
     ORDER BY id
    """
)
def events(conn: Transaction, *, user_id: UserId) -> AsyncIterator[Line]: ...


@sql(
    """
    SELECT id
      FROM applet
     WHERE id > %(after)s
     ORDER BY id
     LIMIT 100
    """
)
async def list_applets(conn: Connection, *, after: AppletId) -> list[AppletId]:
    """All applets, some at a time: people leave teams, and what they have answered stays."""
    ...


@sql(
    """
    SELECT json_build_object(
               'applet_id', submission.applet_id, 'id', submission.id,
               'version', version_copy.label, 'status', submission.status,
               'started_at', instant(submission.started_at),
               'completed_at', instant(submission.completed_at),
               'received_at', instant(submission.received_at), 'zone', submission.zone,
               'answers', (SELECT coalesce(json_agg(json_build_object(
                                      'id', answer.id, 'activity_id', answer.activity_id,
                                      'payload', answer.payload, 'scores', answer.scores,
                                      'started_at', instant(answer.started_at),
                                      'ended_at', instant(answer.ended_at),
                                      'received_at', instant(answer.received_at))
                                      ORDER BY answer.step), '[]')
                             FROM answer
                            WHERE answer.applet_id = submission.applet_id
                              AND answer.submission_id = submission.id))
      FROM submission
      JOIN version_copy
        ON version_copy.applet_id = submission.applet_id
       AND version_copy.id = submission.applet_version_id
     WHERE submission.applet_id = %(applet_id)s
       AND submission.account_id = %(user_id)s
     ORDER BY submission.received_at, submission.id
    """
)
def submissions(
    conn: Transaction, *, applet_id: AppletId, user_id: UserId
) -> AsyncIterator[Line]: ...


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the export: what it is called, what it tells, which references it follows."""

    name: str
    about: str
    read: Callable[..., AsyncIterator[Line]]
    follows: tuple[str, ...] = ()


PARTS = (
    Part("account", "Your account.", account),
    Part("preferences", "What you prefer.", preferences, ("account_preference.account_id",)),
    Part("phone", "Your verified number.", phone, ("phone.account_id",)),
    Part(
        "identities", "Accounts elsewhere that sign you in.", identities, ("identity.account_id",)
    ),
    Part(
        "ways_in",
        "How you sign in, without what it takes to do so.",
        ways_in,
        (
            "passkey.account_id",
            "password.account_id",
            "recovery_code.account_id",
            "totp.account_id",
        ),
    ),
    Part(
        "api_keys", "Your keys for programs, without the keys.", api_keys, ("api_key.account_id",)
    ),
    Part("sessions", "Where you are and were signed in.", sessions, ("session.account_id",)),
    Part("devices", "Your devices.", devices, ("device.account_id",)),
    Part("platform_roles", "What you operate.", platform_roles, ("platform_role.account_id",)),
    Part("memberships", "Your teams.", memberships, ("team_member.account_id",)),
    Part(
        "invitations_received",
        "Invitations to you.",
        invitations_received,
        ("invitation_use.account_id",),
    ),
    Part("invitations_sent", "Invitations by you.", invitations_sent, ("invitation.invited_by",)),
    Part("messages", "Mails and text messages to you.", messages, ("message.account_id",)),
    Part(
        "mailed_links",
        "Links and codes made for you.",
        mailed_links,
        ("one_time_token.account_id",),
    ),
    Part("drafts", "Drafts that you changed last.", drafts, ("applet.draft_updated_by",)),
    Part("versions", "What you published.", versions, ("applet_version.published_by",)),
    Part("events", "What was written down about you.", events, ("audit_event.actor_id",)),
)
"""Files of few lines. What somebody has answered comes behind them, applet by applet."""
SUBMISSIONS = Part("submissions", "What you answered.", submissions, ("submission.account_id",))
