"""How defects 1 to 13 come back."""

from tests.defects.breaking import Break

SESSIONS = "src/auth/service/sessions.py"
ONE_TIME = "src/auth/onetime/service.py"

BREAKS = [
    Break(
        "1: a secret of another purpose is taken",
        ONE_TIME,
        {
            "SET used_at = now()\n     WHERE purpose = %(purpose)s": (
                "SET used_at = now()\n     WHERE %(purpose)s::text IS NOT NULL"
            )
        },
        "defects/test_01_every_kind_of_token_is_refused_by_every_other_consumer.py",
        "is taken as",
    ),
    Break(
        "1: any secret is a device's",
        "src/devices/service.py",
        {
            "     WHERE device.secret_hash = %(sent_hash)s\n    RETURNING": (
                "     WHERE %(sent_hash)s::bytea IS NOT NULL\n    RETURNING"
            )
        },
        "defects/test_01_every_kind_of_token_is_refused_by_every_other_consumer.py"
        "::test_every_kind_of_token_is_refused_by_every_other_consumer",
        "is taken as device: registering",
    ),
    Break(
        "1: a route asks for a secret of another purpose",
        "src/auth/mfa/router.py",
        {
            "    ticket = await onetime_service.find(conn, purpose=Purpose.MFA, ": (
                "    ticket = await onetime_service.find(conn, purpose=Purpose.MAGIC_LINK, "
            )
        },
        "defects/test_01_every_kind_of_token_is_refused_by_every_other_consumer.py"
        "::test_where_it_belongs_it_is_taken",
        "assert False",
    ),
    Break(
        "2: only 72 bytes of a token are hashed",
        "src/security.py",
        {
            'return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()': (
                'return hashlib.sha256(token.encode("utf-8", "surrogatepass")[:72]).digest()'
            )
        },
        "defects/test_02_a_token_is_compared_to_its_last_character.py"
        "::test_one_that_differs_after_byte_72_alone_is_refused",
        "DID NOT RAISE",
    ),
    Break(
        "3: whether the link's token is right is looked at, and not minded",
        ONE_TIME,
        {
            "       AND token_hash = %(token_hash)s\n       AND used_at IS NULL\n"
            "       AND expires_at > now()": (
                "       AND length(%(token_hash)s::bytea) = 32\n       AND used_at IS NULL\n"
                "       AND expires_at > now()"
            )
        },
        "defects/test_03_a_token_that_was_never_issued_verifies_nothing.py",
        r"204:.*email/verify\]",
    ),
    Break(
        "4: a code's end is compared with the end of one that begins now",
        ONE_TIME,
        {"AND code_expires_at > now()": "AND code_expires_at < now() + interval '10 minutes'"},
        "defects/test_04_a_phone_code_expires.py",
        "204:",
    ),
    Break(
        "5: a code may be tried for ever",
        ONE_TIME,
        {
            "AND attempts < %(tries)s\n       AND code_expires_at": (
                "AND %(tries)s::int > 0\n       AND code_expires_at"
            )
        },
        "defects/test_05_a_phone_code_takes_five_tries.py"
        "::test_the_sixth_try_is_refused_even_if_it_is_right",
        "204:",
    ),
    Break(
        "5: a code has four digits",
        "src/auth/onetime/constants.py",
        {"CODE_DIGITS = 6": "CODE_DIGITS = 4"},
        "defects/test_05_a_phone_code_takes_five_tries.py"
        "::test_the_sixth_try_is_refused_even_if_it_is_right",
        r"\(4, True\)",
    ),
    Break(
        "6: a number may be several users'",
        "alembic/scripts/2026_11_28_create_phones.py",
        {'sa.UniqueConstraint("number", name=op.f("phone_number_key")),': ""},
        "defects/test_06_a_phone_number_has_one_user.py",
        r"Counter\(\{\(204, ''\): 50\}\)",
    ),
    Break(
        "7: nobody asks which app Facebook's token was made for",
        "src/auth/sso/client/facebook.py",
        {'            and data.get("app_id") == self.settings.client_id\n': ""},
        "defects/test_07_a_facebook_token_of_another_app_signs_nobody_in.py"
        "::test_a_token_that_is_not_its_users_for_this_app_is_refused",
        "201: ",
    ),
    Break(
        "7: Facebook is believed about emails",
        "src/auth/sso/client/facebook.py",
        {"is_email_trusted=False,": "is_email_trusted=True,"},
        "defects/test_07_a_facebook_token_of_another_app_signs_nobody_in.py"
        "::test_an_email_of_facebooks_links_nobody",
        "200: ",
    ),
    Break(
        "8: a provider needs no client id",
        "src/config/sso.py",
        {"client_id: Annotated[str, Field(min_length=1)]\n": 'client_id: str = ""\n'},
        "defects/test_08_a_provider_without_a_client_id_does_not_start.py"
        "::test_start_refuses_a_provider_without_a_client_id",
        "DID NOT RAISE",
    ),
    Break(
        "8: an ID token may be for anybody",
        "src/auth/sso/client/id_token.py",
        {
            "        and audiences & expected.audiences\n": "",
            "        and audiences <= expected.audiences\n": "",
        },
        "defects/test_08_a_provider_without_a_client_id_does_not_start.py"
        "::test_a_token_for_somebody_else_is_refused",
        "201: ",
    ),
    Break(
        "8: a provider takes the date of verification back",
        "src/auth/sso/service.py",
        {
            "    return known.user_id if known is not None else None\n": (
                "    if known is not None and not asserted.is_email_trusted:\n"
                "        await _unverify(conn, user_id=known.user_id)\n"
                "    return known.user_id if known is not None else None\n"
            ),
            '@sql(\n    """\n    UPDATE identity\n': (
                '@sql("UPDATE account SET email_verified_at = NULL WHERE id = %(user_id)s")\n'
                "async def _unverify(conn: Transaction, *, user_id: UserId) -> int: ...\n\n\n"
                '@sql(\n    """\n    UPDATE identity\n'
            ),
        },
        "defects/test_08_a_provider_without_a_client_id_does_not_start.py"
        "::test_what_was_verified_stays_so",
        "assert None ==",
    ),
    Break(
        "9: a first password is compared with none",
        "src/auth/password/dependencies.py",
        {
            "    if own.hash is not None:\n        current": "    if True:\n        current",
        },
        "defects/test_09_a_first_password_can_be_set.py",
        "assert 401 == 204",
    ),
    Break(
        "10: a device registers anew without its secret",
        "src/devices/service.py",
        {
            "     WHERE device.secret_hash = %(sent_hash)s\n    RETURNING": (
                "     WHERE device.secret_hash = %(sent_hash)s OR true\n    RETURNING"
            )
        },
        "defects/test_10_a_device_cannot_be_taken_over.py"
        "::test_an_anonymous_call_neither_re_tokens_nor_wakes_a_bound_device",
        "200: ",
    ),
    Break(
        "10: a device is bound to whoever names it",
        "src/devices/service.py",
        {
            "        OR device.secret_hash = %(sent_hash)s\n    RETURNING name": (
                "        OR device.secret_hash = %(sent_hash)s OR true\n    RETURNING name"
            )
        },
        "defects/test_10_a_device_cannot_be_taken_over.py"
        "::test_another_user_does_not_get_the_device",
        "200: ",
    ),
    Break(
        "10: registering wakes a device",
        "src/devices/service.py",
        {
            "       SET type = excluded.type,\n           app_version": (
                "       SET type = excluded.type, is_active = true,\n           app_version"
            )
        },
        "defects/test_10_a_device_cannot_be_taken_over.py"
        "::test_not_even_the_device_itself_wakes_whom_its_user_has_silenced",
        "True",
    ),
    Break(
        "11: an access token outlives its session",
        SESSIONS,
        {
            "           session.aal\n      FROM session\n"
            "      JOIN account ON account.id = session.account_id\n"
            "     WHERE session.id = ANY(%(session_ids)s)\n"
            "       AND session.revoked_at IS NULL\n": (
                "           session.aal\n      FROM session\n"
                "      JOIN account ON account.id = session.account_id\n"
                "     WHERE session.id = ANY(%(session_ids)s)\n"
            )
        },
        "defects/test_11_a_token_is_refused_right_after_logout.py",
        "200: ",
    ),
    Break(
        "12: a header is taken apart without a look",
        "src/auth/dependencies.py",
        {
            'scheme, _, text = header.decode("latin-1").partition(" ")': (
                'scheme, text = header.decode("latin-1").split(" ")'
            )
        },
        "defects/test_12_any_authorization_header_gets_401.py::test_an_odd_header_gets_401",
        "500: ",
    ),
    Break(
        "13: a mismatch is not caught",
        "src/auth/passwords.py",
        {
            "except (VerificationError, HashingError, LookupError, ValueError):": (
                "except (HashingError, LookupError, ValueError):"
            )
        },
        "defects/test_13_a_wrong_password_gets_401.py",
        "500: ",
    ),
]
