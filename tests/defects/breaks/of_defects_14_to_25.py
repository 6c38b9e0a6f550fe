"""How defects 14 to 25 come back."""

from tests.defects.breaking import Break

SESSIONS = "src/auth/service/sessions.py"
COOKIES = "src/auth/cookies.py"
ONE_TIME = "src/auth/onetime/service.py"

BREAKS = [
    Break(
        "14: a code comes from a weak generator",
        ONE_TIME,
        {
            "import secrets\n": "import random\n",
            "secrets.randbelow(10**CODE_DIGITS)": "random.randrange(10**CODE_DIGITS)",
        },
        "defects/test_14_no_weak_random_numbers_and_no_usable_token_at_rest.py"
        "::test_nothing_of_ours_imports_a_weak_generator",
        "service.py",
    ),
    Break(
        "14: tokens are kept unpacked, and not hashed",
        "src/security.py",
        {
            'return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()': (
                "return (__import__('base64').urlsafe_b64decode(token[-43:] + '=')"
                " if len(token) > 50 else hashlib.sha256(token.encode()).digest())"
            )
        },
        "defects/test_14_no_weak_random_numbers_and_no_usable_token_at_rest.py"
        "::test_a_dump_holds_nothing_that_signs_in",
        "AssertionError: table",
    ),
    Break(
        "14: what is kept of a code takes no key",
        ONE_TIME,
        {
            '    return security.keyed_hash(key, b"one-time code", purpose.encode(), '
            "code.encode())": "    return security.token_hash(code)"
        },
        "defects/test_14_no_weak_random_numbers_and_no_usable_token_at_rest.py"
        "::test_a_dump_holds_nothing_that_signs_in",
        "AssertionError: table one_time_token",
    ),
    Break(
        "15: an account of a provider's gets a password",
        "src/auth/sso/service.py",
        {
            "        await _attach_or_race(conn, user_id, asserted)\n        await audit": (
                "        await _attach_or_race(conn, user_id, asserted)\n"
                "        await auth_service.add_password(\n"
                "            conn, user_id=user_id, hash=f'$argon2id${asserted.subject}'\n"
                "        )\n        await audit"
            )
        },
        "defects/test_15_who_comes_from_a_provider_has_no_password.py"
        "::test_there_is_no_password_and_none_will_do",
        "assert \\[\\(1,\\)\\] == \\[\\]",
    ),
    Break(
        "16: the way back calls a function by a parameter that it has not",
        "src/auth/sso/router.py",
        {
            "        redirect_uri=flow.redirect_uri,\n        nonce=": (
                "        redirect_uri=flow.redirect_uri,\n        code_nonce="
            )
        },
        "defects/test_16_the_whole_way_through_a_provider_works.py::test_through_the_browser",
        '"status":500',
    ),
    Break(
        "17: two refreshes at once both win",
        SESSIONS,
        {"       AND refresh_counter = %(counter)s\n": "       AND %(counter)s::int >= 0\n"},
        "defects/test_17_of_fifty_refreshes_there_is_one_successor.py"
        "::test_of_fifty_refreshes_there_is_one_successor",
        r"\{200, 401\} == \{200\}|assert \d+ == 1|assert \[\(",
    ),
    Break(
        "18: an email may be several accounts'",
        "alembic/scripts/2026_11_21_create_core.py",
        {'        sa.UniqueConstraint("email_key", name=op.f("account_email_key_key")),\n': ""},
        "defects/test_18_of_many_signups_at_once_one_wins.py"
        "::test_50_sign_ups_with_one_email_make_one_account",
        r"\(201, ''\): 50",
    ),
    Break(
        "19: a session lives days of a place, not seconds",
        SESSIONS,
        {
            "            %(aal)s, now() + interval '1 second' * %(idle_seconds)s,\n"
            "            now() + interval '1 second' * %(absolute_seconds)s, ": (
                "            %(aal)s, now() + interval '1 day' * (%(idle_seconds)s / 86400),\n"
                "            now() + interval '1 day' * (%(absolute_seconds)s / 86400), "
            )
        },
        "defects/test_19_expiry_knows_no_time_zone.py"
        "::test_a_session_lives_its_seconds_across_a_change_of_the_clocks",
        r"10364400|assert \[\(",
    ),
    Break(
        "20: there is a page of settings",
        "src/docs.py",
        {
            '    app.add_route("/docs", get_docs, include_in_schema=False)\n': (
                '    app.add_route("/docs", get_docs, include_in_schema=False)\n'
                '    app.add_route("/env", get_docs, include_in_schema=False)\n'
            )
        },
        "defects/test_20_no_answer_holds_a_secret_of_the_service.py"
        "::test_there_is_no_page_of_settings",
        "assert 200 == 404",
    ),
    Break(
        "20: an answer shows the hash of a password",
        SESSIONS,
        {
            "               'updated_at', instant(account.updated_at)\n": (
                "               'updated_at', instant(account.updated_at),\n"
                "               'hash', (SELECT hash FROM password\n"
                "                         WHERE password.account_id = account.id)\n"
            )
        },
        "defects/test_20_no_answer_holds_a_secret_of_the_service.py"
        "::test_no_answer_of_any_route_holds_a_secret",
        "AssertionError: Case",
    ),
    Break(
        "20: a problem repeats the Host",
        "src/problems.py",
        {'instance=security.without_tokens(request.scope["path"]),': "instance=str(request.url),"},
        "defects/test_20_no_answer_holds_a_secret_of_the_service.py"
        "::test_the_host_of_a_request_is_not_repeated",
        "evil.example",
    ),
    Break(
        "21: cookies are taken from wherever a form comes",
        COOKIES,
        {
            "    if not is_ours and not _is_allowed(settings, origin):\n": "    if False:\n",
            "    if not any(security.is_equal(given, each) for each in ours):\n": "    if False:\n",
        },
        "defects/test_21_a_form_of_another_site_is_refused.py"
        "::test_a_form_of_another_site_is_refused",
        r"\(415, |\(20[0-9], ",
    ),
    Break(
        "21: another site signs its visitors out",
        COOKIES,
        {"    if not is_ours and not _is_allowed(settings, origin):\n": "    if False:\n"},
        "defects/test_21_a_form_of_another_site_is_refused.py"
        "::test_nor_does_one_sign_its_visitor_in_or_out",
        "AssertionError: /v1/auth/token/refresh",
    ),
    Break(
        "22: an access token that has expired still serves",
        "src/auth/tokens.py",
        {
            "        if claims.expires_at + _LEEWAY <= time.time():\n": "        if False:\n",
            "            or expires_at + _LEEWAY <= now\n": "",
        },
        "defects/test_22_an_expired_access_token_alone_gets_401.py"
        "::test_an_expired_access_token_stays_expired",
        "200: ",
    ),
    Break(
        "23: a role is for those who have just that",
        "src/teams/dependencies.py",
        {
            "    if demanded is not None and not my_role.includes(demanded):\n": (
                "    if demanded is not None and my_role is not demanded:\n"
            )
        },
        "defects/test_23_admins_and_owners_may_do_what_is_theirs.py",
        "role_too_low",
    ),
    Break(
        "24: nobody expects who is in no team",
        "src/teams/service/core.py",
        {
            '\n    """,\n    missing=exceptions.TeamNotFound,\n)\nasync def get(': (
                '\n    """,\n)\nasync def get('
            )
        },
        "defects/test_24_an_outsider_gets_404_on_all_team_routes.py",
        "AssertionError: Case",
    ),
    Break(
        "25: a team is shown to whoever asks",
        "src/teams/service/core.py",
        {
            "         WHERE team_member.team_id = %(team_id)s\n"
            "           AND team_member.account_id = %(user_id)s\n"
            "           AND team.deleted_at IS NULL\n    )\n    SELECT version": (
                "         WHERE team_member.team_id = %(team_id)s\n"
                "           AND (team_member.account_id = %(user_id)s\n"
                "                OR team_member.role = 'owner')\n"
                "           AND team.deleted_at IS NULL\n    )\n    SELECT version"
            )
        },
        "defects/test_25_nobody_sees_the_email_or_the_address_of_others.py",
        "200: ",
    ),
    Break(
        "25: members see each other's emails",
        "src/teams/service/members.py",
        {"sees_emails=my_role.includes(Role.ADMIN),": "sees_emails=my_role.includes(Role.VIEWER),"},
        "defects/test_25_nobody_sees_the_email_or_the_address_of_others.py",
        "not in",
    ),
    Break(
        "25: a user is shown to strangers",
        "src/teams/service/members.py",
        {
            "       AND (account.id = %(caller_id)s\n            OR EXISTS": (
                "       AND (%(caller_id)s::uuid IS NOT NULL\n            OR EXISTS"
            )
        },
        "defects/test_25_nobody_sees_the_email_or_the_address_of_others.py"
        "::test_a_user_is_shown_without_them_to_who_shares_a_team_and_to_nobody_else",
        "200:",
    ),
]
