"""Enumeration, limits, repeated requests, the trail: how their rules are lost."""

from tests.defects.breaking import Break

DEPENDENCIES = "src/auth/dependencies.py"
IDEMPOTENCY = "src/idempotency/service.py"

BREAKS = [
    Break(
        "enumeration: signing in says that there is no such account",
        DEPENDENCIES,
        {
            "    if credentials is None or not is_right:\n": (
                "    if credentials is None:\n"
                '        raise exceptions.InvalidCredentials("There is no such account.")\n'
                "    if not is_right:\n"
            )
        },
        "auth/test_login.py::test_an_unknown_account_and_a_wrong_password_get_one_answer",
        "There is no such account",
    ),
    Break(
        "enumeration: signing in says before the password that an account is disabled",
        DEPENDENCIES,
        {
            "    if credentials is None or not is_right:\n": (
                "    if credentials is not None and not credentials.is_active:\n"
                "        raise exceptions.AccountDisabled()\n"
                "    if credentials is None or not is_right:\n"
            )
        },
        "auth/test_login.py::test_only_the_right_password_tells_that_an_account_is_disabled",
        "account_disabled",
    ),
    Break(
        "enumeration: where there is no account, no password is hashed",
        "src/auth/passwords.py",
        {
            "        fits = await self._run(\n": (
                "        fits = hashed is not None and await self._run(\n"
            )
        },
        "auth/test_lockout.py::test_unknown_wrong_and_locked_take_equally_long",
        r"'unknown': 0.0",
    ),
    Break(
        "enumeration: asking for a new password tells whether there is an account",
        "src/auth/password/router.py",
        {
            "    if may_send:\n        await onetime_service.ask(\n": (
                '    users = __import__("src.users.service", fromlist=["service"])\n'
                "    if await users.find_by_email(conn, email=asked.email) is None:\n"
                "        raise InvalidOneTimeToken()\n"
                "    if may_send:\n        await onetime_service.ask(\n"
            )
        },
        "auth/test_recovery.py::test_unknown_and_disabled_addresses_get_the_answer_and_no_mail",
        "400",
    ),
    Break(
        "enumeration: a disabled account is mailed a way in",
        "src/auth/onetime/service.py",
        {"       AND account.status IN ('active', 'pending')\n": ""},
        "auth/test_recovery.py::test_unknown_and_disabled_addresses_get_the_answer_and_no_mail",
        r"contains one more item: 'user",
    ),
    Break(
        "enumeration: a private service tells who has signed up",
        "src/auth/signup/router.py",
        {
            "        signing.response.status_code = status.HTTP_202_ACCEPTED\n": (
                "        if signup.known is not None:\n"
                "            raise users_exceptions.EmailTaken()\n"
                "        signing.response.status_code = status.HTTP_202_ACCEPTED\n"
            )
        },
        "auth/test_signup_by_mail.py"
        "::test_a_private_service_answers_alike_for_known_and_new_addresses",
        "409",
    ),
    Break(
        "enumeration: a phone number tells that somebody has it",
        "src/auth/phone/service.py",
        {
            "    user = await users_service.get(conn, user_id=user_id)\n    issued": (
                "    await _keep(conn, user_id=user_id, number=number.e164)\n"
                "    user = await users_service.get(conn, user_id=user_id)\n    issued"
            )
        },
        "auth/phone/test_router.py::test_asking_tells_nothing_of_who_has_the_number",
        "409",
    ),
    Break(
        "enumeration: guessing at no account is never slowed down",
        "src/auth/lockout/service.py",
        {
            "    counted = await _attempted(pools, keys[:1] if counts_alone else keys)\n": (
                '    counted = await _attempted(pools, keys) if user_id is not None else b""\n'
            )
        },
        "auth/test_lockout.py::test_an_account_that_is_none_looks_like_one",
        r"contains one more item",
    ),
    Break(
        "lockout: the right password is taken however many wrong ones came",
        "src/auth/lockout/service.py",
        {"    if counted is None or not is_password:\n": "    if not is_password:\n"},
        "auth/test_lockout.py"
        "::test_after_many_in_a_row_the_password_is_no_way_in_until_it_is_reset",
        r"200:",
    ),
    Break(
        "lockout: who keeps trying locks somebody else out for longer and longer",
        "src/auth/lockout/service.py",
        {
            "     WHERE login_attempt.free_at <= statement_timestamp()\n": (
                "     WHERE login_attempt.free_at IS NOT NULL\n"
            )
        },
        "auth/test_lockout.py::test_attempts_that_come_too_soon_make_nothing_worse",
        r"datetime",
    ),
    Break(
        "limits: who comes too often is let through",
        "src/limits/service.py",
        {"    if not finding.is_allowed:\n        raise": "    if False:\n        raise"},
        "limits/test_routes.py::test_sign_ins_are_counted_by_address",
        "200:",
    ),
    Break(
        "limits: a 429 does not say when to come back",
        "src/limits/exceptions.py",
        {
            'cls(headers={"Retry-After": str(max(1, math.ceil(seconds)))})': (
                "cls(headers={}) if math.ceil(seconds) else cls()"
            )
        },
        "limits/test_routes.py::test_sign_ins_are_counted_by_address",
        "retry-after",
    ),
    Break(
        "limits: a caller says which address it has",
        DEPENDENCIES,
        {
            '    ip = request.client.host if request.client else ""\n': (
                '    ip = request.headers.get("x-forwarded-for")'
                ' or (request.client.host if request.client else "")\n'
            )
        },
        "limits/test_routes.py::test_what_a_caller_says_of_his_address_does_not_help",
        "429",
    ),
    Break(
        "idempotency: a request that is repeated is done again",
        IDEMPOTENCY,
        {"    if held:\n": "    if held or True:\n"},
        "idempotency/test_replay.py::test_the_same_request_is_done_once_and_answered_alike",
        r"Differing items",
    ),
    Break(
        "idempotency: a key answers for another request",
        IDEMPOTENCY,
        {"    if not is_equal(kept.fingerprint, asked.fingerprint):\n": "    if False:\n"},
        "idempotency/test_replay.py::test_a_key_is_for_one_request",
        "20[01]:",
    ),
    Break(
        "idempotency: a key of one caller answers another",
        "src/idempotency/middleware.py",
        {"for part in (caller, route.name, origin)]": "for part in (route.name, origin)]"},
        "idempotency/test_replay.py::test_keys_of_different_callers_and_operations_are_different",
        r"True = is_replay",
    ),
    Break(
        "idempotency: a request is done beside the one that is under way",
        IDEMPOTENCY,
        {"            AND idempotency.held_until <= statement_timestamp()\n": ""},
        "idempotency/test_replay.py::test_a_request_that_is_under_way_is_not_done_beside_it",
        r"201:",
    ),
    Break(
        "audit: a new password leaves no line",
        "src/auth/password/service.py",
        {"    await _record(conn, Action.PASSWORD_RESET, user_id, {})\n": ""},
        "auth/test_recovery.py::test_the_owner_is_told_and_it_is_written_down",
        r"At index 0 diff: \('session.revoked'|Right contains one more item",
    ),
    Break(
        "audit: a trail may be rewritten",
        "alembic/scripts/2026_11_21_keep_what_is_published.py",
        {'    "audit_event",\n': ""},
        "management/test_trail.py::test_nobody_changes_what_was_written",
        "DID NOT RAISE",
    ),
    Break(
        "invitations: one that names an address lets anybody in",
        "src/invitations/service/answering.py",
        {
            "    if not await _is_addressee(conn, user_id=user_id, invitation_id=found.id):\n": (
                "    if False:\n"
            )
        },
        "invitations/test_answering.py::test_an_email_lets_its_account_in_and_no_other",
        "200:",
    ),
    Break(
        "limits: an address is mailed as often as anybody likes",
        "src/limits/service.py",
        {"        (Rule.MAIL_ADDRESS_MINUTE, to),\n": ""},
        "auth/test_verification.py"
        "::test_within_a_minute_nothing_more_is_sent_and_the_first_link_lives",
        "too many values to unpack",
    ),
    Break(
        "idempotency: an answer is given to who may not ask",
        DEPENDENCIES,
        {
            "    if principal is None or principal.id != claims.user_id:\n        return None\n"
            "    return str(principal.id)\n": "    return str(claims.user_id)\n"
        },
        "idempotency/test_replay.py::test_nobody_is_given_an_answer_who_may_not_ask",
        r"assert 201 == 401|True = is_replay",
    ),
    Break(
        "audit: what is done is written down on its own",
        "src/auth/password/service.py",
        {"async def remove(conn: Transaction, ": "async def remove(conn: Connection, "},
        "contracts/test_transactions.py::test_writes_that_belong_together_share_a_transaction",
        "password.service.remove",
    ),
    Break(
        "mail: a link may lead where the sender of the request says",
        "src/config/settings.py",
        {
            "        if self.mailing.mail.is_given and not self.environment.is_relaxed"
            " and not self.public_url:\n": "        if False:\n"
        },
        "core/test_settings.py::test_a_service_that_mails_links_knows_where_it_is",
        "DID NOT RAISE",
    ),
    Break(
        "secrecy: the log has the numbers that were sent",
        "src/auth/phone/dependencies.py",
        {
            "from typing import Annotated\n": "import logging\nfrom typing import Annotated\n",
            "    number = numbers.read(": (
                '    logging.getLogger("core_api.phone").warning("asked: %s", sent.phone)\n'
                "    number = numbers.read("
            ),
        },
        "secrecy/test_canaries.py::test_no_secret_turns_up_where_it_does_not_belong",
        "the log",
    ),
    Break(
        "secrecy: a refusal repeats the number that was sent",
        "src/auth/phone/numbers.py",
        {
            '        raise _invalid(pointer, "invalid_phone", "There is no such number.")\n': (
                '        raise _invalid(pointer, "invalid_phone", f"There is no {sent.phone}.")\n'
            )
        },
        "secrecy/test_canaries.py::test_no_secret_turns_up_where_it_does_not_belong",
        "problems",
    ),
]
