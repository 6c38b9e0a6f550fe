"""What others have prepared or stolen: how they keep it."""

from tests.defects.breaking import Break

EMAIL_CHANGE = "src/auth/email_change/service.py"

BREAKS = [
    Break(
        "unproven: a reset leaves what somebody else has prepared",
        "src/auth/password/service.py",
        {
            "        await ways_in.forget_unproven(conn, user_id=user_id)\n": "        pass\n",
        },
        "auth/test_prepared_accounts.py"
        "::test_who_proves_the_mailbox_finds_nothing_that_was_prepared",
        r"KeyError: 'tokens'",
    ),
    Break(
        "unproven: a second factor of somebody else allows a short password",
        "src/auth/password/service.py",
        {
            "    if not await users_service.is_verified("
            "conn, user_id=found.user_id, email=found.target):\n": "    if False:\n"
        },
        "auth/test_prepared_accounts.py::test_a_prepared_second_factor_allows_no_short_password",
        "minlength",
    ),
    Break(
        "email: taking a change back leaves keys from since then",
        EMAIL_CHANGE,
        {"await ways_in.forget_since(conn, user_id=user.id, since=spent.created_at)\n": "0\n"},
        "auth/test_email_change.py::test_taking_it_back_leaves_only_ways_in_from_before_it",
        "200:",
    ),
    Break(
        "email: taking a change back leaves a deletion",
        EMAIL_CHANGE,
        {"    await auth_service.restore_account(conn, user_id=user.id)\n": ""},
        "auth/test_email_change.py::test_a_deletion_after_the_change_is_taken_back_with_it",
        "assert 403 == 200",
    ),
    Break(
        "email: taking a change back undoes what an operator has decided",
        "src/management/service/users.py",
        {"days=days, by_owner=False)": "days=days, by_owner=True)"},
        "auth/test_email_change.py::test_a_deletion_by_an_operator_is_not_taken_back",
        "204:",
    ),
    Break(
        "devices: one that was only bound is known",
        "src/devices/service.py",
        {"\n                      AND signed_in_at IS NOT NULL)": ")"},
        "auth/test_lockout_of_devices.py::test_a_device_that_was_only_bound_is_not_known",
        "200:",
    ),
    Break(
        "devices: one that its owner signed in on is known by the secret that it is told later",
        "src/devices/service.py",
        {"WHEN %(signs_in)s AND device.secret_hash = %(sent_hash)s THEN": "WHEN %(signs_in)s THEN"},
        "auth/test_lockout_of_devices.py::test_a_device_that_was_only_bound_is_not_known",
        "200:",
    ),
    Break(
        "sign-up: a link brings strangers into a team",
        "src/invitations/service/signing_up.py",
        {
            " or names is None:\n            return None\n        if names.casefold()": (
                ":\n            return None\n        if names and names.casefold()"
            )
        },
        "auth/test_signup_by_invitation.py"
        "::test_a_link_of_a_stranger_brings_nobody_into_their_team",
        r"\['editor'\] == \[\]",
    ),
    Break(
        "sign-up: asking again drops the invitation",
        "src/auth/signup/service.py",
        {'    invited = invited or (before or {}).get("invited")\n': ""},
        "auth/test_signup_by_invitation.py::test_who_asks_again_without_the_token_is_invited_still",
        r"\[\] == \['editor'\]",
    ),
    Break(
        "CAPTCHA: what a client sends can make the vendor fail",
        "src/auth/captcha/client.py",
        {"return Outcome.NO_ANSWER if is_theirs else Outcome.REFUSED": "return Outcome.NO_ANSWER"},
        "auth/test_captcha.py::test_nobody_gets_past_by_what_the_vendor_cannot_read",
        "200:",
    ),
]
