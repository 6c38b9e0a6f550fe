"""Second factors, passkeys, providers: how their rules are lost."""

from tests.defects.breaking import Break

CEREMONIES = "src/auth/passkeys/ceremonies.py"
MFA = "src/auth/mfa/service.py"
PASSKEYS = "src/auth/passkeys/service.py"
SSO = "src/auth/sso/service.py"
SSO_ROUTER = "src/auth/sso/router.py"

BREAKS = [
    Break(
        "MFA: the password is enough",
        "src/auth/signing_in.py",
        {"    if SECOND_FACTORS.isdisjoint(auth_methods):\n": "    if False:\n"},
        "auth/mfa/test_login.py"
        "::test_with_a_second_factor_the_password_gets_a_ticket_and_no_session",
        "mfa",
    ),
    Break(
        "MFA: a ticket signs in again and again",
        "src/auth/mfa/router.py",
        {"    await onetime_service.spend(conn, purpose=Purpose.MFA, token=step.ticket)\n": ""},
        "auth/mfa/test_login.py::test_a_ticket_signs_in_once",
        "200:",
    ),
    Break(
        "MFA: a ticket may be tried for ever",
        "src/auth/onetime/service.py",
        {
            "       AND attempts < %(tries)s\n       AND expires_at > now()\n": (
                "       AND %(tries)s::int > 0\n       AND expires_at > now()\n"
            )
        },
        "auth/mfa/test_login.py::test_a_ticket_is_dead_after_five_tries",
        "200:",
    ),
    Break(
        "MFA: a recovery code serves twice",
        MFA,
        {
            "       AND code_hash = %(code_hash)s\n       AND used_at IS NULL\n": (
                "       AND code_hash = %(code_hash)s\n"
            )
        },
        "auth/mfa/test_recovery_codes.py::test_each_recovery_code_signs_in_once",
        "200:",
    ),
    Break(
        "MFA: new recovery codes leave the old ones alive",
        MFA,
        {
            "    made = codes.new_recovery_codes()\n"
            "    await _delete_recovery_codes(conn, user_id=user_id)\n": (
                "    made = codes.new_recovery_codes()\n"
            )
        },
        "auth/mfa/test_recovery_codes.py::test_new_codes_kill_the_old_ones",
        "200:",
    ),
    Break(
        "MFA: a code serves twice within its time step",
        MFA,
        {"       AND last_step < %(step)s\n": "       AND %(step)s::bigint > 0\n"},
        "auth/mfa/test_login.py::test_a_code_signs_in_once",
        "200:",
    ),
    Break(
        "MFA: the code that confirmed an app signs in as well",
        MFA,
        {
            "       SET confirmed_at = now(), last_step = %(step)s\n": (
                "       SET confirmed_at = now(), last_step = %(step)s - 1\n"
            )
        },
        "auth/mfa/test_totp.py::test_the_code_that_confirmed_does_not_sign_in_as_well",
        "200:",
    ),
    Break(
        "passkeys: a counter may go back",
        PASSKEYS,
        {"       AND (sign_count < %(sign_count)s OR sign_count = 0 AND %(sign_count)s = 0)\n": ""},
        "auth/passkeys/test_login.py::test_a_counter_that_stands_still_or_goes_back_is_refused",
        "200:",
    ),
    Break(
        "passkeys: a challenge is answered twice",
        PASSKEYS,
        {
            "await onetime_service.spend(conn, purpose=purpose, token=challenge)": (
                "await onetime_service.look_at(conn, purpose=purpose, token=challenge)"
            )
        },
        "auth/passkeys/test_login.py::test_a_challenge_is_answered_once",
        "200:",
    ),
    Break(
        "passkeys: a challenge serves whoever answers it",
        PASSKEYS,
        {
            "    if spent.user_id != user_id or (flow_id": "    if (flow_id",
        },
        "auth/passkeys/test_registering.py::test_a_challenge_is_for_one_passkey_of_one_user",
        "201:",
    ),
    Break(
        "passkeys: any page may ask for one",
        CEREMONIES,
        {
            "            expected_origin=party.origins,\n"
            "            credential_public_key=public_key,\n": (
                "            expected_origin=parse_client_data_json(\n"
                '                base64url_to_bytes(credential["response"]["clientDataJSON"])\n'
                "            ).origin,\n            credential_public_key=public_key,\n"
            )
        },
        "auth/passkeys/test_login.py::test_what_is_not_right_in_every_part_is_refused",
        "200:",
    ),
    Break(
        "passkeys: one need not ask for its user",
        CEREMONIES,
        {
            "            credential_current_sign_count=0,\n"
            "            require_user_verification=True,\n": (
                "            credential_current_sign_count=0,\n"
                "            require_user_verification=False,\n"
            )
        },
        "auth/passkeys/test_login.py::test_what_is_not_right_in_every_part_is_refused",
        "200:",
    ),
    Break(
        "passkeys: somebody else's is a second factor",
        PASSKEYS,
        {"    if user_id is not None and known.user_id != user_id:\n": "    if False:\n"},
        "auth/passkeys/test_login.py::test_the_second_step_takes_no_passkey_of_somebody_else",
        "200:",
    ),
    Break(
        "SSO: an account is linked by an email that nobody has verified",
        SSO,
        {
            "    if account is None or not asserted.is_email_trusted:\n": (
                "    if account is None:\n"
            )
        },
        "auth/sso/test_linking.py::test_nobody_is_linked_on_less",
        "200:",
    ),
    Break(
        "MFA: with new tickets an account may be guessed at for ever",
        MFA,
        {
            "        is_right = is_allowed and await _use_totp": (
                "        is_right = await _use_totp"
            )
        },
        "auth/mfa/test_login.py::test_an_account_takes_five_wrong_codes_in_a_quarter_of_an_hour",
        "200:",
    ),
    Break(
        "MFA: a seed opens wherever it is moved",
        "src/security.py",
        {
            "self._cipher.encrypt(nonce, text, place.encode())": (
                'self._cipher.encrypt(nonce, text, b"")'
            ),
            "rest[_NONCE_BYTES:], place.encode())": 'rest[_NONCE_BYTES:], b"")',
        },
        "auth/mfa/test_login.py::test_a_seed_that_was_moved_to_another_account_does_not_open",
        "200:",
    ),
    Break(
        "operators: one factor is enough",
        "src/auth/platform/dependencies.py",
        {
            "    if settings.admins_need_mfa and not standing.has_second_factor:\n": (
                "    if False:\n"
            )
        },
        "management/test_users.py"
        "::test_without_a_second_factor_a_role_is_worth_nothing_where_one_is_demanded",
        "assert 200 == 403",
    ),
    Break(
        "last login method: it may be taken away",
        "src/auth/service/accounts.py",
        {"    if not await login_methods(conn, user_id=user_id):\n": "    if False:\n"},
        "auth/test_password.py::test_removing_the_only_way_to_sign_in_is_refused",
        "204:",
    ),
    Break(
        "last login method: an identity that is the last one goes",
        SSO,
        {"    await auth_service.demand_login_method(conn, user_id=user_id)\n": ""},
        "auth/sso/test_linking.py::test_the_last_way_to_sign_in_stays",
        "204:",
    ),
    Break(
        "SSO: whoever waits in an account keeps a way in",
        SSO,
        {
            "    if not account.is_email_verified:\n        await _reclaim": (
                "    if False:\n        await _reclaim"
            )
        },
        "auth/sso/test_linking.py"
        "::test_an_account_that_somebody_else_may_have_prepared_is_wiped_first",
        "200:",
    ),
    Break(
        "SSO: an answer to another browser is taken",
        SSO_ROUTER,
        {
            "    if not security.is_equal(answer.state.encode(), flow.state.encode()):\n": (
                "    if False:\n"
            )
        },
        "auth/sso/test_attacks.py"
        "::test_without_its_own_state_an_answer_is_refused_and_the_flow_goes_on",
        r"sso_state_invalid",
    ),
    Break(
        "SSO: an answer serves twice",
        SSO_ROUTER,
        {
            "    if not await service.spend(pools.write.single, provider=provider.id, "
            "nonce=flow.nonce):\n": "    if False:\n"
        },
        "auth/sso/test_attacks.py::test_an_answer_serves_once",
        r"sso_flow_used",
    ),
    Break(
        "SSO: a stolen login code signs in",
        SSO_ROUTER,
        {
            "    if not is_right or pending.mode is not mode:\n": (
                "    if pending.mode is not mode:\n"
            )
        },
        "auth/sso/test_flow.py::test_a_stolen_login_code_is_useless_and_then_dead",
        "20[01]:",
    ),
    Break(
        "SSO: a browser is sent wherever a link says",
        SSO_ROUTER,
        {"    if redirect_to not in settings.sso.redirects:\n": "    if False:\n"},
        "auth/sso/test_attacks.py::test_nobody_is_sent_where_the_settings_do_not_say",
        "'location' not in Headers",
    ),
    Break(
        "SSO: an ID token of another sign-in is taken",
        "src/auth/sso/client/id_token.py",
        {"        and security.is_equal(nonce.encode(), expected.nonce.encode())\n": ""},
        "auth/sso/test_doors.py::test_a_token_of_another_nonce_is_refused",
        "20[01]:",
    ),
]
