"""How defects 26 to 37 come back."""

from tests.defects.breaking import Break

SESSIONS = "src/auth/service/sessions.py"
MAKING = "src/invitations/service/making.py"
ONE_TIME = "src/auth/onetime/service.py"

BREAKS = [
    Break(
        "26: an admin invites an owner",
        MAKING,
        {"    if not all(map(team.my_role.includes, roles)):\n": "    if False:\n"},
        "defects/test_26_no_role_above_ones_own_is_given.py::test_no_role_above_ones_own_is_given",
        "201: ",
    ),
    Break(
        "26: an invitation is changed to a role above one's own",
        MAKING,
        {
            "_check_role(team, current.role, change.role or current.role)": (
                "_check_role(team, current.role)"
            )
        },
        "defects/test_26_no_role_above_ones_own_is_given.py::test_no_role_above_ones_own_is_given",
        "200: ",
    ),
    Break(
        "26: an admin makes a member an owner",
        "src/teams/service/members.py",
        {
            "if not (found.own_role.includes(found.role) and found.own_role.includes(role)):": (
                "if not found.own_role.includes(found.role):"
            )
        },
        "defects/test_26_no_role_above_ones_own_is_given.py::test_no_role_above_ones_own_is_given",
        "200: ",
    ),
    Break(
        "26: what an admin promised holds after the demotion",
        "src/invitations/service/core.py",
        {
            "                WHEN inviter.status = 'active'\n"
            "                     AND (inviting.role = 'owner'\n"
            "                          OR inviting.role = 'admin'\n"
            "                             AND invitation.role <> 'owner'\n"
            "                             AND team.invitations_by = 'admin')\n"
            "                THEN": (
                "                WHEN inviter.status = 'active'\n                THEN"
            )
        },
        "defects/test_26_no_role_above_ones_own_is_given.py"
        "::test_what_was_promised_before_a_demotion_is_not_given",
        "200: ",
    ),
    Break(
        "27: a code is looked for among everybody's",
        ONE_TIME,
        {
            "           used_at = CASE WHEN code_hash = ANY(%(code_hashes)s) THEN now() END\n"
            "     WHERE purpose = %(purpose)s\n       AND target = "
            'casefold(%(target)s COLLATE pg_unicode_fast) COLLATE "default"\n': (
                "           used_at = CASE WHEN code_hash = ANY(%(code_hashes)s) THEN now() END\n"
                "     WHERE purpose = %(purpose)s\n       AND %(target)s::text IS NOT NULL\n"
            )
        },
        "defects/test_27_a_reset_code_alone_is_refused.py",
        "204:",
    ),
    Break(
        "27: a code is taken without an address",
        "src/auth/password/schemas.py",
        {
            "if given not in {(True, False, False), (False, True, True)}:": (
                "if given not in {(True, False, False), (False, True, True), (False, False, True)}:"
            )
        },
        "defects/test_27_a_reset_code_alone_is_refused.py",
        "400: ",
    ),
    Break(
        "28: a code serves every purpose",
        ONE_TIME,
        {
            "           used_at = CASE WHEN code_hash = ANY(%(code_hashes)s) THEN now() END\n"
            "     WHERE purpose = %(purpose)s\n": (
                "           used_at = CASE WHEN code_hash = ANY(%(code_hashes)s) THEN now() END\n"
                "     WHERE %(purpose)s::text IS NOT NULL\n"
            ),
            'b"one-time code", purpose.encode(), code.encode()': 'b"one-time code", code.encode()',
        },
        "defects/test_28_a_secret_of_one_purpose_serves_no_other.py"
        "::test_it_is_refused_by_every_other_consumer",
        r"AssertionError: \('/v1/|== \[\(1,\)\]|assert \[\(",
    ),
    Break(
        "29: a payload may say whom it is about",
        "src/schemas.py",
        {'extra="forbid", hide_input': 'extra="ignore", hide_input'},
        "defects/test_29_the_address_says_whom_a_change_is_for.py",
        "200: ",
    ),
    Break(
        "29: one payload takes what it does not know",
        "src/teams/schemas.py",
        {
            "class OwnershipTransfer(Payload):\n": (
                'class OwnershipTransfer(Payload, extra="ignore"):\n'
            )
        },
        "defects/test_29_the_address_says_whom_a_change_is_for.py"
        "::test_no_payload_of_any_route_takes_a_field_that_it_does_not_know",
        "OwnershipTransfer",
    ),
    Break(
        "30: a request waits for the mail server",
        "src/notifications/service/writing.py",
        {
            "    _check(channel, template, params)\n    message_id": (
                "    _check(channel, template, params)\n"
                '    __import__("time").sleep(0.2)\n    message_id'
            )
        },
        "defects/test_30_a_mail_server_that_hangs_holds_nobody_up.py",
        r"assert 0\.\d+ < 0\.1",
    ),
    Break(
        "31: what is sent is printed",
        "src/notifications/service/sending.py",
        {"    await client.send(\n": "    print(opened)\n    await client.send(\n"},
        "defects/test_31_no_code_is_printed_or_logged.py",
        "CODE|927461",
    ),
    Break(
        "31: what the mail server says is logged",
        "src/notifications/client.py",
        {'_of_code("content", exc.code)': '_of_code(f"content: {exc.message}", exc.code)'},
        "defects/test_31_no_code_is_printed_or_logged.py",
        "927461",
    ),
    Break(
        "32: the database takes any hash",
        "alembic/scripts/2026_11_28_keep_wrapped_hashes.py",
        {"{_RECIPE}\\$argon2id\\$'": "{_RECIPE}\\$argon2id\\$' OR true"},
        "defects/test_32_no_fast_hash_can_be_kept.py::test_the_database_refuses_a_fast_hash",
        "DID NOT RAISE",
    ),
    Break(
        "32: settings may make hashing quick",
        "src/config/authentication.py",
        {
            "memory_kib: Annotated[int, Field(ge=19 * KIB, le=1024 * KIB)]": (
                "memory_kib: Annotated[int, Field(le=1024 * KIB)]"
            )
        },
        "defects/test_32_no_fast_hash_can_be_kept.py::test_settings_cannot_make_it_fast",
        "DID NOT RAISE",
    ),
    Break(
        "33: what is meant is swallowed into a defect",
        "src/problems.py",
        {
            'return from_core_error(request, cast("CoreError", exc))\n': (
                "return internal_error(request)\n"
            )
        },
        "defects/test_33_no_malformed_request_is_answered_by_a_defect.py"
        "::test_what_was_meant_as_a_conflict_or_a_refusal_is_one",
        "500: ",
    ),
    Break(
        "33: a null in a payload is a defect",
        "src/auth/phone/schemas.py",
        {
            "    phone: Annotated[\n        Dialled | None,\n": (
                "    phone: Annotated[\n        str | None,\n        Printable,\n"
            )
        },
        "defects/test_33_no_malformed_request_is_answered_by_a_defect.py"
        "::test_a_malformed_request_is_answered_as_the_document_tells",
        "internal_error",
    ),
    Break(
        "34: a token says whom it is for",
        ONE_TIME,
        {
            "    (token, code), flow_id = _random(), FlowId(uuid7())\n    expires_at": (
                "    (token, code), flow_id = _random(), FlowId(uuid7())\n"
                "    told = __import__('base64').urlsafe_b64encode(target.encode())\n"
                "    token = (TOKEN_PREFIX + told.decode() + token[-43:])[:53]\n    expires_at"
            )
        },
        "defects/test_34_a_token_carries_no_personal_data.py"
        "::test_tokens_of_one_address_have_nothing_in_common",
        r"fullmatch",
    ),
    Break(
        "34: a link says whom it is for",
        "src/auth/links.py",
        {
            "        return self.to(self.pages.confirm_email, token)\n": (
                "        return self.to(self.pages.confirm_email, token) + '&for=annabel'\n"
            )
        },
        "defects/test_34_a_token_carries_no_personal_data.py::test_links_hold_no_address",
        "annabel",
    ),
    Break(
        "35: signing out ends every session",
        SESSIONS,
        {
            "           AND (%(scope)s = 'all' OR (id = %(session_id)s::uuid) = "
            "(%(scope)s = 'current'))\n": (
                "           AND (%(scope)s::text IS NOT NULL OR id = %(session_id)s::uuid)\n"
            )
        },
        "defects/test_35_logging_out_one_browser_leaves_the_others.py"
        "::test_the_other_browser_stays_signed_in_and_refreshes",
        "401",
    ),
    Break(
        "35: signing out without a cookie is a defect",
        "src/auth/router.py",
        {"    if cookie is None:\n        raise exceptions.RefreshInvalid()\n": ""},
        "defects/test_35_logging_out_one_browser_leaves_the_others.py"
        "::test_without_a_cookie_there_is_nobody_to_sign_out",
        "500: ",
    ),
    Break(
        "36: the log has whole addresses",
        "src/problems.py",
        {
            '    return security.without_tokens(raw.decode("latin-1").partition("?")[0])\n': (
                '    return raw.decode("latin-1") + "?" + scope["query_string"].decode("latin-1")\n'
            )
        },
        "defects/test_36_the_log_grows_by_a_line_a_request_without_its_secrets.py",
        "canary",
    ),
    Break(
        "36: the log is written anew with each line",
        "src/lines.py",
        {
            "            self._number = self._open()\n        _write_all(self._number, data)\n": (
                "            self._number = self._open()\n"
                "        before = self._path.read_bytes()\n"
                "        os.ftruncate(self._number, 0)\n"
                "        _write_all(self._number, before + data)\n"
            )
        },
        "defects/test_36_the_log_grows_by_a_line_a_request_without_its_secrets.py",
        r"assert \d+ == \d+",
    ),
    Break(
        "37: a body is read to its end",
        "src/main.py",
        {"            Middleware(BodyLimit, max_body_size=settings.limits.body_bytes),\n": ""},
        "defects/test_37_no_body_is_read_beyond_its_limit_or_taken_for_what_it_is_not.py"
        "::test_no_body_is_read_beyond_its_limit",
        "AssertionError: Operation",
    ),
    Break(
        "37: a questionnaire may come as anything",
        "src/applets/dependencies.py",
        {
            '    elif media in IMPORT_MEDIA or media.endswith("+json"):\n': (
                "    elif media is not None:\n"
            )
        },
        "defects/test_37_no_body_is_read_beyond_its_limit_or_taken_for_what_it_is_not.py"
        "::test_what_is_no_json_is_refused",
        "import_draft",
    ),
    Break(
        "37: the name of a file is taken as it comes",
        "src/applets/importers/reproschema.py",
        {
            'posixpath.basename((filename or "").replace("\\\\", "/")).split(".")[0]': (
                'filename or ""'
            )
        },
        "defects/test_37_no_body_is_read_beyond_its_limit_or_taken_for_what_it_is_not.py"
        "::test_the_name_of_a_file_leads_nowhere",
        r"'..' is contained here|assert not",
    ),
]
