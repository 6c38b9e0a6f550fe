"""Sessions, tokens, cookies, one-time secrets: how their rules are lost."""

from tests.defects.breaking import Break

COOKIES = "src/auth/cookies.py"
DEPENDENCIES = "src/auth/dependencies.py"
SESSIONS = "src/auth/sessions.py"
TOKENS = "src/auth/tokens.py"

BREAKS = [
    Break(
        "unverified: who has not verified an email may do everything",
        DEPENDENCIES,
        {"is_admitted = found.is_verified or permission.unverified\n": "is_admitted = True\n"},
        "auth/test_unverified.py::test_it_may_do_nothing_else",
        "200:",
    ),
    Break(
        "fresh: a sign-in of long ago is enough",
        DEPENDENCIES,
        {
            "    if permission.fresh and not found.is_fresh:\n": "    if False:\n",
            "    if permission.fresh and not claims.is_fresh:\n": "    if False:\n",
        },
        "auth/test_email_change.py::test_it_needs_a_fresh_sign_in",
        r"202:",
    ),
    Break(
        "fresh: a token from before is made fresh as well",
        DEPENDENCIES,
        {"    if permission.fresh and not claims.is_fresh:\n": "    if False:\n"},
        "auth/test_reauthentication.py::test_an_access_token_from_before_is_not_made_fresh",
        r"409:",
    ),
    Break(
        "tokens: a token is good for another account's session",
        DEPENDENCIES,
        {
            "    if found is None or found.id.int != claims.user_id.int:\n": (
                "    if found is None:\n"
            )
        },
        "auth/test_login.py::test_a_token_fits_its_own_account_alone",
        "200:",
    ),
    Break(
        "tokens: a token of another service is taken",
        TOKENS,
        {'            or claims["aud"] != self._settings.audience\n': ""},
        "auth/test_tokens.py::test_a_signed_token_of_other_claims_is_refused",
        "200",
    ),
    Break(
        "tokens: a token of another issuer is taken",
        TOKENS,
        {
            '            claims["iss"] != self._settings.issuer\n            or claims': (
                "            claims"
            )
        },
        "auth/test_tokens.py::test_a_signed_token_of_other_claims_is_refused",
        "200",
    ),
    Break(
        "tokens: a token of another type is taken",
        TOKENS,
        {'            or header.get("typ") != TOKEN_TYPE\n': ""},
        "auth/test_tokens.py::test_a_signed_token_of_another_header_is_refused",
        "200",
    ),
    Break(
        "refresh: a copied token keeps its session",
        "src/auth/exceptions.py",
        {"    commits = True\n": ""},
        "auth/test_refresh.py"
        "::test_a_reused_token_ends_its_session_although_the_answer_is_an_error",
        r"Right contains one more item",
    ),
    Break(
        "refresh: the token before serves for ever",
        SESSIONS,
        {
            "    elif claim.counter < counter - 1 or not session.is_in_grace:\n": (
                "    elif claim.counter < counter - 1:\n"
            )
        },
        "auth/test_refresh.py::test_after_the_grace_time_a_replay_ends_the_session",
        "200:",
    ),
    Break(
        "refresh: who knows a session's id can end it",
        SESSIONS,
        {
            "    if not claim.is_genuine(key) or claim.counter > session.refresh_counter:\n": (
                "    if not claim.is_genuine(key):\n"
                "        await service.revoke_reused(conn, issuer.sealer, session=session)\n"
                "        raise exceptions.RefreshReused()\n"
                "    if claim.counter > session.refresh_counter:\n"
            )
        },
        "auth/test_refresh.py::test_a_forged_token_ends_no_session",
        "refresh_reused",
    ),
    Break(
        "sessions: those of a disabled account go on",
        "src/auth/service/sessions.py",
        {
            "           ) AS account\n      FROM session\n"
            "      JOIN account ON account.id = session.account_id\n"
            "     WHERE session.id = ANY(%(session_ids)s)\n"
            "       AND session.revoked_at IS NULL\n"
            "       AND session.idle_expires_at > now()\n"
            "       AND session.expires_at > now()\n"
            "       AND account.status IN ('active', 'pending')\n": (
                "           ) AS account\n      FROM session\n"
                "      JOIN account ON account.id = session.account_id\n"
                "     WHERE session.id = ANY(%(session_ids)s)\n"
                "       AND session.revoked_at IS NULL\n"
                "       AND session.idle_expires_at > now()\n"
                "       AND session.expires_at > now()\n"
            )
        },
        "auth/test_login.py::test_a_disabled_account_is_seen_by_the_next_request",
        "200:",
    ),
    Break(
        "sessions: a new password leaves the others signed in",
        "src/auth/password/router.py",
        {"    if new.revoke_others:\n": "    if False:\n"},
        "auth/test_password.py::test_changing_it_ends_the_other_sessions_and_keeps_this_one",
        r"assert not True",
    ),
    Break(
        "sessions: a password that was reset leaves everybody signed in",
        "src/auth/password/service.py",
        {
            "    await auth_service.revoke_all_sessions("
            'conn, user_id=user_id, reason="password_reset")\n': ""
        },
        "auth/test_recovery.py::test_all_sessions_end_and_so_does_all_that_was_mailed",
        "200",
    ),
    Break(
        "one-time: what was mailed before a reset still signs in",
        "src/auth/password/constants.py",
        {
            "KILLED = [Purpose.RESET_PASSWORD, Purpose.MAGIC_LINK, Purpose.SSO_LOGIN, "
            "Purpose.MFA]": "KILLED = [Purpose.RESET_PASSWORD]"
        },
        "auth/test_recovery.py::test_all_sessions_end_and_so_does_all_that_was_mailed",
        r"Extra items in the left set",
    ),
    Break(
        "one-time: a token serves twice",
        "src/auth/onetime/service.py",
        {
            "       AND token_hash = %(token_hash)s\n       AND used_at IS NULL\n"
            "       AND expires_at > now()": (
                "       AND token_hash = %(token_hash)s\n       AND expires_at > now()"
            )
        },
        "auth/test_onetime.py::test_a_token_is_spent_once",
        "DID NOT RAISE",
    ),
    Break(
        "email: somebody else's link changes one's address",
        "src/auth/email_change/service.py",
        {"        if spent.user_id != user_id:\n": "        if False:\n"},
        "auth/test_email_change.py::test_somebody_elses_link_confirms_nothing_and_stays_theirs",
        "204:",
    ),
    Break(
        "CSRF: a cookie is enough",
        COOKIES,
        {"    if not any(security.is_equal(given, each) for each in ours):\n": "    if False:\n"},
        "auth/test_cookies.py::test_a_missing_csrf_token_is_refused",
        "201:",
    ),
    Break(
        "CSRF: a page of another origin may write",
        COOKIES,
        {"    if not is_ours and not _is_allowed(settings, origin):\n": "    if False:\n"},
        "auth/test_cookies.py::test_a_foreign_page_cannot_write",
        "201:",
    ),
    Break(
        "cookies: scripts can read the access token",
        COOKIES,
        {
            '        path="/",\n        secure=is_secure,\n        httponly=True,\n': (
                '        path="/",\n        secure=is_secure,\n        httponly=False,\n'
            )
        },
        "auth/test_cookies.py::test_secure_cookies_are_tied_to_https_and_to_their_paths",
        "(?i)httponly",
    ),
    Break(
        "cookies: every route sees the refresh token",
        COOKIES,
        {'REFRESH_PATH = f"{API_PREFIX}/auth"': 'REFRESH_PATH = f"{API_PREFIX}"'},
        "auth/test_cookies.py::test_secure_cookies_are_tied_to_https_and_to_their_paths",
        r"assert '/v1' == '/v1/auth'",
    ),
    Break(
        "CSRF: a token of one session serves another",
        COOKIES,
        {
            'security.keyed_hash(key, b"csrf", session_id.bytes)': (
                'security.keyed_hash(key, b"csrf", session_id.bytes[:0])'
            )
        },
        "auth/test_cookies.py::test_a_csrf_token_is_bound_to_its_session",
        "201:",
    ),
    Break(
        "CSRF: where CORS allows everybody, everybody may use cookies",
        COOKIES,
        {' or "*" in cors.allow_origins:\n': ":\n"},
        "auth/test_cookies.py::test_a_wildcard_of_cors_allows_no_page_to_use_cookies",
        r"200:",
    ),
]
