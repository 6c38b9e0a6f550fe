"""The SQL of the peers that write SQL."""

USER = """
    SELECT account.id, email, username, given_name, family_name, display_name, locale, time_zone,
           account.status, email_verified_at, account.created_at, account.updated_at
      FROM account
"""
CALLER = f"""
    {USER}
      JOIN session ON session.account_id = account.id
     WHERE session.id = %s
       AND session.revoked_at IS NULL
       AND session.idle_expires_at > now()
       AND session.expires_at > now()
       AND account.status IN ('active', 'pending')
"""
TEAM = """
    SELECT team.id, team.name, team_member.role AS my_role,
           (SELECT count(*) FROM team_member AS other WHERE other.team_id = team.id)
           AS member_count, team.created_at, team.updated_at
      FROM team_member
      JOIN team ON team.id = team_member.team_id
     WHERE team_member.team_id = %s
       AND team_member.account_id = %s
"""
ADD_TEAM = "INSERT INTO team (name) VALUES (%s) RETURNING id, name, created_at, updated_at"
ADD_OWNER = "INSERT INTO team_member (team_id, account_id, role) VALUES (%s, %s, 'owner')"
ADD_EVENT = """
    INSERT INTO audit_event (actor_id, team_id, action, object_id, detail)
    VALUES (%s, %s, 'team.created', %s, '{}')
"""
ROLE = """
    SELECT team_member.role
      FROM applet
      JOIN team_member ON team_member.team_id = applet.team_id
     WHERE applet.id = %s
       AND team_member.account_id = %s
"""
SUBMISSIONS = """
    SELECT submission.id, submission.applet_version_id AS version_id,
           version_copy.label AS version_label, submission.account_id AS respondent_id,
           submission.status, submission.started_at, submission.completed_at,
           submission.received_at, submission.zone
      FROM submission
      JOIN version_copy ON version_copy.applet_id = submission.applet_id
                       AND version_copy.id = submission.applet_version_id
     WHERE submission.applet_id = %s
     ORDER BY submission.received_at, submission.id
     LIMIT %s
"""
ANSWERS = """
    SELECT id, submission_id, activity_id, activity_revision_id AS revision_id, payload, scores,
           warnings, started_at, ended_at, received_at
      FROM answer
     WHERE applet_id = %s
       AND submission_id = ANY(%s)
     ORDER BY step, id
"""
FORM = """
    SELECT revision.id, revision.content
      FROM applet_version AS version
      JOIN applet_version_activity AS part ON part.applet_version_id = version.id
      JOIN activity_revision AS revision ON revision.id = part.activity_revision_id
     WHERE version.applet_id = %s
       AND version.id = %s
       AND part.activity_id = %s
"""
ADD_SUBMISSION = """
    INSERT INTO submission (applet_id, id, applet_version_id, account_id, status, started_at,
                            completed_at, zone)
    VALUES (%s, %s, %s, %s, 'complete', %s, %s, %s)
"""
ADD_ANSWER = """
    INSERT INTO answer (applet_id, id, submission_id, step, activity_id, activity_revision_id,
                        payload, part_sha256, scores, warnings, started_at, ended_at)
    VALUES (%s, %s, %s, 1, %s, %s, %s, %s, %s, '[]', %s, %s)
    RETURNING id, submission_id, activity_id, activity_revision_id AS revision_id, payload, scores,
              warnings, started_at, ended_at, received_at
"""
CREDENTIALS = f"""
    {USER.replace("account.updated_at", "account.updated_at, password.hash")}
      JOIN password ON password.account_id = account.id
     WHERE email_key = casefold(%s COLLATE pg_unicode_fast) COLLATE "default"
"""
ADD_SESSION = """
    INSERT INTO session (id, account_id, transport, refresh_key, auth_methods, idle_expires_at,
                         expires_at)
    VALUES (%s, %s, 'bearer', %s, '{pwd}', now() + %s::interval, now() + %s::interval)
    RETURNING least(idle_expires_at, expires_at) AS refresh_expires_at
"""
LOCK_SESSION = """
    SELECT session.account_id, session.refresh_key, session.refresh_counter
      FROM session
      JOIN account ON account.id = session.account_id
     WHERE session.id = %s
       AND session.revoked_at IS NULL
       AND session.idle_expires_at > now()
       AND session.expires_at > now()
       AND account.status IN ('active', 'pending')
       FOR NO KEY UPDATE OF session
"""
ROTATE_SESSION = """
    UPDATE session
       SET refresh_counter = refresh_counter + 1, rotated_at = now(), last_seen_at = now(),
           idle_expires_at = now() + %s::interval
     WHERE id = %s
    RETURNING least(idle_expires_at, expires_at) AS refresh_expires_at
"""
